//! Creates the directory's tables on SQLite.

use super::super::{DirectoryTablesError, placement::with_places};
use crate::{
    Sqlite, TenantPool,
    backend::sqlite::{
        STATE_TABLE, blocking,
        files::{FILE_LOCK_TIMEOUT, FileError},
        migrations::Plan,
    },
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
                folder.migrate_shared(&Plan::none(), FILE_LOCK_TIMEOUT).map_err(files)?;
            }
            let _lock = folder
                .lock_shared("prepare the directory", FILE_LOCK_TIMEOUT)
                .map_err(files)?;
            if folder.has_shared_table(STATE_TABLE, FILE_LOCK_TIMEOUT).map_err(files)? {
                return Ok(());
            }
            let tables = with_places(TABLES, "json_array").replace("{schema}", schema.quoted());
            let made = folder.change_shared(&tables, FILE_LOCK_TIMEOUT);
            made.map_err(|source| DirectoryTablesError::Refused { schema, source })
        });
        prepared.await
    }
}
