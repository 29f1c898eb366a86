//! `save_changes`, by one `UPDATE … RETURNING`.

use diesel::{
    QueryResult, Table,
    dsl::Update,
    pg::Pg,
    prelude::{AsChangeset, Identifiable},
    query_builder::{AsQuery, IntoUpdateTarget, UpdateStatement},
};
use diesel_async::{AsyncConnection, RunQueryDsl, UpdateAndFetchResults, methods::LoadQuery};
use futures_core::future::BoxFuture;

use super::{TenantConnection, Wrapped};
use crate::PostgresConnection;
#[cfg(feature = "sqlite")]
use crate::backend::sqlite::connection::AsyncSqliteConnection;

/// Implements it for a connection. Diesel's trait is foreign, so one implementation can't cover all of them.
macro_rules! save_changes {
    ($connection:ty $(, $inner:ident: $($bounds:tt)+)?) => {
        impl<'b, $($inner,)? Changes, Output, Updated, Where> UpdateAndFetchResults<Changes, Output> for $connection
        where
            $($inner: $($bounds)+,)?
            Changes: Copy + AsChangeset<Target = Updated> + Identifiable<Table = Updated> + Send,
            Changes: IntoUpdateTarget<Table = Updated, WhereClause = Where>,
            Changes::Changeset: Send + 'b,
            Updated: Table<FromClause: Send> + 'b,
            Where: Send + 'b,
            UpdateStatement<Updated, Where, Changes::Changeset>: AsQuery,
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

save_changes!(PostgresConnection);
save_changes!(TenantConnection<C>, C: AsyncConnection<Backend = Pg> + Wrapped + 'static);
#[cfg(feature = "sqlite")]
save_changes!(AsyncSqliteConnection);
#[cfg(feature = "sqlite")]
save_changes!(TenantConnection<AsyncSqliteConnection>);
