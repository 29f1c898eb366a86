//! The directory's tables in the shared database of MySQL or MariaDB.

mod find;
mod prepare;
#[cfg(test)]
mod tests;

use super::DirectoryTables;
use crate::MysqlPoolBuilder;

/// # Using a directory if there is one
impl MysqlPoolBuilder {
    /// Uses [`DirectoryTables`] if the shared database has them when the pool is built, unless another
    /// [directory](Self::directory) is set. It costs one connection.
    pub fn directory_tables_if_found(self) -> Self {
        self.directory_if_found(DirectoryTables::new())
    }
}
