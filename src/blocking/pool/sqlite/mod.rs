//! SQLite under a pool without async: each connection has the files of one tenant and of the shared schema.
//!
//! r2d2 hands out any of its connections, whichever tenant asks. Here a connection fits one tenant only, so the pool
//! keeps idle connections by tenant, as the async pool does and by its rules: `pool/backends/sqlite` has which files a
//! connection needs, which of them are kept, and when they have to be closed.

mod check_out;
mod lease;

use std::{sync::Arc, time::Duration};

use self::lease::Lease;
use super::{
    Backend, BuildError, TenantPool, TenantPoolBuilder, background::Background, builder::IN_BACKGROUND,
    request::ConnectionRequest,
};
use crate::{
    CheckoutError, Placement, Sqlite, SqliteFolder, SqlitePoolBuilder,
    backend::sqlite::connection::SqliteFilesConnection,
    pool::{
        Database, PoolStatus, Target,
        backends::sqlite::{Idle, KeepsIdle, Permits, must_be_a_file},
    },
    signals::Retirements,
    tenancy::Tables,
};

/// The connections of a pool.
pub struct Connections {
    idle: Arc<Idle<SqliteFilesConnection>>,
    permits: Arc<Permits>,
}

#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl Backend for Sqlite {
    type Connection = SqliteFilesConnection;
    type Database = Sqlite;
    type Address = SqliteFolder;
    type Options = SqlitePoolBuilder;
    type Pool = Connections;
    type Lease = Lease;

    fn options(address: &SqliteFolder) -> SqlitePoolBuilder {
        address.clone().into_builder().max_size(IN_BACKGROUND)
    }

    fn with_wait_timeout(options: SqlitePoolBuilder, wait_timeout: Duration) -> SqlitePoolBuilder {
        options.wait_timeout(wait_timeout)
    }

    fn build(
        builder: TenantPoolBuilder<Self>,
        background: &Background,
    ) -> Result<(Connections, crate::TenantPool<Sqlite>), BuildError> {
        let TenantPoolBuilder {
            address: _,
            max_size,
            options,
        } = builder;
        let max_idle = options.most_idle();
        let idle = Arc::new(Idle::new(max_idle));
        let options = options
            .max_idle(max_idle.min(IN_BACKGROUND))
            .releasing(Arc::clone(&idle) as Arc<dyn KeepsIdle>);
        let tenants = background.run(options.build())?;
        let max_size = usize::try_from(max_size).unwrap_or(usize::MAX);
        let permits = Arc::new(Permits::new(max_size));
        Ok((Connections { idle, permits }, tenants))
    }

    fn verify(_: &TenantPool<Self>) -> Result<(), BuildError> {
        Ok(())
    }

    fn must_reach(target: &Target, placement: &Placement) -> Result<(), CheckoutError> {
        let shares_tables = match placement.tables {
            Tables::Schema(_) => false,
            Tables::Rows(_) => true,
        };
        must_be_a_file(target, placement.database.as_deref(), shares_tables)
    }

    fn check_out(pool: &TenantPool<Self>, request: &ConnectionRequest<'_>) -> Result<Lease, CheckoutError> {
        check_out::check_out(pool, request)
    }

    fn status(pool: &TenantPool<Self>) -> PoolStatus {
        let Connections { idle, permits } = &pool.0.connections;
        PoolStatus {
            max_size: permits.max_size(),
            size: permits.taken() + idle.count(),
            available: idle.count(),
            waiting: permits.waiting(),
        }
    }

    fn retired(pool: &TenantPool<Self>) -> Retirements {
        pool.0.connections.idle.retired.read()
    }

    fn close(connections: &Connections) {
        connections.permits.close();
        connections.idle.close();
    }
}

/// # SQLite
impl TenantPoolBuilder<Sqlite> {
    /// Creates the folder if it is missing, with all folders above it. Default: a missing folder is an error.
    pub fn create_folder(self) -> Self {
        self.options(SqlitePoolBuilder::create_folder)
    }

    /// How many connections are kept open when they are not in use, each for one tenant. Default: 32. See
    /// [`SqlitePoolBuilder::max_idle`].
    pub fn max_idle(self, max_idle: usize) -> Self {
        self.options(|options| options.max_idle(max_idle))
    }

    /// How long a statement waits for another connection that writes to the same file. Default: 5 seconds.
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        self.options(|options| options.busy_timeout(busy_timeout))
    }
}
