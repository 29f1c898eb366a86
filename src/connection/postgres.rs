//! Connections to PostgreSQL, and methods that only they have.

use std::{sync::Arc, time::Instant};

use diesel::{
    QueryResult,
    pg::{Pg, PgNotification},
    query_builder::{Query, QueryFragment, QueryId},
};
use diesel_async::AsyncPgConnection;
use futures_core::Stream;

use super::{
    TenantConnection, Wrapped,
    transaction::{SendAsyncFn, end_transaction},
};
use crate::{
    PostgresConnection,
    backend::postgres::{
        catalog::schema::facts_of,
        engine::{Binds, CancelToken, PostgresExecute, PostgresLoad, PostgresTransactionManager, Statement},
    },
    query::{Rendered, Translation},
};

impl Wrapped for AsyncPgConnection {}

impl Wrapped for PostgresConnection {
    const RETRIES_OUTDATED: bool = true;

    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn load_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::LoadFuture<'conn, 'query>
    where
        Q: Query + QueryFragment<Self::Backend> + QueryId + 'query,
    {
        load(self, &query)
    }

    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn execute_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::ExecuteFuture<'conn, 'query>
    where
        Q: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        execute(self, &query)
    }
}

/// Sends a query that returns rows.
pub(super) fn load<'conn, Q>(connection: &'conn PostgresConnection, query: &Rendered<Q>) -> PostgresLoad<'conn>
where
    Q: QueryFragment<Pg> + QueryId,
{
    connection.load_statement(query, statement(query))
}

/// Sends a query that returns a count.
pub(super) fn execute<'conn, Q>(connection: &'conn PostgresConnection, query: &Rendered<Q>) -> PostgresExecute<'conn>
where
    Q: QueryFragment<Pg> + QueryId,
{
    connection.execute_statement(query, statement(query))
}

fn statement<Q>(query: &Rendered<Q>) -> QueryResult<Statement>
where
    Q: QueryFragment<Pg> + QueryId,
{
    let binds = Binds::of(query)?;
    let types_of = binds.name_types().then(|| query.scope_of_types()).flatten();
    Ok(Statement {
        text: Arc::clone(query.finished()) as _,
        may_be_prepared: query.is_prepared(),
        types_of,
        binds,
    })
}

impl TenantConnection<PostgresConnection> {
    /// Has the enums, domains, ranges and composites of the tenant's schema looked up anew. The connection asks for
    /// each type when a statement first names it: in the tenant's schema, and then by its search_path. It goes on to
    /// use what it found. A pool's checkouts notice by themselves when a tenant's types have changed.
    ///
    /// # Errors
    /// [`NotFound`](diesel::result::Error::NotFound) if the map leads to a schema that does not exist, or what the
    /// server answers.
    pub async fn look_up_types(&mut self) -> QueryResult<()> {
        let map = self.map().clone();
        let Some(schema) = map.unqualified() else { return Ok(()) };
        let facts = facts_of(schema, false, &mut self.inner)
            .await?
            .ok_or(diesel::NotFound)?;
        self.set_translation(Arc::new(Translation::of_schema(map, Some(facts.identity.oid.into()))));
        Ok(())
    }

    /// Forgets the OIDs of types that belong to no tenant if those that are known since then are outdated.
    pub(crate) fn forget_types_if(&mut self, are_outdated: impl FnOnce(Instant) -> bool) {
        if are_outdated(self.inner.types_since()) {
            self.inner.forget_types();
        }
    }

    /// A token that cancels whatever query runs on this connection, from anywhere.
    ///
    /// The token names a connection, not a query: with a token that is kept after the checkout, one tenant could cancel
    /// another tenant's query. So a pool closes a connection that gave out a token when the connection comes back. The
    /// token does nothing from then on.
    pub fn cancel_token(&self) -> CancelToken {
        self.session.alter();
        self.inner.cancel_token()
    }

    /// The notifications that arrive on this connection after `LISTEN`.
    ///
    /// After `LISTEN`, a pool hands the connection to no other checkout.
    pub fn notifications_stream(&mut self) -> impl Stream<Item = QueryResult<PgNotification>> + '_ {
        self.inner.notifications_stream()
    }

    /// A transaction with its own isolation level and modes. Its queries go to the checkout's tenant, like all others.
    ///
    /// ```no_run
    /// # async fn run(mut conn: diesel_tenants::TenantConnection) -> diesel::QueryResult<()> {
    /// conn.build_transaction().serializable().read_only().run(async |conn| Ok(())).await
    /// # }
    /// ```
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_> {
        TransactionBuilder::new(self)
    }
}

impl PostgresConnection {
    /// A transaction with its own isolation level and modes.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_, Self> {
        TransactionBuilder::new(self)
    }
}

/// Chooses a transaction's isolation level and modes; made by
/// [`build_transaction`](TenantConnection::build_transaction).
#[derive(Debug)]
#[must_use = "a transaction builder does nothing until `run`"]
pub struct TransactionBuilder<'a, C = TenantConnection> {
    connection: &'a mut C,
    isolation_level: &'static str,
    read_mode: &'static str,
    deferrable: &'static str,
}

impl<'a, C> TransactionBuilder<'a, C> {
    pub(crate) fn new(connection: &'a mut C) -> Self {
        Self {
            connection,
            isolation_level: "",
            read_mode: "",
            deferrable: "",
        }
    }

    /// The transaction may only read.
    pub fn read_only(self) -> Self {
        Self {
            read_mode: " READ ONLY",
            ..self
        }
    }

    /// The transaction may write: the server's usual default.
    pub fn read_write(self) -> Self {
        Self {
            read_mode: " READ WRITE",
            ..self
        }
    }

    /// A serializable read-only transaction waits for a snapshot that can't fail.
    pub fn deferrable(self) -> Self {
        Self {
            deferrable: " DEFERRABLE",
            ..self
        }
    }

    /// The transaction starts at once: the server's usual default.
    pub fn not_deferrable(self) -> Self {
        Self {
            deferrable: " NOT DEFERRABLE",
            ..self
        }
    }

    /// Each statement sees what was committed before it: the server's usual default.
    pub fn read_committed(self) -> Self {
        Self {
            isolation_level: " ISOLATION LEVEL READ COMMITTED",
            ..self
        }
    }

    /// All statements see what was committed before the first one.
    pub fn repeatable_read(self) -> Self {
        Self {
            isolation_level: " ISOLATION LEVEL REPEATABLE READ",
            ..self
        }
    }

    /// The transaction behaves as if it ran alone.
    pub fn serializable(self) -> Self {
        Self {
            isolation_level: " ISOLATION LEVEL SERIALIZABLE",
            ..self
        }
    }

    /// The connection, and the statement that begins the transaction.
    pub(crate) fn parts(&mut self) -> (&mut C, String) {
        let Self {
            ref mut connection,
            isolation_level,
            read_mode,
            deferrable,
        } = *self;
        let begin = format!("BEGIN TRANSACTION{isolation_level}{read_mode}{deferrable}");
        (connection, begin)
    }
}

impl<C: OverPostgres> TransactionBuilder<'_, C> {
    /// Runs `callback` inside the transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// The callback's error, or the server's on begin, commit and rollback;
    /// [`AlreadyInTransaction`](diesel::result::Error::AlreadyInTransaction) inside another transaction.
    pub async fn run<T, E, F>(&mut self, callback: F) -> Result<T, E>
    where
        for<'r> F: AsyncFnOnce(&'r mut C) -> Result<T, E> + SendAsyncFn<&'r mut C, Result<T, E>, Future: Send> + Send,
        E: From<diesel::result::Error>,
    {
        let (connection, begin) = self.parts();
        PostgresTransactionManager::begin_with(connection.postgres(), &begin).await?;
        let result = callback(connection).await;
        end_transaction(connection.postgres(), result).await
    }
}

/// What a [`TransactionBuilder`] begins and ends transactions on.
#[doc(hidden)]
pub trait OverPostgres: Send {
    #[doc(hidden)]
    fn postgres(&mut self) -> &mut PostgresConnection;
}

impl OverPostgres for PostgresConnection {
    fn postgres(&mut self) -> &mut PostgresConnection {
        self
    }
}

impl OverPostgres for TenantConnection {
    fn postgres(&mut self) -> &mut PostgresConnection {
        &mut self.inner
    }
}
