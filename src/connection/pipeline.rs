//! Pipelining: several queries at once through a shared reference, as diesel-async offers it.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{AsyncConnectionCore, SimpleAsyncConnection};

use super::{
    ExecuteFuture, LoadFuture, Rows, TenantConnection,
    postgres::{execute, load},
};
use crate::backend::postgres::engine::{PostgresConnection, PostgresExecute, PostgresLoad, PostgresRow, PostgresRows};

impl SimpleAsyncConnection for &TenantConnection<PostgresConnection> {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let finished = self.render_batch::<Pg>(sql)?;
        let span = self.span_of::<Pg>(&finished);
        let mut waiting = self.session.wait(false).within(span.clone());
        waiting.begun();
        let answer = span.run(self.inner.run_batch(&finished.sql)).await;
        if let Err(error) = &answer {
            waiting.span().failed(error);
        }
        waiting.answered(answer.is_ok());
        answer
    }
}

impl<'a> AsyncConnectionCore for &'a TenantConnection<PostgresConnection> {
    type ExecuteFuture<'conn, 'query> = ExecuteFuture<'a, PostgresExecute<'a>>;
    type LoadFuture<'conn, 'query> = LoadFuture<'a, PostgresLoad<'a>>;
    type Stream<'conn, 'query> = Rows<'a, PostgresRows<'a>>;
    type Row<'conn, 'query> = PostgresRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<Pg, _>(source.as_query());
        let span = self.span_of_rendered::<Pg, _>(&rendered);
        let sent = rendered.map(|query| load(&self.inner, &query));
        LoadFuture::new(self.session.wait(false).within(span).retrying_outdated(true), sent)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<Pg, _>(source);
        let span = self.span_of_rendered::<Pg, _>(&rendered);
        let sent = rendered.map(|query| execute(&self.inner, &query));
        ExecuteFuture::new(self.session.wait(false).within(span).retrying_outdated(true), sent)
    }
}
