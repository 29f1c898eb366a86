use std::sync::Arc;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};

use crate::{
    backend::postgres::engine::{Binds, PostgresConnection, PostgresExecute, PostgresLoad, Statement},
    query::{Rendered, TranslatedBackend},
};

/// A connection that a [`TenantConnection`](super::TenantConnection) can wrap.
///
/// For your own connection an empty `impl` is enough. On your connection a statement with an outdated plan fails; on a
/// [`PostgresConnection`] the statement is prepared and sent again.
pub trait Wrapped: AsyncConnectionCore<Backend: TranslatedBackend> {
    /// Whether the connection itself prepares anew what the server finds outdated.
    #[doc(hidden)]
    const HEALS: bool = false;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn load_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::LoadFuture<'conn, 'query>
    where
        Q: Query + QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.load(query)
    }

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn execute_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::ExecuteFuture<'conn, 'query>
    where
        Q: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.execute_returning_count(query)
    }
}

impl Wrapped for AsyncPgConnection {}

impl Wrapped for PostgresConnection {
    const HEALS: bool = true;

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
