use std::sync::Arc;

use diesel::{
    QueryResult,
    query_builder::{Query, QueryFragment, QueryId},
    result::Error,
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};

use crate::{
    backend::postgres::catalog::types::type_oids,
    query::{Again, Capture, Finished, Rendered, TranslatedBackend, Translation},
};

/// A connection that a [`TenantConnection`](super::TenantConnection) can wrap.
///
/// For your own connection an empty `impl` is enough. On your connection a statement with an outdated plan fails; on an
/// [`AsyncPgConnection`] the statement is prepared and sent again.
pub trait Wrapped: AsyncConnectionCore<Backend: TranslatedBackend> {
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn load_rendered<'conn, 'query, Q>(
        &'conn mut self,
        query: Rendered<Q>,
        _: bool,
    ) -> (
        Self::LoadFuture<'conn, 'query>,
        Option<Resend<'conn, Self::LoadFuture<'conn, 'query>>>,
    )
    where
        Q: Query + QueryFragment<Self::Backend> + QueryId + 'query,
    {
        (self.load(query), None)
    }

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn execute_rendered<'conn, 'query, Q>(
        &'conn mut self,
        query: Rendered<Q>,
        _: bool,
    ) -> (
        Self::ExecuteFuture<'conn, 'query>,
        Option<Resend<'conn, Self::ExecuteFuture<'conn, 'query>>>,
    )
    where
        Q: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        (self.execute_returning_count(query), None)
    }
}

/// Sends a query a second time, if necessary.
pub(crate) type Resend<'conn, F> = Box<dyn FnOnce() -> F + Send + 'conn>;

impl Wrapped for AsyncPgConnection {
    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn load_rendered<'conn, 'query, Q>(
        &'conn mut self,
        query: Rendered<Q>,
        may_resend: bool,
    ) -> (
        Self::LoadFuture<'conn, 'query>,
        Option<Resend<'conn, Self::LoadFuture<'conn, 'query>>>,
    )
    where
        Q: Query + QueryFragment<Self::Backend> + QueryId + 'query,
    {
        load(self, query, may_resend)
    }

    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn execute_rendered<'conn, 'query, Q>(
        &'conn mut self,
        query: Rendered<Q>,
        may_resend: bool,
    ) -> (
        Self::ExecuteFuture<'conn, 'query>,
        Option<Resend<'conn, Self::ExecuteFuture<'conn, 'query>>>,
    )
    where
        Q: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        execute(self, query, may_resend)
    }
}

type Shared<'a> = &'a AsyncPgConnection;
type Load<'a, 'query> = <Shared<'a> as AsyncConnectionCore>::LoadFuture<'a, 'query>;
type Execute<'a, 'query> = <Shared<'a> as AsyncConnectionCore>::ExecuteFuture<'a, 'query>;

/// Sends a query that returns rows.
pub(super) fn load<'a, 'query, Q>(
    connection: Shared<'a>,
    mut query: Rendered<Q>,
    may_resend: bool,
) -> (Load<'a, 'query>, Option<Resend<'a, Load<'a, 'query>>>)
where
    Q: Query + QueryFragment<diesel::pg::Pg> + QueryId + 'query,
{
    let kept = (may_resend && query.finished().fails_whole).then(|| Kept::of(&mut query));
    let sent = AsyncConnectionCore::load(&mut &*connection, query);
    let resend = kept.map(|kept| -> Resend<'a, Load<'a, 'query>> {
        Box::new(move || {
            Box::pin(async move {
                let again = kept.again(connection).await?;
                AsyncConnectionCore::load(&mut &*connection, again).await
            })
        })
    });
    (sent, resend)
}

/// Sends a query that returns a count.
pub(super) fn execute<'a, 'query, Q>(
    connection: Shared<'a>,
    mut query: Rendered<Q>,
    may_resend: bool,
) -> (Execute<'a, 'query>, Option<Resend<'a, Execute<'a, 'query>>>)
where
    Q: QueryFragment<diesel::pg::Pg> + QueryId + 'query,
{
    let kept = (may_resend && query.finished().fails_whole).then(|| Kept::of(&mut query));
    let sent = AsyncConnectionCore::execute_returning_count(&mut &*connection, query);
    let resend = kept.map(|kept| -> Resend<'a, Execute<'a, 'query>> {
        Box::new(move || {
            Box::pin(async move {
                let again = kept.again(connection).await?;
                AsyncConnectionCore::execute_returning_count(&mut &*connection, again).await
            })
        })
    });
    (sent, resend)
}

/// What is kept of a sent query, to send it again.
struct Kept {
    capture: Arc<Capture>,
    finished: Arc<Finished>,
    translation: Arc<Translation>,
}

impl Kept {
    fn of<Q>(query: &mut Rendered<Q>) -> Self {
        Self {
            capture: query.captured(),
            finished: Arc::clone(query.finished()),
            translation: Arc::clone(query.translation()),
        }
    }

    async fn again(self, connection: Shared<'_>) -> QueryResult<Again> {
        let Self {
            capture,
            finished,
            translation,
        } = self;
        let find = |(schema, name): (Option<String>, String)| {
            let translation = Arc::clone(&translation);
            async move { find_type(&translation, schema, name, connection).await }
        };
        let again = Again::of(&capture, finished, find).await?;
        again.ok_or(Error::NotFound)
    }
}

/// The current OIDs of a type and of its array type.
async fn find_type(
    translation: &Translation,
    schema: Option<String>,
    name: String,
    connection: Shared<'_>,
) -> QueryResult<(u32, u32)> {
    // The tenant's own types come first, as they do if they are known beforehand.
    let tenant = match &schema {
        Some(_) => translation.schema_of_type(&name, schema.as_deref()),
        None => translation.map().unqualified().map(crate::SchemaName::as_str),
    };
    let found = type_oids(connection, &name, tenant, schema.is_some()).await?;
    found.ok_or(Error::NotFound)
}
