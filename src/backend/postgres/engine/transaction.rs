//! Transactions and savepoints, as Diesel counts them.

use std::num::NonZeroU32;

use diesel::{
    QueryResult,
    connection::{
        InTransactionStatus, InstrumentationEvent, TransactionDepthChange, TransactionManagerStatus,
        ValidTransactionManagerStatus,
    },
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncConnection, SimpleAsyncConnection as _, TransactionManager};

use super::{PostgresConnection, TransactionState, transaction_state::TransactionStatus};

/// Runs transactions, and savepoints within them.
#[derive(Debug)]
pub struct PostgresTransactionManager;

impl PostgresTransactionManager {
    /// Begins a transaction by a statement of its own, which may name an isolation level.
    ///
    /// # Errors
    /// [`AlreadyInTransaction`](Error::AlreadyInTransaction), or what the server answers.
    pub(crate) async fn begin_with(connection: &mut PostgresConnection, sql: &str) -> QueryResult<()> {
        match depth(connection)? {
            None => begin(connection, NonZeroU32::MIN, sql).await,
            Some(depth) if connection.is_outermost_in_test() => {
                // A savepoint can't have an isolation level of its own.
                let read_only = if sql.contains("READ ONLY") {
                    "; SET TRANSACTION READ ONLY"
                } else {
                    ""
                };
                let sql = format!("SAVEPOINT {}{read_only}", savepoint(depth.get()));
                begin(connection, depth.saturating_add(1), &sql).await
            }
            Some(_) => Err(Error::AlreadyInTransaction),
        }
    }
}

impl TransactionManager<PostgresConnection> for PostgresTransactionManager {
    type TransactionStateData = TransactionState;

    async fn begin_transaction(connection: &mut PostgresConnection) -> QueryResult<()> {
        match depth(connection)? {
            None => begin(connection, NonZeroU32::MIN, "BEGIN").await,
            Some(depth) => {
                let sql = format!("SAVEPOINT {}", savepoint(depth.get()));
                begin(connection, depth.saturating_add(1), &sql).await
            }
        }
    }

    async fn rollback_transaction(connection: &mut PostgresConnection) -> QueryResult<()> {
        connection.apply_failure();
        if connection.is_outermost_in_test() {
            // The caller has begun none.
            return Err(Error::NotInTransaction);
        }
        let state = connection.transaction_state().status.transaction_state()?;
        let Some(transaction) = &state.in_transaction else {
            return Err(Error::NotInTransaction);
        };
        let depth = transaction.transaction_depth;
        // The savepoint may be gone together with the whole transaction.
        let may_be_gone = transaction.requires_rollback_maybe_up_to_top_level;
        connection.observe(|| InstrumentationEvent::rollback_transaction(depth));
        let sql = match depth.get() {
            1 => "ROLLBACK".to_owned(),
            depth => format!("ROLLBACK TO SAVEPOINT {}", savepoint(depth - 1)),
        };
        let rolled_back = run(connection, &sql).await;
        let status = &mut connection.transaction_state().status;
        match (rolled_back, depth.get()) {
            (Ok(()), _) => status
                .transaction_state()?
                .change_transaction_depth(TransactionDepthChange::DecreaseDepth),
            (Err(error), 1) => {
                status.set_in_error();
                Err(error)
            }
            (Err(error), _) => {
                status
                    .transaction_state()?
                    .change_transaction_depth(TransactionDepthChange::DecreaseDepth)?;
                status.set_requires_rollback_maybe_up_to_top_level(true);
                if may_be_gone { Ok(()) } else { Err(error) }
            }
        }
    }

    async fn commit_transaction(connection: &mut PostgresConnection) -> QueryResult<()> {
        connection.apply_failure();
        let Some(depth) = depth(connection)?.filter(|_| !connection.is_outermost_in_test()) else {
            return Err(Error::NotInTransaction);
        };
        connection.observe(|| InstrumentationEvent::commit_transaction(depth));
        let sql = match depth.get() {
            1 => "COMMIT".to_owned(),
            depth => format!("RELEASE SAVEPOINT {}", savepoint(depth - 1)),
        };
        let committed = run(connection, &sql).await;
        // A transaction that can't be serialized is found out here, and has ended.
        connection.forget_failure();
        let Err(commit_error) = committed else {
            let has_failed = depth == NonZeroU32::MIN && connection.status_before() == TransactionStatus::Failed;
            let state = connection.transaction_state().status.transaction_state()?;
            state.change_transaction_depth(TransactionDepthChange::DecreaseDepth)?;
            return match has_failed {
                true => Err(rolled_back()),
                false => Ok(()),
            };
        };
        let requires_rollback = matches!(
            connection.transaction_state().status,
            TransactionManagerStatus::Valid(ValidTransactionManagerStatus {
                in_transaction: Some(InTransactionStatus {
                    requires_rollback_maybe_up_to_top_level: true,
                    ..
                }),
                ..
            })
        );
        if requires_rollback {
            if let Err(rollback_error) = Self::rollback_transaction(connection).await {
                connection.transaction_state().status.set_in_error();
                return Err(Error::RollbackErrorOnCommit {
                    rollback_error: Box::new(rollback_error),
                    commit_error: Box::new(commit_error),
                });
            }
        } else {
            let state = connection.transaction_state().status.transaction_state()?;
            state.change_transaction_depth(TransactionDepthChange::DecreaseDepth)?;
        }
        Err(commit_error)
    }

    fn transaction_manager_status_mut(connection: &mut PostgresConnection) -> &mut TransactionManagerStatus {
        &mut connection.transaction_state().status
    }

    fn is_broken_transaction_manager(connection: &mut PostgresConnection) -> bool {
        // A transaction that was begun by raw SQL is known to the server only.
        let is_idle = connection.status() == TransactionStatus::Idle;
        let state = connection.transaction_state();
        let is_open = match state.status.transaction_state() {
            Ok(valid) => match &valid.in_transaction {
                // A test transaction is meant to stay open.
                Some(transaction) => !transaction.test_transaction,
                None => !is_idle,
            },
            Err(_) => true,
        };
        state.is_unknown || is_open
    }
}

fn depth(connection: &mut PostgresConnection) -> QueryResult<Option<NonZeroU32>> {
    connection.transaction_state().status.transaction_depth()
}

/// The server answers to `COMMIT` without an error if the transaction had failed before, and rolls it back.
fn rolled_back() -> Error {
    let message = "the transaction was rolled back instead of committed, because a statement in it had failed";
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message.to_owned()))
}

fn savepoint(depth: u32) -> String {
    format!("diesel_savepoint_{depth}")
}

/// Begins a transaction or savepoint, which is this deep.
pub(super) async fn begin(connection: &mut PostgresConnection, depth: NonZeroU32, sql: &str) -> QueryResult<()> {
    if depth == NonZeroU32::MIN {
        // What failed before belongs to no transaction.
        connection.forget_failure();
    }
    connection.observe(|| InstrumentationEvent::begin_transaction(depth));
    run(connection, sql).await?;
    let state = connection.transaction_state().status.transaction_state()?;
    state.change_transaction_depth(TransactionDepthChange::IncreaseDepth)
}

/// Runs a statement that begins or ends a transaction. If the future is dropped meanwhile, the state is unknown.
async fn run(connection: &mut PostgresConnection, sql: &str) -> QueryResult<()> {
    connection.transaction_state().is_unknown = true;
    let result = connection.batch_execute(sql).await;
    connection.transaction_state().is_unknown = false;
    result
}
