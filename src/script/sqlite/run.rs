use std::{sync::Arc, time::Duration};

use diesel_async::TransactionManager;

use super::answer::answer_to;
use crate::{
    AsyncSqliteConnection, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        connection::{Access, SqliteTransactionManager as Transactions},
        files::Folder,
    },
    pool::SqliteError,
    script::{ScriptFailure, StatementAnswer},
};

/// The files in which a script runs.
pub(super) struct Files {
    folder: Arc<Folder>,
    busy_timeout: Duration,
    /// Whether `run` begins a transaction for the script.
    in_transaction: bool,
}

impl Files {
    pub(super) fn of(pool: &TenantPool<Sqlite>, in_transaction: bool) -> Self {
        Self {
            folder: pool.folder(),
            busy_timeout: pool.sqlite().busy_timeout,
            in_transaction,
        }
    }

    /// Runs translated statements in one tenant.
    pub(super) async fn run(
        &self,
        schema: SchemaName,
        statements: Vec<String>,
    ) -> Result<Vec<StatementAnswer>, ScriptFailure> {
        let mut connection = self.connect(&schema).await?;
        let answers = self.run_all(&mut connection, statements).await;
        // What is in a transaction still is rolled back.
        connection.close().await;
        answers
    }

    async fn run_all(
        &self,
        connection: &mut AsyncSqliteConnection,
        statements: Vec<String>,
    ) -> Result<Vec<StatementAnswer>, ScriptFailure> {
        if self.in_transaction {
            Transactions::begin_transaction(connection).await?;
        }
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            answers.push(
                connection
                    .spawn_blocking(move |connection| answer_to(connection, &sql))
                    .await?,
            );
        }
        if self.in_transaction {
            Transactions::commit_transaction(connection).await?;
        }
        Ok(answers)
    }

    /// A connection with the tenant's file and the shared one.
    async fn connect(&self, schema: &SchemaName) -> Result<AsyncSqliteConnection, SqliteError> {
        let path = self
            .folder
            .path_of(schema)
            .map_err(|error| SqliteError::file(error.into()))?;
        let opened = AsyncSqliteConnection::open(self.busy_timeout).await;
        let mut connection = opened.map_err(SqliteError::connect)?;
        let (shared, shared_path) = (self.folder.shared(), self.folder.shared_path());
        if shared_path.exists() {
            let attached = connection.attach(shared, shared_path, Access::ReadWrite).await;
            attached.map_err(SqliteError::attach)?;
        }
        let attached = connection.attach(schema, &path, Access::ReadWrite).await;
        attached.map_err(SqliteError::attach)?;
        connection.set_writes_to(Some(schema.clone()));
        Ok(connection)
    }
}
