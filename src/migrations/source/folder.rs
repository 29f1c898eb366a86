//! Migrations in a folder on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use diesel::{
    backend::Backend,
    connection::BoxableConnection,
    migration::{
        Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result as MigrationResult,
    },
};
use serde::Deserialize;

use crate::migrations::MigrationFolderError as Error;

/// The longest version that Diesel's table takes, in characters.
const MAX_VERSION: usize = 50;

/// Migrations in a folder on disk, laid out like Diesel's. All are read and checked at once.
///
/// Mistakes that Diesel's own `FileBasedMigrations` turns into a default, or notices midway, are errors here that name
/// the file: a `metadata.toml` that can't be parsed, has unknown keys, or doesn't set `run_in_transaction` (for each of
/// these, Diesel uses a default value); a directory without an `up.sql`, or with an empty one; a script that is not
/// UTF-8; two directories with the same version. A missing or empty `down.sql` is an error only when the migration must
/// be reverted, and nothing is reverted then.
///
/// Later changes to the files have no effect: every tenant gets the same. Cloning is cheap.
///
/// ```no_run
/// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::migrations::MigrationFolder;
///
/// let migrations = MigrationFolder::read("tenant_migrations")?;
/// pool.create_tenant("client1", migrations.clone()).await?;
/// let report = pool.migrate_tenants(migrations).run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MigrationFolder {
    path: PathBuf,
    migrations: Arc<[FolderMigration]>,
}

impl MigrationFolder {
    /// Reads all migrations of a folder. Blocks meanwhile.
    ///
    /// Files directly in the folder are ignored, and so are directories whose names begin with a dot. The folder may be
    /// empty.
    ///
    /// # Errors
    /// [`MigrationFolderError`](Error), which names the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let unreadable = |source| Error::Folder {
            path: path.to_owned(),
            source,
        };
        let mut migrations = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let is_hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && is_directory(&path)? {
                migrations.push(FolderMigration::read(path)?);
            }
        }
        migrations.sort_by(|a, b| (&a.version, &a.name).cmp(&(&b.version, &b.name)));
        if let Some([first, second]) = migrations.windows(2).find(|pair| pair[0].version == pair[1].version) {
            return Err(Error::DuplicateVersion {
                version: first.version.clone(),
                paths: [first.path.clone(), second.path.clone()],
            });
        }
        Ok(Self {
            path: path.to_owned(),
            migrations: migrations.into(),
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The versions of the migrations, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.migrations.iter().map(|migration| migration.version.as_str())
    }
}

impl<DB: Backend> MigrationSource<DB> for MigrationFolder {
    fn migrations(&self) -> MigrationResult<Vec<Box<dyn Migration<DB>>>> {
        let migrations = self.migrations.iter();
        Ok(migrations
            .map(|migration| Box::new(migration.clone()) as Box<dyn Migration<DB>>)
            .collect())
    }
}

/// One directory with its scripts.
#[derive(Debug, Clone)]
struct FolderMigration {
    path: PathBuf,
    /// The directory's name.
    name: Arc<str>,
    version: String,
    run_in_transaction: bool,
    up: Arc<str>,
    /// The text of `down.sql` as found, if any. It is checked when it is needed.
    down: Option<Arc<str>>,
}

/// The contents of a `metadata.toml`: exactly these keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    run_in_transaction: bool,
}

impl FolderMigration {
    fn read(path: PathBuf) -> Result<Self, Error> {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(Error::NotUtf8 { path });
        };
        let name: Arc<str> = name.into();
        // The version as Diesel computes it.
        let version = name.split('_').next().unwrap_or_default().replace('-', "");
        if version.is_empty() || version.chars().count() > MAX_VERSION {
            return Err(Error::Version { path, version });
        }
        let up = path.join("up.sql");
        let up = match text(&up)? {
            None => return Err(Error::NoUpScript { path }),
            Some(sql) if sql.trim().is_empty() => return Err(Error::Empty { path: up }),
            Some(sql) => sql.into(),
        };
        Ok(Self {
            run_in_transaction: run_in_transaction(&path.join("metadata.toml"))?,
            up,
            down: text(&path.join("down.sql"))?.map(Arc::from),
            path,
            name,
            version,
        })
    }
}

impl<DB: Backend> Migration<DB> for FolderMigration {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> MigrationResult<()> {
        Ok(connection.batch_execute(&self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> MigrationResult<()> {
        match &self.down {
            Some(down) if down.trim().is_empty() => Err(Box::new(Error::EmptyDownScript {
                path: self.path.join("down.sql"),
            })),
            Some(down) => Ok(connection.batch_execute(down)?),
            None => Err(Box::new(Error::NoDownScript {
                path: self.path.clone(),
            })),
        }
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for FolderMigration {
    fn run_in_transaction(&self) -> bool {
        self.run_in_transaction
    }
}

impl MigrationName for FolderMigration {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.version.as_str())
    }
}

impl std::fmt::Display for FolderMigration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

fn is_directory(path: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(source) => Err(Error::File {
            path: path.to_owned(),
            source,
        }),
    }
}

fn run_in_transaction(path: &Path) -> Result<bool, Error> {
    let Some(text) = text(path)? else {
        return Ok(true);
    };
    match toml::from_str::<Metadata>(&text) {
        Ok(metadata) => Ok(metadata.run_in_transaction),
        Err(error) => Err(Error::Metadata {
            path: path.to_owned(),
            source: Box::new(error),
        }),
    }
}

/// The file's text; `None` if there is no file.
fn text(path: &Path) -> Result<Option<String>, Error> {
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Error::NotUtf8 { path: path.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File {
            path: path.to_owned(),
            source,
        }),
    }
}
