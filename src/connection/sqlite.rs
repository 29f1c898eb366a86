//! Connections to SQLite, and methods that only they have.

use std::sync::Arc;

use diesel::{
    QueryResult, SqliteConnection,
    query_builder::{Query, QueryFragment, QueryId},
    sqlite::Sqlite,
};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use super::{
    TenantConnection, Wrapped,
    transaction::{SendAsyncFn, end_transaction},
};
use crate::{
    backend::sqlite::connection::{AsyncSqliteConnection, SqliteTransactionManager, Statement},
    query::Rendered,
};

impl Wrapped for SyncConnectionWrapper<SqliteConnection> {}

impl Wrapped for AsyncSqliteConnection {
    // SQLite itself prepares anew what is outdated.
    const RETRIES_OUTDATED: bool = true;

    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn load_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::LoadFuture<'conn, 'query>
    where
        Q: Query + QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.load_statement(&query, statement(&query))
    }

    #[expect(private_interfaces, reason = "only the library's own connections need it")]
    fn execute_rendered<'conn, 'query, Q>(&'conn mut self, query: Rendered<Q>) -> Self::ExecuteFuture<'conn, 'query>
    where
        Q: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        self.execute_statement(&query, statement(&query))
    }
}

fn statement<Q>(query: &Rendered<Q>) -> QueryResult<Statement>
where
    Q: QueryFragment<Sqlite> + QueryId,
{
    Ok(Statement {
        text: Arc::clone(query.finished()) as _,
        binds: Statement::binds_of(query)?,
        may_be_kept: query.is_prepared(),
        own_schemas: query.own_schemas(),
    })
}

/// Transactions that lock files when they begin, on a connection and on one that translates.
macro_rules! locking_transactions {
    ($connection:ty, $inner:ident) => {
        impl $connection {
            /// A transaction that begins with the write locks of all attached files (`BEGIN IMMEDIATE`), or waits for
            /// them. [`transaction`](diesel_async::AsyncConnection::transaction) on a pool's checkout locks the
            /// tenant's file only, so that tenants don't wait for each other.
            ///
            /// # Errors
            /// The callback's error, or SQLite's on begin, commit and rollback;
            /// [`AlreadyInTransaction`](diesel::result::Error::AlreadyInTransaction) inside another transaction.
            pub async fn immediate_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
            where
                for<'r> F: AsyncFnOnce(&'r mut Self) -> Result<T, E>
                    + SendAsyncFn<&'r mut Self, Result<T, E>, Future: Send>
                    + Send,
                E: From<diesel::result::Error>,
            {
                self.transaction_by("BEGIN IMMEDIATE", callback).await
            }

            /// A transaction that begins with the exclusive locks of all attached files (`BEGIN EXCLUSIVE`). With a
            /// journal in a file of its own (WAL), which a pool's files have, others can still read.
            ///
            /// # Errors
            /// As for [`immediate_transaction`](Self::immediate_transaction).
            pub async fn exclusive_transaction<T, E, F>(&mut self, callback: F) -> Result<T, E>
            where
                for<'r> F: AsyncFnOnce(&'r mut Self) -> Result<T, E>
                    + SendAsyncFn<&'r mut Self, Result<T, E>, Future: Send>
                    + Send,
                E: From<diesel::result::Error>,
            {
                self.transaction_by("BEGIN EXCLUSIVE", callback).await
            }

            async fn transaction_by<T, E, F>(&mut self, begin: &'static str, callback: F) -> Result<T, E>
            where
                for<'r> F: AsyncFnOnce(&'r mut Self) -> Result<T, E>
                    + SendAsyncFn<&'r mut Self, Result<T, E>, Future: Send>
                    + Send,
                E: From<diesel::result::Error>,
            {
                SqliteTransactionManager::begin_with(self.$inner(), begin).await?;
                let result = callback(self).await;
                end_transaction(self.$inner(), result).await
            }
        }
    };
}

locking_transactions!(AsyncSqliteConnection, itself);
locking_transactions!(TenantConnection<AsyncSqliteConnection>, untranslated);

impl AsyncSqliteConnection {
    fn itself(&mut self) -> &mut Self {
        self
    }
}
