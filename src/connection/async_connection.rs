//! `TenantConnection` as a connection of diesel-async.

use diesel::{
    ConnectionResult, QueryResult,
    connection::{CacheSize, Instrumentation},
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, TransactionManager,
    pooled_connection::PoolableConnection,
};

use super::{Condition, ExecuteFuture, LoadFuture, Rows, TenantConnection, TenantTransactionManager, Wrapped};
use crate::translate::SchemaTranslateMap;

impl<C: Wrapped> SimpleAsyncConnection for TenantConnection<C> {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let finished = self.render_batch::<C::Backend>(sql)?;
        let span = self.span_of::<C::Backend>(&finished);
        let mut waiting = self.session.wait(true).within(span.clone());
        waiting.begun();
        let answer = span.run(self.inner.batch_execute(&finished.sql)).await;
        if let Err(error) = &answer {
            self.session.failed_in_transaction(error);
            waiting.span().failed(error);
        }
        waiting.answered(answer.is_ok());
        answer
    }
}

impl<C: Wrapped> AsyncConnectionCore for TenantConnection<C> {
    type ExecuteFuture<'conn, 'query> = ExecuteFuture<'conn, C::ExecuteFuture<'conn, 'query>>;
    type LoadFuture<'conn, 'query> = LoadFuture<'conn, C::LoadFuture<'conn, 'query>>;
    type Stream<'conn, 'query> = Rows<'conn, C::Stream<'conn, 'query>>;
    type Row<'conn, 'query> = C::Row<'conn, 'query>;
    type Backend = C::Backend;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<C::Backend, _>(source.as_query());
        let span = self.span_of_rendered::<C::Backend, _>(&rendered);
        let rendered = rendered.map(|query| self.bounded(query));
        let sent = rendered.map(|query| self.inner.load_rendered(query));
        let waiting = self.session.wait(true).within(span);
        LoadFuture::new(waiting.retrying_outdated(C::RETRIES_OUTDATED), sent)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<C::Backend, _>(source);
        let span = self.span_of_rendered::<C::Backend, _>(&rendered);
        let rendered = rendered.map(|query| self.bounded(query));
        let sent = rendered.map(|query| self.inner.execute_rendered(query));
        let waiting = self.session.wait(true).within(span);
        ExecuteFuture::new(waiting.retrying_outdated(C::RETRIES_OUTDATED), sent)
    }
}

impl<C> AsyncConnection for TenantConnection<C>
where
    C: AsyncConnection + Wrapped,
{
    type TransactionManager = TenantTransactionManager<C::TransactionManager>;

    /// Connects with an empty map: pinned tables only. Use [`TenantConnection::new`] to choose a map.
    async fn establish(database_url: &str) -> ConnectionResult<Self> {
        let connection = C::establish(database_url).await?;
        Ok(Self::new(connection, SchemaTranslateMap::new()))
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

impl<C: Wrapped> Wrapped for TenantConnection<C> {}

/// For pools other than [`TenantPool`](crate::TenantPool), in which all connections have one map, so that state left on
/// a session stays with its tenant. Choose the map in the pool's custom setup: `establish` gives an empty one.
impl<C> PoolableConnection for TenantConnection<C>
where
    C: PoolableConnection + Wrapped,
{
    fn is_broken(&mut self) -> bool {
        self.condition() == Condition::Interrupted || self.inner.is_broken()
    }
}
