use tokio_postgres::Error;

use crate::backend::postgres::{copy_settings::between_sessions, driver::DriverSession, quote::literal};

/// Begins a transaction in which rows are copied; `how` is the text after `BEGIN`.
pub(super) fn begin(how: &str) -> String {
    format!("BEGIN {how}; {}", between_sessions())
}

/// The transactions in which rows are copied.
impl DriverSession {
    /// Begins a transaction; `how` is the text after `BEGIN`.
    pub(super) async fn begin(&self, how: &str) -> Result<(), Error> {
        self.execute(&begin(how)).await
    }

    /// Begins a transaction that takes locks before it has a snapshot.
    pub(super) async fn begin_locked(&self, locks: &str) -> Result<(), Error> {
        self.execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {locks}"))
            .await
    }

    /// Gives the open transaction, which has read nothing yet, the exported snapshot of another transaction.
    pub(super) async fn see(&self, snapshot: &str) -> Result<(), Error> {
        let (snapshot, settings) = (literal(snapshot), between_sessions());
        self.execute(&format!("SET TRANSACTION SNAPSHOT {snapshot}; {settings}"))
            .await
    }
}
