//! The transaction of a test, in which a pool's checkouts run, and which is never committed.
//!
//! To its users the connection is in no transaction: they begin transactions, which are savepoints, and a statement
//! outside of those that fails is undone alone. So a savepoint is set ahead of each such statement, in the same round
//! trip.

use std::num::NonZeroU32;

use bytes::BytesMut;
use diesel::QueryResult;
use diesel_async::TransactionManager;

use super::{
    PostgresConnection, PostgresTransactionManager, progress::Kind, transaction::begin,
    transaction_state::TransactionStatus, wire::Sent,
};

const BEGIN: &str = "BEGIN; SAVEPOINT diesel_tenants_statement";
const RENEW: &str = "RELEASE SAVEPOINT diesel_tenants_statement; SAVEPOINT diesel_tenants_statement";
const UNDO: &str = "ROLLBACK TO SAVEPOINT diesel_tenants_statement";

impl PostgresConnection {
    /// Begins the transaction of a test. Only the end of the connection ends it.
    pub(crate) async fn begin_test(&mut self) -> QueryResult<()> {
        begin(self, NonZeroU32::MIN, BEGIN).await?;
        self.transactions.status.set_test_transaction_flag();
        self.transactions.is_test = true;
        Ok(())
    }

    pub(crate) fn is_in_test(&self) -> bool {
        self.transactions.is_test
    }

    /// Rolls back the transactions that were begun in the test's and not ended.
    pub(crate) async fn roll_back_in_test(&mut self) -> QueryResult<()> {
        while !self.is_outermost_in_test() {
            PostgresTransactionManager::rollback_transaction(self).await?;
        }
        Ok(())
    }

    /// Whether the test's transaction is the only one.
    pub(super) fn is_outermost_in_test(&self) -> bool {
        let depth = || self.transactions.status.transaction_depth();
        self.is_in_test() && matches!(depth(), Ok(Some(NonZeroU32::MIN)))
    }

    /// Queues a request. In a test's transaction, what the last one has failed to do is undone before.
    pub(super) fn send(
        &self,
        kind: Kind,
        write: impl FnOnce(&mut BytesMut) -> QueryResult<()>,
    ) -> QueryResult<Sent<'_>> {
        let is_outermost = self.is_outermost_in_test();
        let ahead = |status| match status {
            _ if !is_outermost => None,
            TransactionStatus::Failed => Some(UNDO),
            TransactionStatus::Idle | TransactionStatus::InTransaction => Some(RENEW),
        };
        self.wire.send_behind(ahead, kind, write)
    }
}
