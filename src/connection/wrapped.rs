use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel_async::AsyncConnectionCore;

use crate::query::{Rendered, TranslatedBackend};

/// A connection that a [`TenantConnection`](super::TenantConnection) can wrap.
///
/// For your own connection an empty `impl` is enough. On your connection a statement with an outdated plan fails; on a
/// [`PostgresConnection`](crate::PostgresConnection) the statement is prepared and sent again.
pub trait Wrapped: AsyncConnectionCore<Backend: TranslatedBackend> {
    /// Whether the connection itself sends a statement once more if the server finds its plan or types outdated.
    #[doc(hidden)]
    const RETRIES_OUTDATED: bool = false;

    /// Whether the connection keeps every statement prepared for as long as it lives.
    #[doc(hidden)]
    const KEEPS_WITHOUT_BOUNDS: bool = false;

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
