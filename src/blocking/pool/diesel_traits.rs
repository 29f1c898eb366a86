//! A checkout as a connection of Diesel.

use std::marker::PhantomData;

use diesel::{
    ConnectionError, ConnectionResult, QueryResult,
    connection::{
        CacheSize, Connection, ConnectionSealed, Instrumentation, LoadConnection, SimpleConnection, TransactionManager,
        TransactionManagerStatus,
    },
    expression::QueryMetadata,
    migration::MigrationConnection,
    query_builder::{Query, QueryFragment, QueryId},
    query_dsl::UpdateAndFetchResults,
};

use super::{Backend, Checkout};
use crate::{TenantConnection, connection::TenantTransactionManager};

/// The database of the connections of a pool.
type DatabaseOf<B> = <<B as Backend>::Connection as Connection>::Backend;

impl<B: Backend> SimpleConnection for Checkout<B> {
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        (**self).batch_execute(sql)
    }
}

impl<B: Backend> ConnectionSealed for Checkout<B> {}

impl<B: Backend> Connection for Checkout<B> {
    type Backend = DatabaseOf<B>;
    type TransactionManager = CheckoutTransactionManager<<B::Connection as Connection>::TransactionManager>;

    /// Always an error: only a pool makes checkouts.
    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection("only a pool makes checkouts".to_owned()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<DatabaseOf<B>> + QueryId,
    {
        (**self).execute_returning_count(source)
    }

    fn transaction_state(
        &mut self,
    ) -> &mut <Self::TransactionManager as TransactionManager<Self>>::TransactionStateData {
        (**self).transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        (**self).instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        (**self).set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        (**self).set_prepared_statement_cache_size(size);
    }
}

impl<B, Mode> LoadConnection<Mode> for Checkout<B>
where
    B: Backend<Connection: LoadConnection<Mode>>,
{
    type Cursor<'conn, 'query> = <TenantConnection<B::Connection> as LoadConnection<Mode>>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <TenantConnection<B::Connection> as LoadConnection<Mode>>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<DatabaseOf<B>> + QueryId + 'query,
        DatabaseOf<B>: QueryMetadata<T::SqlType>,
    {
        <TenantConnection<B::Connection> as LoadConnection<Mode>>::load(&mut **self, source)
    }
}

/// Runs transactions and savepoints on a checkout's connection.
#[derive(Debug)]
pub struct CheckoutTransactionManager<TM>(PhantomData<fn() -> TM>);

impl<B, TM> TransactionManager<Checkout<B>> for CheckoutTransactionManager<TM>
where
    B: Backend<Connection: Connection<TransactionManager = TM>>,
    TM: TransactionManager<B::Connection>,
{
    type TransactionStateData = TM::TransactionStateData;

    fn begin_transaction(conn: &mut Checkout<B>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::begin_transaction(&mut **conn)
    }

    fn rollback_transaction(conn: &mut Checkout<B>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::rollback_transaction(&mut **conn)
    }

    fn commit_transaction(conn: &mut Checkout<B>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::commit_transaction(&mut **conn)
    }

    fn transaction_manager_status_mut(conn: &mut Checkout<B>) -> &mut TransactionManagerStatus {
        TenantTransactionManager::<TM>::transaction_manager_status_mut(&mut **conn)
    }

    fn is_broken_transaction_manager(conn: &mut Checkout<B>) -> bool {
        TenantTransactionManager::<TM>::is_broken_transaction_manager(&mut **conn)
    }
}

/// Diesel's migrations, run under the checkout's map; see the same of [`TenantConnection`].
impl<B> MigrationConnection for Checkout<B>
where
    B: Backend<Connection: MigrationConnection>,
{
    fn setup(&mut self) -> QueryResult<usize> {
        (**self).setup()
    }
}

impl<B, Changes, Output> UpdateAndFetchResults<Changes, Output> for Checkout<B>
where
    B: Backend,
    TenantConnection<B::Connection>: UpdateAndFetchResults<Changes, Output>,
{
    fn update_and_fetch(&mut self, changeset: Changes) -> QueryResult<Output> {
        (**self).update_and_fetch(changeset)
    }
}
