use super::super::DirectoryTablesError;
use crate::{
    Sqlite, TenantPool,
    backend::sqlite::{STATE_TABLE, blocking, files::FileError, migrations::Plan},
    migrations::{NoMigrations, PATIENCE},
    pool::SqliteError,
};

const TABLES: &str = include_str!("tables.sql");

/// # Creating the directory's tables
impl TenantPool<Sqlite> {
    /// Creates the tables of [`DirectoryTables`](crate::directory::DirectoryTables) in the shared file, unless it has
    /// them, in one transaction on a connection outside the pool. Any number of processes may call this, at any time.
    /// Creates the file if it is missing.
    ///
    /// # Errors
    /// [`DirectoryTablesError`]; nothing is changed then.
    pub async fn prepare_directory(&self) -> Result<(), DirectoryTablesError> {
        let schema = self.shared_schema().clone();
        let folder = self.folder();
        let prepared = blocking(move || {
            let files = |error: FileError| DirectoryTablesError::Files(Box::new(SqliteError::file(error)));
            if !folder.shared_path().exists() {
                let none = Plan::read(&NoMigrations).expect("no migrations can be read");
                folder.migrate_shared(&none, PATIENCE).map_err(files)?;
            }
            let _lock = folder.lock_shared("prepare the directory", PATIENCE).map_err(files)?;
            if folder.has_shared_table(STATE_TABLE, PATIENCE).map_err(files)? {
                return Ok(());
            }
            let made = folder.change_shared(&TABLES.replace("{schema}", schema.quoted()), PATIENCE);
            made.map_err(|source| DirectoryTablesError::Refused { schema, source })
        });
        prepared.await
    }
}
