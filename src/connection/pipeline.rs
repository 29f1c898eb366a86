//! Pipelining: several queries at once through a shared reference, as diesel-async offers it.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};

use super::{
    ExecuteFuture, LoadFuture, Rows, TenantConnection,
    wrapped::{execute, load},
};

type Shared<'a> = &'a AsyncPgConnection;

impl SimpleAsyncConnection for &TenantConnection<AsyncPgConnection> {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let finished = self.render_batch(sql)?;
        let mut waiting = self.session.wait(false);
        waiting.begun();
        let answer = SimpleAsyncConnection::batch_execute(&mut &self.inner, &finished.sql).await;
        waiting.answered(answer.is_ok());
        answer
    }
}

impl<'a> AsyncConnectionCore for &'a TenantConnection<AsyncPgConnection> {
    type ExecuteFuture<'conn, 'query> =
        ExecuteFuture<'a, <Shared<'a> as AsyncConnectionCore>::ExecuteFuture<'a, 'query>>;
    type LoadFuture<'conn, 'query> = LoadFuture<'a, <Shared<'a> as AsyncConnectionCore>::LoadFuture<'a, 'query>>;
    type Stream<'conn, 'query> = Rows<'a, <Shared<'a> as AsyncConnectionCore>::Stream<'conn, 'query>>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<Pg, _>(source.as_query());
        let may_resend = self.session.may_resend();
        let sent = rendered.map(|query| load(&self.inner, query, may_resend));
        LoadFuture::new(self.session.wait(false), sent)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let rendered = self.render::<Pg, _>(source);
        let may_resend = self.session.may_resend();
        let sent = rendered.map(|query| execute(&self.inner, query, may_resend));
        ExecuteFuture::new(self.session.wait(false), sent)
    }
}
