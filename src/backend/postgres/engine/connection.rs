//! The connection to PostgreSQL itself, as Diesel's traits want it. It translates nothing: that is `connection`'s part.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::ready,
    time::Instant,
};

use diesel::{
    ConnectionResult, QueryResult,
    connection::{
        DynInstrumentation, Instrumentation, InstrumentationEvent, StrQueryHelper, get_default_instrumentation,
    },
    pg::PgNotification,
    result::{DatabaseErrorKind, Error},
};
use futures_core::Stream;
use postgres_protocol::message::frontend;
use tokio_postgres::Config;

use super::{
    CancelToken, OpenError, TlsConnector, TransactionState,
    binds::not_sendable,
    open,
    progress::Kind,
    server_error::{Broken, Failed},
    statements::Statements,
    transaction_state::TransactionStatus,
    types::KnownTypes,
    wire::Wire,
};

/// A connection to PostgreSQL, made for many tenants: what a pool's checkouts run on.
///
/// It does what [`AsyncPgConnection`](diesel_async::AsyncPgConnection) does, and implements the same traits, with these
/// differences:
///
/// - A statement runs in one round trip, also the first time. It is prepared when it comes a second time.
/// - Prepared statements are bounded in number, [256](Self::STATEMENTS) unless
///   [`set_prepared_statement_cache_size`](diesel_async::AsyncConnection::set_prepared_statement_cache_size) says
///   otherwise. The least useful one makes room, and is closed on the server.
/// - If a statement fails before it runs because a migration changed its tables, the statement is sent again, outside
///   of a transaction.
/// - No task drives the connection: whoever waits for an answer does. Notifications arrive while something is awaited.
///
/// Queries run side by side through a shared reference (pipelining), as on `AsyncPgConnection`. Rows that come for a
/// stream which nobody reads meanwhile are kept in memory, until the stream is read or dropped.
///
/// # Cancellation
/// Any future may be dropped at any time. The server finishes what it was sent, and the next statement waits for that.
pub struct PostgresConnection {
    pub(super) wire: Wire,
    statements: Mutex<Statements>,
    types: Mutex<KnownTypes>,
    pub(super) transactions: TransactionState,
    /// A statement failed because transactions that run at the same time can't be put in an order.
    serialization_failed: AtomicBool,
    pub(super) instrumentation: Mutex<DynInstrumentation>,
    /// Whether anybody listens to the instrumentation.
    pub(super) is_observed: bool,
    cancel_token: CancelToken,
}

impl PostgresConnection {
    /// How many statements a connection keeps prepared, unless told otherwise.
    pub const STATEMENTS: usize = 256;

    /// Opens a connection, with a connector for TLS or [`NoTls`](tokio_postgres::NoTls).
    ///
    /// # Errors
    /// If no server of the configuration can be reached, or none accepts the connection.
    pub async fn connect<T>(config: &Config, tls: T) -> ConnectionResult<Self>
    where
        T: TlsConnector,
    {
        Ok(Self::open(config, tls).await?)
    }

    pub(crate) async fn open<T>(config: &Config, tls: T) -> Result<Self, OpenError>
    where
        T: TlsConnector,
    {
        Ok(Self::new(open::open(config, tls).await?, get_default_instrumentation()))
    }

    pub(super) fn new(
        (wire, cancel_token): (Wire, CancelToken),
        instrumentation: Option<Box<dyn Instrumentation>>,
    ) -> Self {
        let is_observed = instrumentation.is_some();
        let instrumentation = instrumentation.map_or_else(DynInstrumentation::none, DynInstrumentation::from);
        Self {
            wire,
            statements: Mutex::new(Statements::new(Self::STATEMENTS)),
            types: Mutex::new(KnownTypes::new()),
            transactions: TransactionState::default(),
            serialization_failed: AtomicBool::new(false),
            is_observed,
            instrumentation: Mutex::new(instrumentation),
            cancel_token,
        }
    }

    /// A token that cancels whatever statement runs on this connection, from anywhere.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel_token.clone()
    }

    /// The notifications of the channels that this session listens to, as they come. It ends with an error if the
    /// connection breaks.
    pub fn notifications_stream(&mut self) -> impl Stream<Item = QueryResult<PgNotification>> + '_ {
        let mut is_broken = false;
        futures_util::stream::poll_fn(move |context| {
            if is_broken {
                return std::task::Poll::Ready(None);
            }
            let notification = ready!(self.wire.poll_notification(context));
            is_broken = notification.is_err();
            std::task::Poll::Ready(Some(notification.map_err(Broken::into_diesel)))
        })
    }

    /// How many statements are prepared on the server now.
    pub fn prepared_statements(&self) -> usize {
        self.statements().len()
    }

    /// Whether the connection can't be used any more, as far as has been heard from the server.
    pub fn is_closed(&self) -> bool {
        self.wire.is_broken()
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn status(&self) -> TransactionStatus {
        self.wire.status()
    }

    /// Whether the open transaction can be committed: `Some(false)` if a statement in it has failed, `None` if no
    /// transaction is open.
    pub(crate) fn open_transaction(&self) -> Option<bool> {
        match self.status() {
            TransactionStatus::Idle => None,
            TransactionStatus::InTransaction => Some(true),
            TransactionStatus::Failed => Some(false),
        }
    }

    pub(super) fn status_before(&self) -> TransactionStatus {
        self.wire.status_before()
    }

    pub(super) fn statements(&self) -> MutexGuard<'_, Statements> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn types(&self) -> MutexGuard<'_, KnownTypes> {
        self.types.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs statements that have no values, in one text.
    pub(crate) async fn run_batch(&self, sql: &str) -> QueryResult<()> {
        if self.is_observed {
            self.notify(InstrumentationEvent::start_query(&StrQueryHelper::new(sql)));
        }
        let result = self.run_simple(sql).await;
        if let Err(error) = &result {
            self.note_failure(error);
        }
        if self.is_observed {
            self.observe_end(sql, result.as_ref().err());
        }
        result
    }

    async fn run_simple(&self, sql: &str) -> QueryResult<()> {
        let sent = self.send(Kind::Simple, |out| frontend::query(sql, out).map_err(not_sendable))?;
        sent.end().await.map_err(Failed::into_diesel)
    }

    /// Notes an error after which the whole transaction may have to be rolled back.
    pub(super) fn note_failure(&self, error: &Error) {
        if matches!(error, Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) {
            self.serialization_failed.store(true, Relaxed);
        }
    }

    /// Applies what was noted to the state of the transactions.
    pub(super) fn apply_failure(&mut self) {
        if std::mem::take(self.serialization_failed.get_mut()) {
            self.transactions
                .status
                .set_requires_rollback_maybe_up_to_top_level(true);
        }
    }

    pub(super) fn forget_failure(&mut self) {
        *self.serialization_failed.get_mut() = false;
    }

    pub(super) fn notify(&self, event: InstrumentationEvent<'_>) {
        let mut instrumentation = self.instrumentation.lock().unwrap_or_else(PoisonError::into_inner);
        instrumentation.on_connection_event(event);
    }

    pub(super) fn observe<'a>(&self, event: impl FnOnce() -> InstrumentationEvent<'a>) {
        if self.is_observed {
            self.notify(event());
        }
    }

    pub(super) fn observe_prepared(&self, sql: &str) {
        self.observe(|| InstrumentationEvent::cache_query(sql));
    }

    pub(super) fn observe_end(&self, sql: &str, error: Option<&Error>) {
        self.notify(InstrumentationEvent::finish_query(&StrQueryHelper::new(sql), error));
    }
}

impl PostgresConnection {
    /// Keeps at most this many statements prepared from now on; 0 sends every statement without a name. A connection
    /// that keeps none, because of a pooler, stays so.
    pub fn limit_statements(&mut self, most: usize) {
        let statements = self.statements.get_mut();
        statements.unwrap_or_else(PoisonError::into_inner).limit(most);
    }

    /// Since when the connection remembers the OIDs of types that are looked for in no tenant's schema.
    pub(crate) fn types_since(&self) -> Instant {
        self.types().since()
    }

    /// Forgets the OIDs of the types that are looked for in no tenant's schema.
    pub(crate) fn forget_types(&mut self) {
        let types = self.types.get_mut();
        types
            .unwrap_or_else(PoisonError::into_inner)
            .forget_types_of_no_tenant();
    }

    /// Whether a statement has failed as if a type was made anew, since this was last asked.
    pub(crate) fn take_doubt_about_types(&self) -> bool {
        self.types().take_doubt()
    }

    /// Gives the statements that are prepared from now on names that no other client's have, for poolers that pass
    /// names on.
    pub(crate) fn name_statements(&mut self, prefix: &str) {
        let statements = self.statements.get_mut();
        statements.unwrap_or_else(PoisonError::into_inner).name_by(prefix);
    }

    /// Whether everything that was sent is answered, and the answers are read, or never will be.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.wire.is_at_rest()
    }

    /// Takes the settings that the session has now for those that each checkout is to find.
    pub(crate) fn take_over_settings(&self) {
        self.wire.take_over_settings();
    }

    /// Whether the session is another one than was taken over, as far as the server has told by itself: a setting has
    /// changed, or it listens to a channel, which a function may have done that nobody saw.
    pub(crate) fn has_leftovers(&self) -> bool {
        self.wire.has_leftovers()
    }

    /// Closes the prepared statements that are not kept any more. Without this, the next statement closes them.
    pub(crate) async fn close_statements(&self) -> QueryResult<()> {
        let sent = {
            let mut statements = self.statements();
            let sent = self.wire.send(Kind::Closing, |out| {
                for name in statements.to_close() {
                    frontend::close(b'S', name, out).map_err(not_sendable)?;
                }
                frontend::sync(out);
                Ok(())
            })?;
            statements.closed();
            sent
        };
        sent.end().await.map_err(Failed::into_diesel)
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        self.wire.terminate();
    }
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConnection")
            .field("prepared_statements", &self.prepared_statements())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
