//! Creates the directory's tables on PostgreSQL.

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use super::super::{DirectoryTablesError, placement::with_places};
use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::{
        directory_tables::MADE,
        postgres::{catalog::schema::comment_on, lock_name, wait_for_lock},
    },
};

const TABLES: &str = include_str!("tables.sql");

/// # Creating the directory's tables
impl TenantPool {
    /// Creates the tables of [`DirectoryTables`](crate::directory::DirectoryTables) in the shared schema, where they
    /// don't exist yet, in one transaction on a connection outside the pool. Any number of processes may call this, at
    /// any time.
    ///
    /// # Errors
    /// [`DirectoryTablesError`]; nothing is changed then.
    pub async fn prepare_directory(&self) -> Result<(), DirectoryTablesError> {
        let mut connection = self.migration_connector().connect().await?;
        let schema = self.shared_schema();
        let refused = |source| DirectoryTablesError::Refused {
            schema: schema.clone(),
            source,
        };
        // Creating the tables again would lock them.
        if are_made(&mut connection, schema).await.map_err(refused)? {
            return Ok(());
        }
        // One message is one transaction.
        let sql = format!(
            "{}; {}",
            wait_for_lock(lock_name::DIRECTORY),
            with_places(TABLES, "pg_catalog.jsonb_build_array").replace("{schema}", schema.quoted())
        );
        connection.batch_execute(&sql).await.map_err(refused)
    }
}

async fn are_made(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<bool> {
    let comment = comment_on(&format!("{}.tenants", schema.quoted()), connection).await?;
    Ok(comment.as_deref() == Some(MADE))
}
