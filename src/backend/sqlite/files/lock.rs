use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use diesel_tenants_translate::SchemaName;

use super::{FileError, Folder, identity, patience::Patience};
use crate::backend::random::random;

const ENDING: &str = ".lock";

/// Before the ending of a lock on what the directory says. No tenant's file has a dot in its name.
const ENTRY: &str = ".entry";

/// Before the ending of a file that is being received, and of the lock on it.
pub(super) const IMPORT: &str = ".import";

/// The shortest and the longest time between two attempts.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];

/// How long an operation or a migration waits for another one of the same file, and for connections that write to it.
pub(crate) const FILE_LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The right to change the files of some tenants as a whole. One operation at a time has it, in all processes.
///
/// It is a lock on a file beside the tenants'. The system releases it, however the process ends.
#[must_use = "the lock is released at once"]
#[derive(Debug)]
pub(crate) struct TenantLock {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    /// Locked until it is closed.
    _file: File,
}

impl Folder {
    /// Locks some tenants. The purpose is shown to whoever waits in vain.
    pub(crate) fn lock(
        &self,
        purpose: &'static str,
        tenants: &[&SchemaName],
        wait: Duration,
    ) -> Result<TenantLock, FileError> {
        self.lock_each(purpose, tenants, "", wait)
    }

    /// Locks what the directory says of some tenants, for an operation of several steps. Each step on their files takes
    /// the tenants' locks as well.
    pub(crate) fn lock_entries(&self, tenants: &[&SchemaName], wait: Duration) -> Result<TenantLock, FileError> {
        self.lock_each("directory", tenants, ENTRY, wait)
    }

    /// Locks a new name, which no other file has, for a file that is only for the moment.
    pub(super) fn lock_scratch(&self) -> Result<(String, TenantLock), FileError> {
        let stem = format!("scratch.{:016x}", random());
        let held = self.lock_stem("compare", &stem, Patience::of(Duration::ZERO))?;
        Ok((stem, TenantLock { held: vec![held] }))
    }

    /// Locks the import of a tenant, while its file is being received.
    pub(super) fn lock_import(&self, tenant: &SchemaName, wait: Duration) -> Result<TenantLock, FileError> {
        self.lock_each("import", &[tenant], IMPORT, wait)
    }

    fn lock_each(
        &self,
        purpose: &'static str,
        tenants: &[&SchemaName],
        ending: &str,
        wait: Duration,
    ) -> Result<TenantLock, FileError> {
        let mut stems = tenants
            .iter()
            .map(|tenant| Ok(self.stem_of(tenant)? + ending))
            .collect::<Result<Vec<_>, FileError>>()?;
        // Always in the same order, so that two operations never wait for each other.
        stems.sort();
        stems.dedup();
        let patience = Patience::of(wait);
        let mut lock = TenantLock { held: Vec::new() };
        for stem in stems {
            lock.held.push(self.lock_stem(purpose, &stem, patience)?);
        }
        Ok(lock)
    }

    /// Locks the shared schema's file.
    pub(crate) fn lock_shared(&self, purpose: &'static str, wait: Duration) -> Result<TenantLock, FileError> {
        let stem = super::file_name::stem(self.shared().as_str())?;
        let held = self.lock_stem(purpose, &stem, Patience::of(wait))?;
        Ok(TenantLock { held: vec![held] })
    }

    /// Locks the owner of a file by the name of the file, unless another operation has the lock.
    pub(super) fn try_lock_stem(&self, stem: &str) -> Result<Option<TenantLock>, FileError> {
        match self.lock_stem("sweep", stem, Patience::of(Duration::ZERO)) {
            Ok(held) => Ok(Some(TenantLock { held: vec![held] })),
            Err(FileError::Locked { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names of the files that have a lock file, each without its ending.
    pub(super) fn lock_files(&self) -> Result<Vec<String>, FileError> {
        let folder = self.lock_folder();
        let unreadable = |error| FileError::io("list", &folder, error);
        let mut stems = Vec::new();
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            stems.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(ENDING))
                    .map(str::to_owned),
            );
        }
        Ok(stems)
    }

    fn lock_stem(&self, purpose: &'static str, stem: &str, patience: Patience) -> Result<Held, FileError> {
        let path = self.lock_folder().join([stem, ENDING].concat());
        let [mut pause, longest] = PAUSES;
        loop {
            match attempt(&path) {
                Ok(Some(mut file)) => {
                    // For the error of whoever waits; the lock holds without it.
                    let _ = file.set_len(0);
                    let _ = write!(file, "process {}: {purpose}", std::process::id());
                    return Ok(Held { path, _file: file });
                }
                Ok(None) if patience.is_over() => {
                    return Err(FileError::Locked {
                        holder: holder(&path),
                        lock: path,
                        waited: patience.wait(),
                    });
                }
                Ok(None) => {
                    patience.pause(pause);
                    pause = (pause * 2).min(longest);
                }
                Err(error) => return Err(FileError::io("lock", &path, error)),
            }
        }
    }
}

/// Locks a file, if nobody has it locked.
fn attempt(path: &Path) -> io::Result<Option<File>> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // The holder before may have removed the file between the two calls: that lock keeps nobody away.
    let is_at_path = identity::identity_of(path)? == Some(identity::of(&file.metadata()?));
    Ok(is_at_path.then_some(file))
}

fn holder(path: &Path) -> String {
    let mut text = String::new();
    // The lock is on the file as a whole, and does not keep others from reading it on Unix.
    let read = File::open(path).and_then(|file| file.take(100).read_to_string(&mut text));
    read.map_or_else(|_| String::new(), |_| text)
}

impl Drop for Held {
    fn drop(&mut self) {
        // Elsewhere a file can't be removed while it is open, and stays.
        if cfg!(unix) {
            // A lock file that stays does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use super::{super::testing::folder, *};

    #[test]
    fn one_operation_at_a_time_whatever_order_the_tenants_come_in() {
        let (_guard, folder) = folder();
        let [one, two]: [SchemaName; 2] = ["client1", "client2"].map(|name| name.parse().unwrap());
        let inside = AtomicUsize::new(0);
        thread::scope(|scope| {
            for worker in 0..8 {
                let (folder, inside, one, two) = (&folder, &inside, &one, &two);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let names = if worker % 2 == 0 { [one, two] } else { [two, one] };
                        let _lock = folder.lock("test", &names, Duration::from_secs(60)).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        let left = fs::read_dir(folder.lock_folder()).unwrap();
        let is_tenants = |name: &str| name.ends_with(ENDING);
        let mut left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert_eq!(left.find(|name| is_tenants(name)), None);
    }

    #[test]
    fn whoever_waits_in_vain_learns_who_has_the_lock() {
        let (_guard, folder) = folder();
        let tenant: SchemaName = "client1".parse().unwrap();
        let _lock = folder.lock("migrate", &[&tenant], Duration::ZERO).unwrap();
        let error = folder
            .lock("drop", &[&tenant], Duration::from_millis(20))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("after 20ms another operation still held ")
                && error.ends_with(&format!("client1.lock (process {}: migrate)", std::process::id())),
            "{error}"
        );
    }
}
