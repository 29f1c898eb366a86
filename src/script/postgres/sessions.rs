use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    TenantPool,
    backend::postgres::driver::{Dial, DriverSession},
    script::{ScriptFailure, StatementAnswer},
};

/// Connections of the driver, for SQL of any kind. Whatever the SQL leaves on a session, no other tenant gets it.
pub(super) struct Sessions {
    pool: TenantPool,
    dial: Arc<dyn Dial>,
    /// Whether `run` begins a transaction for the script.
    in_transaction: bool,
    free: Mutex<Vec<DriverSession>>,
}

impl Sessions {
    pub(super) fn new(pool: TenantPool, dial: Arc<dyn Dial>, in_transaction: bool) -> Self {
        Self {
            pool,
            dial,
            in_transaction,
            free: Mutex::new(Vec::new()),
        }
    }

    /// Runs a translated text.
    pub(super) async fn run(&self, sql: &str) -> Result<Vec<StatementAnswer>, ScriptFailure> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match free {
            Some(session) => session,
            None => self.connect().await?,
        };
        // After a failure the connection is closed, which ends the transaction as well.
        if self.in_transaction {
            session.execute("BEGIN").await?;
        }
        let answers = StatementAnswer::of(session.client().simple_query(sql).await?);
        if self.in_transaction {
            session.execute("COMMIT").await?;
        }
        // The server refuses this while a transaction is open. Then the connection is closed as well.
        if session.execute("DISCARD ALL").await.is_ok() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
        Ok(answers)
    }

    /// Ends the free sessions.
    pub(super) async fn close(&self) {
        let free = std::mem::take(&mut *self.free.lock().unwrap_or_else(PoisonError::into_inner));
        for session in free {
            session.close().await;
        }
    }

    /// A new session. It finds no table without its schema's name, and reads string literals as the translator does.
    async fn connect(&self) -> Result<DriverSession, ScriptFailure> {
        let connector = self.pool.connector();
        let session = self.dial.dial(connector).await?;
        connector.refuse_unsafe_client(session.client()).await?;
        Ok(session)
    }
}
