//! `TenantConnection` as a connection of Diesel itself.

#[cfg(feature = "sqlite")]
use std::any::Any;
use std::any::TypeId;

use diesel::{
    ConnectionResult, QueryResult,
    connection::{
        CacheSize, Connection, ConnectionSealed, Instrumentation, LoadConnection, SimpleConnection, TransactionManager,
    },
    expression::QueryMetadata,
    migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection},
    query_builder::{Query, QueryFragment, QueryId},
    r2d2::R2D2Connection,
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};

use super::{Rows, failure::note_failure};
#[cfg(feature = "sqlite")]
use crate::backend::sqlite::connection::SqliteFilesConnection;
use crate::{
    PostgresConnection, SchemaTranslateMap, TenantConnection,
    connection::TenantTransactionManager,
    query::{Rendered, TranslatedBackend, TypeLookupTime},
    signals::Span,
};

impl<C: Connection<Backend: TranslatedBackend>> SimpleConnection for TenantConnection<C> {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let finished = self.render_batch::<C::Backend>(sql)?;
        let span = self.span_of::<C::Backend>(&finished);
        let answer = within(&span, || self.inner.batch_execute(&finished.sql));
        self.noting_failure(answer, &span)
    }
}

impl<C> ConnectionSealed for TenantConnection<C> {}

impl<C> Connection for TenantConnection<C>
where
    C: Connection<Backend: TranslatedBackend> + 'static,
{
    type Backend = C::Backend;
    type TransactionManager = TenantTransactionManager<C::TransactionManager>;

    /// Connects with an empty map: pinned tables only. Use [`TenantConnection::new`] to choose a map.
    fn establish(database_url: &str) -> ConnectionResult<Self> {
        let connection = C::establish(database_url)?;
        Ok(Self::new(connection, SchemaTranslateMap::new()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Self::Backend> + QueryId,
    {
        let rendered = self.rendered(source)?;
        let span = self.span_of::<C::Backend>(rendered.finished());
        let answer = within(&span, || self.inner.execute_returning_count(&rendered));
        self.noting_failure(answer, &span)
    }

    fn transaction_state(
        &mut self,
    ) -> &mut <Self::TransactionManager as TransactionManager<Self>>::TransactionStateData {
        self.inner.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        // The instrumentation would continue to see the next tenant's queries.
        self.session.alter();
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.session.alter();
        self.inner.set_prepared_statement_cache_size(size);
    }
}

/// In all loading modes of the wrapped connection.
impl<C, Mode> LoadConnection<Mode> for TenantConnection<C>
where
    C: LoadConnection<Mode> + Connection<Backend: TranslatedBackend> + 'static,
{
    type Cursor<'conn, 'query> = Rows<'conn, C::Cursor<'conn, 'query>>;
    type Row<'conn, 'query> = C::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Self::Backend> + QueryId + 'query,
        Self::Backend: QueryMetadata<T::SqlType>,
    {
        let rendered = self.rendered(source)?;
        let span = self.span_of::<C::Backend>(rendered.finished());
        match within(&span, || self.inner.load(rendered)) {
            Ok(rows) => Ok(Rows::new(rows, &self.session)),
            Err(error) => {
                span.failed(&error);
                note_failure(&self.session, &error);
                Err(error)
            }
        }
    }
}

/// Diesel's migrations, run under the connection's map: each statement is translated, and the version table is the
/// tenant's. Under a map without a tenant they fail.
///
/// What a migration names in strings and in the bodies of functions is not translated. The library's own
/// [migrations](crate::migrations) reach the tenant's schema there as well.
impl<C> MigrationConnection for TenantConnection<C>
where
    C: MigrationConnection<Backend: TranslatedBackend> + 'static,
{
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}

/// For r2d2 pools of your own, in which all connections have one map, so that state left on a session stays with its
/// tenant. Choose the map in the pool's manager: `establish` gives an empty one.
impl<C> R2D2Connection for TenantConnection<C>
where
    C: R2D2Connection<Backend: TranslatedBackend> + 'static,
{
    fn ping(&mut self) -> QueryResult<()> {
        self.inner.ping()
    }

    fn is_broken(&mut self) -> bool {
        self.inner.is_broken()
    }
}

impl<C> TenantConnection<C> {
    /// Finishes a query for the wrapped connection.
    fn rendered<Q>(&mut self, query: Q) -> QueryResult<Rendered<Q>>
    where
        C: Connection<Backend: TranslatedBackend> + 'static,
        Q: QueryFragment<C::Backend> + QueryId,
    {
        let rendered = self.render::<C::Backend, _>(query)?;
        #[cfg(feature = "sqlite")]
        if let Some(files) = (&mut self.inner as &mut dyn Any).downcast_mut::<SqliteFilesConnection>() {
            // It bounds by itself what it keeps prepared.
            files.open_schemas(&rendered.own_schemas())?;
            return Ok(rendered);
        }
        if rendered.is_prepared() {
            self.note_prepared(rendered.finished());
        }
        Ok(rendered.with_type_lookup_time(type_lookup_time::<C>()))
    }

    fn noting_failure<T>(&self, answer: QueryResult<T>, span: &Span) -> QueryResult<T> {
        answer.inspect_err(|error| {
            span.failed(error);
            note_failure(&self.session, error);
        })
    }
}

fn within<T>(span: &Span, work: impl FnOnce() -> T) -> T {
    let _span = span.enter();
    work()
}

/// When a connection asks the server for a type: Diesel's own at once, an async one behind Diesel's interface later.
fn type_lookup_time<C: 'static>() -> TypeLookupTime {
    match is_async_inside::<C>() {
        false => TypeLookupTime::AtOnce,
        true => TypeLookupTime::Later,
    }
}

pub(super) fn is_async_inside<C: 'static>() -> bool {
    [
        TypeId::of::<super::PostgresConnection>(),
        TypeId::of::<AsyncConnectionWrapper<PostgresConnection>>(),
        TypeId::of::<AsyncConnectionWrapper<AsyncPgConnection>>(),
    ]
    .contains(&TypeId::of::<C>())
}
