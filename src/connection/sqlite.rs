//! Connections to SQLite, and methods that only they have.

use std::sync::Arc;

use diesel::{
    QueryResult, SqliteConnection,
    dsl::Update,
    prelude::{AsChangeset, Identifiable},
    query_builder::{AsQuery, IntoUpdateTarget, Query, QueryFragment, QueryId, UpdateStatement},
    sqlite::Sqlite,
};
use diesel_async::{
    RunQueryDsl, TransactionManager, UpdateAndFetchResults, methods::LoadQuery,
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures_core::future::BoxFuture;

use super::{TenantConnection, Wrapped, postgres::SendAsyncFn};
use crate::{
    backend::sqlite::connection::{AsyncSqliteConnection, SqliteTransactionManager, Statement},
    query::Rendered,
};

impl Wrapped for SyncConnectionWrapper<SqliteConnection> {}

impl Wrapped for AsyncSqliteConnection {
    // SQLite itself prepares anew what is outdated.
    const HEALS: bool = true;

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
            /// them. [`transaction`](diesel_async::AsyncConnection::transaction) on a pool's checkout locks the tenant's
            /// file only, so that tenants don't wait for each other.
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
                match &result {
                    Ok(_) => SqliteTransactionManager::commit_transaction(self.$inner()).await?,
                    Err(_) => SqliteTransactionManager::rollback_transaction(self.$inner()).await?,
                }
                result
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

/// `save_changes`, by one `UPDATE … RETURNING`.
macro_rules! update_and_fetch {
    ($connection:ty) => {
        impl<'b, Changes, Output, Table, Where> UpdateAndFetchResults<Changes, Output> for $connection
        where
            Changes: Copy + AsChangeset<Target = Table> + Identifiable<Table = Table> + Send,
            Changes: IntoUpdateTarget<Table = Table, WhereClause = Where>,
            Changes::Changeset: Send + 'b,
            Table: diesel::Table<FromClause: Send> + 'b,
            Where: Send + 'b,
            UpdateStatement<Table, Where, Changes::Changeset>: AsQuery,
            Update<Changes, Changes>: LoadQuery<'b, Self, Output>,
            Output: Send + 'static,
        {
            fn update_and_fetch<'conn, 'changes>(
                &'conn mut self,
                changeset: Changes,
            ) -> BoxFuture<'changes, QueryResult<Output>>
            where
                Changes: 'changes,
                'conn: 'changes,
                Self: 'changes,
            {
                Box::pin(async move { diesel::update(changeset).set(changeset).get_result(self).await })
            }
        }
    };
}

update_and_fetch!(AsyncSqliteConnection);
update_and_fetch!(TenantConnection<AsyncSqliteConnection>);
