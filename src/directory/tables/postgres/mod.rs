//! The directory's tables in the shared schema of PostgreSQL.

mod find;
mod prepare;
mod record;

use super::DirectoryTables;
use crate::TenantPoolBuilder;

/// # Using a directory if there is one
impl TenantPoolBuilder {
    /// Uses [`DirectoryTables`] if the database has them when the pool is built, unless another
    /// [directory](Self::directory) is set: for programs that work on other applications' databases, like the command
    /// `diesel-tenants`. It costs one connection.
    ///
    /// The tables are recognized by the comment that [`prepare_directory`](crate::TenantPool::prepare_directory)
    /// writes, or else by their columns.
    pub fn directory_tables_if_found(self) -> Self {
        self.directory_if_found(DirectoryTables::new())
    }
}
