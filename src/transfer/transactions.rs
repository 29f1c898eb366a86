use tokio_postgres::Error;

use crate::backend::postgres::{driver::Session, quote::literal};

/// What a role, a database or a pooler may have set otherwise: values survive the way through text, rows are read whole or
/// not at all, and a slow reader or writer is no reason to end.
pub(super) const SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8'; \
    SET LOCAL standard_conforming_strings = on; SET LOCAL row_security = off; SET LOCAL check_function_bodies = off; \
    SET LOCAL synchronize_seqscans = off; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL extra_float_digits = 3; SET LOCAL array_nulls = on; SET LOCAL quote_all_identifiers = off; \
    SET LOCAL transform_null_equals = off; SET LOCAL xmloption = content; SET LOCAL lc_monetary = 'C'; \
    SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
    SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// The transactions in which rows are copied.
impl Session {
    /// Begins a transaction, given by what stands behind `BEGIN`.
    pub(super) async fn begin(&self, how: &str) -> Result<(), Error> {
        self.execute(&format!("BEGIN {how}; {SETTINGS}")).await
    }

    /// Begins a transaction that takes locks before it has a snapshot.
    pub(super) async fn begin_locked(&self, locks: &str) -> Result<(), Error> {
        self.execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {locks}"))
            .await
    }

    /// Has the transaction that is open, and has read nothing yet, see what the one that exported the snapshot sees.
    pub(super) async fn see(&self, snapshot: &str) -> Result<(), Error> {
        let snapshot = literal(snapshot);
        self.execute(&format!("SET TRANSACTION SNAPSHOT {snapshot}; {SETTINGS}"))
            .await
    }
}
