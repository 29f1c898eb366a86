//! What a pool asks of a kind of database: the trait `Backend`. Each kind implements it in a folder of `backends`.

use std::{ops::DerefMut, sync::Arc};

use diesel_async::{AsyncConnection, AsyncConnectionCore, pooled_connection::PoolableConnection};

use super::{
    Checkout, CheckoutError, DatabaseStatistics, PoolStatus, TenantInfo, TenantPool, checkouts::ConnectionRequest,
};
use crate::{
    SchemaName, SchemaNameError, TenantConnection,
    connection::Wrapped,
    query::{TranslatedBackend, Translation},
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// A kind of database under a [`TenantPool`].
///
/// Only this library implements it: [`Postgres`], `Sqlite` with the feature `sqlite`, and `Mysql` with the feature
/// `mysql`. What every kind of database can do is a method of `TenantPool<B>` for any `B`. What only one kind can do is
/// a method of that pool alone, so that nothing else compiles.
#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
pub trait Backend: Sized + Send + Sync + 'static {
    /// What a checkout's [`TenantConnection`] wraps.
    type Connection: AsyncConnection + PoolableConnection + Wrapped + 'static;

    /// The name of this kind of database, by OpenTelemetry's conventions.
    #[doc(hidden)]
    const SYSTEM: &'static str = <<Self::Connection as AsyncConnectionCore>::Backend as TranslatedBackend>::SYSTEM;

    /// What a pool of this kind holds besides what all pools hold.
    #[doc(hidden)]
    type Pool: Send + Sync + 'static;

    /// A connection that was taken from the pool.
    #[doc(hidden)]
    type Lease: DerefMut<Target = TenantConnection<Self::Connection>> + Send + 'static;

    /// A connection for a request, to the database that was asked for.
    #[doc(hidden)]
    fn check_out(
        pool: &TenantPool<Self>,
        request: &ConnectionRequest<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> impl Future<Output = Result<Checkout<Self>, CheckoutError>> + Send;

    /// Takes back a connection, for the next checkout or to close it. `id` is that of the connection which was handed
    /// out.
    #[doc(hidden)]
    fn take_back(lease: Self::Lease, id: u64);

    /// Closes a connection.
    #[doc(hidden)]
    fn discard(lease: Self::Lease);

    /// What is remembered of the schema behind a map, in that database, if it is still fresh.
    #[doc(hidden)]
    fn known(pool: &TenantPool<Self>, database: Option<&str>, map: &SchemaTranslateMap) -> Option<Arc<Translation>>;

    /// The names that this kind of database reserves, besides those of all pools.
    #[doc(hidden)]
    fn check_name(pool: &TenantPool<Self>, name: &SchemaName) -> Result<(), SchemaNameError>;

    /// All tenants that the database itself knows, of every status, sorted by name.
    #[doc(hidden)]
    fn all_tenants(pool: &TenantPool<Self>) -> impl Future<Output = Result<Vec<TenantInfo>, CheckoutError>> + Send;

    /// The numbers of tables and bytes in a schema.
    #[doc(hidden)]
    fn size_of(
        pool: &TenantPool<Self>,
        schema: &SchemaName,
    ) -> impl Future<Output = Result<Option<(u64, u64)>, CheckoutError>> + Send;

    #[doc(hidden)]
    fn status(pool: &TenantPool<Self>) -> PoolStatus;

    /// The figures of each database to which connections are open, the pool's own first.
    #[doc(hidden)]
    fn databases(pool: &TenantPool<Self>) -> Vec<DatabaseStatistics> {
        let counters = pool.counters();
        vec![DatabaseStatistics::of(&counters.database, Self::status(pool), counters)]
    }

    /// The figures of what the pool remembers of tenants' schemas.
    #[doc(hidden)]
    fn known_tenants(pool: &TenantPool<Self>) -> CacheStatistics;

    #[doc(hidden)]
    fn close(pool: &TenantPool<Self>);
}

/// PostgreSQL: each tenant is a schema.
#[derive(Debug, Clone, Copy)]
pub enum Postgres {}
