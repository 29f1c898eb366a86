use std::{
    error::Error,
    fmt, fs, io,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::OnceCell;

use crate::{FolderError, StartError, directory, watchdog::Watchdog};

/// For connections that are closing: a pool closes them on threads of their own.
const PATIENCE: Duration = Duration::from_secs(10);

/// What prepares a [`FolderTemplate`]: a function from the path of an empty folder.
pub type PrepareFolder = fn(PathBuf) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// A folder for one test, such as one of SQLite's files. It is removed with this value, or when the process ends,
/// however that ends.
#[derive(Debug)]
pub struct TestFolder {
    path: PathBuf,
}

impl TestFolder {
    /// Makes an empty folder, in memory where there is room.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn new() -> Result<Self, FolderError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let path = root()?.join(COUNT.fetch_add(1, Ordering::Relaxed).to_string());
        match fs::create_dir(&path) {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(FolderError::Io {
                attempt: format!("make the folder {}", path.display()),
                source,
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the folder until the process ends.
    pub fn keep(self) -> PathBuf {
        ManuallyDrop::new(self).path.clone()
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        // What can't be removed now goes when the process ends.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The folder that all folders of this process are in.
fn root() -> Result<&'static Path, FolderError> {
    static ROOT: OnceLock<Result<(PathBuf, Watchdog), StartError>> = OnceLock::new();
    match ROOT.get_or_init(directory::create) {
        Ok((root, _)) => Ok(root),
        Err(source) => Err(FolderError::NoRoot { source }),
    }
}

/// A folder that is prepared once for each process, and copied for each test: [`TestTemplate`](crate::TestTemplate) for
/// databases that are files.
///
/// ```
/// use diesel_tenants_test_support::FolderTemplate;
///
/// static STORE: FolderTemplate = FolderTemplate::new(|path| Box::pin(async move {
///     std::fs::write(path.join("users"), "Ada")?;
///     Ok(())
/// }));
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let folder = STORE.folder().await?;
/// assert_eq!(std::fs::read_to_string(folder.path().join("users"))?, "Ada");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FolderTemplate {
    prepare: PrepareFolder,
    prepared: OnceCell<TestFolder>,
}

impl FolderTemplate {
    /// A template that `prepare` fills, when the first folder is asked for. It must leave no connection to SQLite open.
    pub const fn new(prepare: PrepareFolder) -> Self {
        Self {
            prepare,
            prepared: OnceCell::const_new(),
        }
    }

    /// A copy of the template, for one test. It is removed with the returned value.
    ///
    /// # Errors
    ///
    /// If `prepare` fails, or leaves connections open; if the operating system refuses to copy. The next call tries
    /// again.
    pub async fn folder(&self) -> Result<TestFolder, FolderError> {
        let template = self.prepared.get_or_try_init(|| self.prepare()).await?;
        let folder = TestFolder::new()?;
        copy(template.path(), folder.path()).map_err(|source| FolderError::Io {
            attempt: format!("copy the template to {}", folder.path().display()),
            source,
        })?;
        Ok(folder)
    }

    async fn prepare(&self) -> Result<TestFolder, FolderError> {
        let folder = TestFolder::new()?;
        let prepared = (self.prepare)(folder.path().to_owned()).await;
        prepared.map_err(|source| FolderError::Prepare { source })?;
        closed(folder.path())?;
        Ok(folder)
    }
}

impl fmt::Debug for FolderTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let template = self.prepared.get().map(TestFolder::path);
        f.debug_struct("FolderTemplate")
            .field("template", &template)
            .finish_non_exhaustive()
    }
}

/// Waits until no file is written to: the last connection to a file of SQLite removes its log. Before that, file and
/// log are copied at different moments.
fn closed(folder: &Path) -> Result<(), FolderError> {
    let begun = Instant::now();
    loop {
        let log = open_log(folder).map_err(|source| FolderError::Io {
            attempt: format!("look through {}", folder.display()),
            source,
        })?;
        match log {
            None => return Ok(()),
            Some(log) if begun.elapsed() > PATIENCE => return Err(FolderError::InUse { log }),
            Some(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn open_log(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_log = path.as_os_str().as_encoded_bytes().ends_with(b"-wal");
        if is_log {
            return Ok(Some(path));
        }
        if path.is_dir()
            && let Some(log) = open_log(&path)?
        {
            return Ok(Some(log));
        }
    }
    Ok(None)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => {
                fs::create_dir(&copied)?;
                copy(&entry.path(), &copied)?;
            }
            false => drop(fs::copy(entry.path(), &copied)?),
        }
    }
    Ok(())
}
