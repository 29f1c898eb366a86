use std::{ops::DerefMut, time::Duration};

use diesel::connection::LoadConnection;

use super::{BuildError, TenantPool, TenantPoolBuilder, background::Background, request::ConnectionRequest};
use crate::{
    CheckoutError, Placement, TenantConnection,
    pool::{PoolStatus, Target},
    query::TranslatedBackend,
    signals::Retirements,
};

/// What a [`TenantPool`] without async is a pool of: a kind of connection to PostgreSQL, such as Diesel's
/// `PgConnection`, or [`Sqlite`](crate::Sqlite).
///
/// Only this library implements it.
#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
pub trait Backend: Sized + 'static {
    /// What a checkout's [`TenantConnection`] wraps.
    type Connection: LoadConnection<Backend: TranslatedBackend> + 'static;

    /// The kind of database of the async pool in the background.
    type Database: crate::Backend;

    /// What the pool is built from: the URL of a server, or a folder.
    type Address;

    /// The builder of the async pool in the background.
    type Options;

    /// The connections of a pool.
    #[doc(hidden)]
    type Pool: Send + Sync + 'static;

    /// A connection that was taken from the pool, and goes back when this is dropped.
    #[doc(hidden)]
    type Lease: DerefMut<Target = TenantConnection<Self::Connection>> + Send;

    #[doc(hidden)]
    fn options(address: &Self::Address) -> Self::Options;

    #[doc(hidden)]
    fn with_wait_timeout(options: Self::Options, wait_timeout: Duration) -> Self::Options;

    /// Makes the two pools.
    #[doc(hidden)]
    fn build(
        builder: TenantPoolBuilder<Self>,
        background: &Background,
    ) -> Result<(Self::Pool, crate::TenantPool<Self::Database>), BuildError>;

    /// Looks whether a new pool works.
    #[doc(hidden)]
    fn verify(pool: &TenantPool<Self>) -> Result<(), BuildError>;

    /// Refuses a tenant that the directory places where this pool has no connections to.
    #[doc(hidden)]
    fn must_reach(target: &Target, placement: &Placement) -> Result<(), CheckoutError>;

    /// A connection under the wish's map.
    #[doc(hidden)]
    fn check_out(pool: &TenantPool<Self>, wish: &ConnectionRequest<'_>) -> Result<Self::Lease, CheckoutError>;

    #[doc(hidden)]
    fn status(pool: &TenantPool<Self>) -> PoolStatus;

    /// The connections that were not kept.
    #[doc(hidden)]
    fn retired(pool: &TenantPool<Self>) -> Retirements {
        pool.as_async().counters().retired.read()
    }

    /// Closes idle connections, and those that come back.
    #[doc(hidden)]
    fn close(connections: &Self::Pool);
}
