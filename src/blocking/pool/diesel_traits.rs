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
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
    query_dsl::UpdateAndFetchResults,
    r2d2::R2D2Connection,
};

use super::Checkout;
use crate::{TenantConnection, connection::TenantTransactionManager};

impl<C> SimpleConnection for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        (**self).batch_execute(sql)
    }
}

impl<C> ConnectionSealed for Checkout<C> where C: R2D2Connection + LoadConnection<Backend = Pg> + 'static {}

impl<C> Connection for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    type Backend = Pg;
    type TransactionManager = CheckoutTransactionManager<C::TransactionManager>;

    /// Always an error: only a pool makes checkouts.
    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection("only a pool makes checkouts".to_owned()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
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

impl<C, Mode> LoadConnection<Mode> for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + LoadConnection<Mode> + 'static,
{
    type Cursor<'conn, 'query> = <TenantConnection<C> as LoadConnection<Mode>>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <TenantConnection<C> as LoadConnection<Mode>>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: QueryMetadata<T::SqlType>,
    {
        <TenantConnection<C> as LoadConnection<Mode>>::load(&mut **self, source)
    }
}

/// Runs transactions and savepoints on a checkout's connection.
#[derive(Debug)]
pub struct CheckoutTransactionManager<TM>(PhantomData<fn() -> TM>);

impl<C, TM> TransactionManager<Checkout<C>> for CheckoutTransactionManager<TM>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + Connection<TransactionManager = TM> + 'static,
    TM: TransactionManager<C>,
{
    type TransactionStateData = TM::TransactionStateData;

    fn begin_transaction(conn: &mut Checkout<C>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::begin_transaction(&mut **conn)
    }

    fn rollback_transaction(conn: &mut Checkout<C>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::rollback_transaction(&mut **conn)
    }

    fn commit_transaction(conn: &mut Checkout<C>) -> QueryResult<()> {
        TenantTransactionManager::<TM>::commit_transaction(&mut **conn)
    }

    fn transaction_manager_status_mut(conn: &mut Checkout<C>) -> &mut TransactionManagerStatus {
        TenantTransactionManager::<TM>::transaction_manager_status_mut(&mut **conn)
    }

    fn is_broken_transaction_manager(conn: &mut Checkout<C>) -> bool {
        TenantTransactionManager::<TM>::is_broken_transaction_manager(&mut **conn)
    }
}

/// Diesel's migrations, run under the checkout's map; see the same of [`TenantConnection`].
impl<C> MigrationConnection for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + MigrationConnection + 'static,
{
    fn setup(&mut self) -> QueryResult<usize> {
        (**self).setup()
    }
}

impl<C, Changes, Output> UpdateAndFetchResults<Changes, Output> for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
    TenantConnection<C>: UpdateAndFetchResults<Changes, Output>,
{
    fn update_and_fetch(&mut self, changeset: Changes) -> QueryResult<Output> {
        (**self).update_and_fetch(changeset)
    }
}
