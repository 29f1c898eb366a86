//! Creates the directory's tables on MySQL and MariaDB.

use super::super::DirectoryTablesError;
use crate::{
    Mysql, TenantPool,
    backend::mysql::{SessionError, directory_tables, to_the_end},
    pool::MysqlError,
};

pub(super) const TABLES: &str = include_str!("tables.sql");

/// # Creating the directory's tables
impl TenantPool<Mysql> {
    /// Creates the tables of [`DirectoryTables`](crate::directory::DirectoryTables) in the shared database, where they
    /// don't exist yet, and enters all tenants and archives that the database knows. Any number of processes may call
    /// this, at any time. If it is interrupted, the same call goes on.
    ///
    /// The tables have triggers. If the server writes a binary log, the account needs the privilege `SUPER`, or the
    /// server the setting `log_bin_trust_function_creators`.
    ///
    /// # Errors
    /// [`DirectoryTablesError`]; the tables may be incomplete then, until the call is repeated.
    pub async fn prepare_directory(&self) -> Result<(), DirectoryTablesError> {
        let server = self.mysql_server();
        let schema = self.shared_schema().clone();
        let prepared = to_the_end(async move { directory_tables::prepare(&server, TABLES).await });
        prepared.await.map_err(|error| match error {
            SessionError::Database(source) => DirectoryTablesError::Refused { schema, source },
            error => DirectoryTablesError::Mysql(MysqlError::session(error)),
        })
    }
}
