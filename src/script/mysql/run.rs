use std::sync::Arc;

use mysql_async::{Conn, prelude::Queryable};

use super::answer::answers_to;
use crate::{
    backend::mysql::connecting::Connector,
    script::{ScriptFailure, StatementAnswer},
};

/// The server on which a script runs.
pub(super) struct Sessions {
    connector: Arc<Connector>,
    /// Whether `run` begins a transaction for the script.
    in_transaction: bool,
}

impl Sessions {
    pub(super) fn of(connector: Arc<Connector>, in_transaction: bool) -> Self {
        Self {
            connector,
            in_transaction,
        }
    }

    /// Runs translated statements in one tenant, on a session of its own.
    pub(super) async fn run(&self, statements: Vec<String>) -> Result<Vec<StatementAnswer>, ScriptFailure> {
        let mut connection = self.connector.driver().await?;
        let answers = self.run_all(&mut connection, statements).await;
        // What is in a transaction still is rolled back. Whatever ending it says, the session is gone.
        let _ = connection.disconnect().await;
        Ok(answers?)
    }

    async fn run_all(
        &self,
        connection: &mut Conn,
        statements: Vec<String>,
    ) -> mysql_async::Result<Vec<StatementAnswer>> {
        if self.in_transaction {
            connection.query_drop("START TRANSACTION").await?;
        }
        let mut answers = Vec::with_capacity(statements.len());
        for sql in statements {
            answers.extend(answers_to(connection, &sql).await?);
        }
        if self.in_transaction {
            connection.query_drop("COMMIT").await?;
        }
        Ok(answers)
    }
}
