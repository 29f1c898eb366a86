use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;

use super::answer::Answer;
use crate::context::Context;

/// Connections for SQL of any kind, whose answers are text. What it leaves on a session no other tenant meets.
pub struct Connections<'a> {
    context: &'a Context,
    free: Mutex<Vec<Client>>,
}

impl<'a> Connections<'a> {
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            free: Mutex::new(Vec::new()),
        }
    }

    /// Runs a text that is translated already, in a transaction begun for it or as it is.
    pub async fn run(&self, sql: &str, in_transaction: bool) -> anyhow::Result<Answer> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let client = match free {
            Some(client) => client,
            None => self.context.database.safe_client(&self.context.settings).await?,
        };
        // After a failure the connection is closed, which ends the transaction as well.
        if in_transaction {
            client.batch_execute("BEGIN").await?;
        }
        let answer = Answer::of(client.simple_query(sql).await?);
        if in_transaction {
            client.batch_execute("COMMIT").await?;
        }
        // Refused while a transaction is open. Then the connection is closed, too.
        if client.batch_execute("DISCARD ALL").await.is_ok() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        Ok(answer)
    }
}
