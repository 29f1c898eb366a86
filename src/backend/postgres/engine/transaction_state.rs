//! Whether a transaction is open: as the server says, and as Diesel counts.

use diesel::connection::TransactionManagerStatus;

/// What the server says of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransactionStatus {
    Idle,
    InTransaction,
    Failed,
}

/// How deep in transactions a connection is.
#[derive(Debug, Default)]
pub struct TransactionState {
    pub(super) status: TransactionManagerStatus,
    /// A statement that begins or ends a transaction was given up, so that nobody knows whether it ran.
    pub(super) is_unknown: bool,
    /// The outermost transaction is a test's, which is never committed.
    pub(super) is_test: bool,
}
