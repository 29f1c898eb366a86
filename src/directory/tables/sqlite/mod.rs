//! The directory's tables in the shared file of SQLite.

mod find;
mod prepare;

use super::DirectoryTables;
use crate::SqlitePoolBuilder;

/// # Using a directory if there is one
impl SqlitePoolBuilder {
    /// Uses [`DirectoryTables`] if the shared file has them when the pool is built, unless another
    /// [directory](Self::directory) is set.
    pub fn directory_tables_if_found(self) -> Self {
        self.directory_if_found(DirectoryTables::new())
    }
}
