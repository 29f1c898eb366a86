//! The options of a pool for SQLite, and the pool that is built by them.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use super::{
    Sqlite, SqlitePool,
    idle::{Idle, KeepsIdle},
    known_files::KnownFiles,
    permits::Permits,
    watch::watch,
};
use crate::{
    SchemaName,
    backend::sqlite::{STATE_TABLE, files::Folder},
    pool::{
        BuildError, Database, SqliteError, TenantDirectory, TenantPool, connections::Shares, options::Options,
        remembered_directory::RememberedDirectory, tenant_pool::Inner,
    },
    signals::Counters,
    tenancy::{DirectoryCache, LifecycleHooks},
    translate::SchemaTranslateMap,
};

/// A folder with a file of SQLite for each tenant, and one for the shared schema.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::{SqliteFolder, TenantPool};
///
/// let pool = TenantPool::builder(SqliteFolder::new("data")).max_size(16).build().await?;
/// # Ok(())
/// # }
/// ```
///
/// It can also be read from a URL: `"sqlite:data".parse::<SqliteFolder>()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteFolder(PathBuf);

impl SqliteFolder {
    /// The folder at this path. It must exist when the pool is built, unless the builder
    /// [creates](SqlitePoolBuilder::create_folder) it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// The text is not a URL of a folder of SQLite: it should look like `sqlite:data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a folder of SQLite is given as sqlite:PATH")]
pub struct NotSqliteUrl;

impl FromStr for SqliteFolder {
    type Err = NotSqliteUrl;

    fn from_str(url: &str) -> Result<Self, NotSqliteUrl> {
        let path = url.strip_prefix("sqlite:").ok_or(NotSqliteUrl)?;
        // Two slashes begin a host, which a folder has not; three begin an absolute path.
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(NotSqliteUrl),
            path => Ok(Self::new(path)),
        }
    }
}

impl Database for SqliteFolder {
    type Builder = SqlitePoolBuilder;

    fn into_builder(self) -> SqlitePoolBuilder {
        SqlitePoolBuilder::new(self.0)
    }
}

/// Options of a pool whose tenants are files of SQLite.
#[must_use = "a builder does nothing until `build`"]
pub struct SqlitePoolBuilder {
    path: PathBuf,
    create_folder: bool,
    max_size: usize,
    max_idle: usize,
    /// See [`SqlitePool::others_idle`].
    others_idle: Option<Arc<dyn KeepsIdle>>,
    busy_timeout: Duration,
    options: Options,
    schema_map: SchemaTranslateMap,
    pub(super) hooks: Option<Arc<dyn LifecycleHooks>>,
    pub(super) directory: Option<Arc<dyn TenantDirectory<Sqlite>>>,
    pub(super) directory_cache: DirectoryCache,
    pub(super) reuse_after: Option<Duration>,
    /// The directory to use if the shared file has a directory's tables.
    pub(super) directory_if_found: Option<Arc<dyn TenantDirectory<Sqlite>>>,
}

impl SqlitePoolBuilder {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            create_folder: false,
            max_size: 10,
            max_idle: 32,
            others_idle: None,
            busy_timeout: Duration::from_secs(5),
            options: Options::default(),
            schema_map: SchemaTranslateMap::new(),
            hooks: None,
            directory: None,
            directory_cache: DirectoryCache::default(),
            reuse_after: None,
            directory_if_found: None,
        }
    }

    /// Creates the folder if it is missing, with all folders above it. Default: a missing folder is an error.
    pub fn create_folder(self) -> Self {
        Self {
            create_folder: true,
            ..self
        }
    }

    /// The largest number of connections in use at a time. Default: 10.
    pub fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// How many connections are kept open when they are not in use, each for one tenant. Default: 32.
    ///
    /// A tenant without an idle connection gets a new one. Each connection, idle or in use, takes up to 5 file handles:
    /// the defaults stay below 256.
    pub fn max_idle(self, max_idle: usize) -> Self {
        Self { max_idle, ..self }
    }

    /// How long a checkout waits for a connection. Default: 30 seconds.
    pub fn wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.options.wait_timeout = Some(wait_timeout);
        self
    }

    /// How long a statement waits for another connection that writes to the same file. Default: 5 seconds.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }

    /// How many connections one tenant may have in use at a time, at least one, so that no tenant takes them all.
    /// Default: all.
    pub fn max_per_tenant(mut self, max_per_tenant: usize) -> Self {
        self.options.max_per_tenant = Some(max_per_tenant.max(1));
        self
    }

    /// The name of the shared schema, which is also that of its file. Default: `public`.
    pub fn shared_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.shared_schema = schema.into();
        self
    }

    /// A schema that stands for the tenant's, in `table! { tenant.orders … }` for instance. See
    /// [`SchemaTranslateMap::with_symbolic`]. [`in_schema`](crate::TranslateDsl::in_schema) does not know it. Default:
    /// none.
    pub fn symbolic_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.symbolic_schema = Some(schema.into());
        self
    }

    /// The map of [`TenantPool::get`]. Default: an empty one, for pinned tables only.
    pub fn schema_map(self, map: SchemaTranslateMap) -> Self {
        Self {
            schema_map: map,
            ..self
        }
    }

    /// For how many maps it is remembered that their tenant is active, and how long. Changes by this process are seen
    /// at once, and a file that was replaced is always noticed; that another process suspended a tenant is noticed
    /// after this time. Default: 10,000, for 60 seconds.
    pub fn schema_cache(mut self, schemas: usize, time: Duration) -> Self {
        self.options.schemas_cached = schemas;
        self.options.schemas_cached_for = time;
        self
    }

    /// The name that stands for every tenant's schema.
    pub(crate) fn symbolic(&self) -> Option<&str> {
        self.options.symbolic_schema.as_deref()
    }

    /// The folder, and the name of the shared schema.
    pub(crate) fn place(&self) -> (&Path, &str) {
        (&self.path, &self.options.shared_schema)
    }

    /// Has the pool close another pool's idle connections whenever it has to close its own.
    #[cfg(feature = "blocking")]
    pub(crate) fn releasing(self, others_idle: Arc<dyn KeepsIdle>) -> Self {
        Self {
            others_idle: Some(others_idle),
            ..self
        }
    }

    /// The option [`max_idle`](Self::max_idle).
    #[cfg(feature = "blocking")]
    pub(crate) fn most_idle(&self) -> usize {
        self.max_idle
    }

    /// Builds the pool. What operations that were killed have left in the folder is removed.
    ///
    /// # Errors
    /// [`BuildError`]: an option is invalid, or the folder can't be used.
    pub async fn build(self) -> Result<TenantPool<Sqlite>, BuildError> {
        let Self {
            path,
            create_folder,
            max_size,
            max_idle,
            others_idle,
            busy_timeout,
            options,
            schema_map,
            hooks,
            directory,
            directory_cache,
            reuse_after,
            directory_if_found,
        } = self;
        if max_size == 0 {
            return Err(BuildError::Empty);
        }
        let shared_schema = SchemaName::new(&options.shared_schema)?;
        let shared = shared_schema.clone();
        let counters = Counters::of(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy());
        let looks_for_tables = directory.is_none() && directory_if_found.is_some();
        let open = move || {
            if create_folder {
                std::fs::create_dir_all(&path).map_err(SqliteError::creating(&path))?;
            }
            let folder = Folder::open(path, shared).map_err(SqliteError::folder)?;
            folder.sweep().map_err(SqliteError::file)?;
            let has_tables = looks_for_tables
                && folder
                    .has_shared_table(STATE_TABLE, busy_timeout)
                    .map_err(SqliteError::file)?;
            Ok((Arc::new(folder), has_tables))
        };
        let folder: Result<_, SqliteError> = crate::backend::sqlite::blocking(open).await;
        let (folder, has_tables) = folder.map_err(BuildError::Folder)?;
        let directory = match has_tables {
            true => directory_if_found,
            false => directory,
        };
        let idle = Arc::new(Idle::new(max_idle));
        let remembered = directory.map(|directory| RememberedDirectory::new(directory, directory_cache));
        let known = remembered.as_ref().map(|remembered| Arc::clone(&remembered.known));
        let watched = [Some(Arc::clone(&idle) as Arc<dyn KeepsIdle>), others_idle.clone()];
        let watched = watched.into_iter().flatten().collect();
        let watch = tokio::spawn(watch(Arc::clone(&folder), watched, known, Arc::clone(&counters)));
        let pool = TenantPool::new(Inner {
            shared_schema,
            schema_map,
            hooks,
            counters,
            #[cfg(feature = "metrics")]
            told: Default::default(),
            shares: options.max_per_tenant.map(Shares::new),
            #[cfg(feature = "_web")]
            second_connections: Arc::new(tokio::sync::Semaphore::new((max_size - 1).max(1))),
            remembered,
            reuse_after: reuse_after.unwrap_or(directory_cache.reuse_after()),
            backend: SqlitePool {
                folder,
                known: KnownFiles::new(options.schemas_cached, options.schemas_cached_for),
                idle,
                others_idle,
                permits: Permits::new(max_size),
                busy_timeout,
                watch: watch.abort_handle(),
                #[cfg(feature = "testing")]
                test_instrumentation: crate::pool::test_instrumentation::TestInstrumentation::default(),
            },
            options,
        });
        #[cfg(feature = "metrics")]
        pool.tell_regularly();
        Ok(pool)
    }
}

impl fmt::Debug for SqlitePoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlitePoolBuilder")
            .field("path", &self.path)
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}
