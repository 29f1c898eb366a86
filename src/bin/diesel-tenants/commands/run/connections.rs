use std::sync::{Mutex, PoisonError};

use tokio_postgres::Client;

use super::answer::Answer;
use crate::commands::Context;

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

    /// Runs a text that is translated already.
    pub async fn run(&self, sql: &str) -> anyhow::Result<Answer> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let client = match free {
            Some(client) => client,
            None => self.context.database.safe_client(&self.context.settings).await?,
        };
        let answer = Answer::of(client.simple_query(sql).await?);
        // Refused while a transaction is open. Then, and after a failure, the connection is closed.
        if client.batch_execute("DISCARD ALL").await.is_ok() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(client);
        }
        Ok(answer)
    }
}
