use std::{fmt, time::Duration};

use futures_core::future::BoxFuture;
use tokio_postgres::{
    Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

use super::{MoveError, run::Run};
use crate::{
    IntoSchemaName, LifecycleEvent, Placement, SchemaName, SchemaNameError, TenantPool,
    transfer::tls::{Dial, With},
};

impl TenantPool {
    /// Moves a tenant to a schema of another database, and notes that in the [directory](crate::TenantDirectory), while the tenant is in use.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::Placement;
    ///
    /// let moved = pool.move_tenant("client1", Placement::schema("client1".parse()?).in_database("shard2")).await?;
    /// println!("{} rows; writes waited for {:?}", moved.rows, moved.paused);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Writes are paused for the last of it only: those that come wait then, reads go on. When it is done, what waited fails ("relation does not
    /// exist"), and so does whoever still knows the old place; done again, it goes to the new one. Other processes know it when they look it up
    /// again: within moments, if they [listen](crate::TenantPoolBuilder::listen). What was acknowledged is there, once.
    ///
    /// The schema at the old place is kept as an archive, under another name, for [`drop_archived`](Self::drop_archived) of that database's pool;
    /// or dropped, by [`drop_source`](MoveTenant::drop_source).
    ///
    /// Until the switch, a failure or crash leaves the tenant where it was, and served; what is left over, the same call cleans up. If neither
    /// place is in the database of the directory's tables, or the old one isn't, a crash in the moment between two commits leaves a tenant that nobody
    /// gets until the same call is made again.
    ///
    /// # Errors
    /// [`MoveError`]. Tables without a primary key are one from the start, unless writes are [paused](MoveTenant::pause_writes).
    pub fn move_tenant(&self, tenant: impl IntoSchemaName, to: Placement) -> MoveTenant<'_> {
        MoveTenant {
            pool: self,
            tenant: self.tenant_name(tenant),
            to,
            options: Options {
                wait: Duration::from_secs(10),
                pauses_writes: false,
                drops_source: false,
            },
            dial: None,
        }
    }
}

/// A tenant to be moved, once it is awaited. See [`TenantPool::move_tenant`].
#[must_use = "a request does nothing until it is awaited"]
pub struct MoveTenant<'a> {
    pool: &'a TenantPool,
    tenant: Result<SchemaName, SchemaNameError>,
    to: Placement,
    options: Options,
    dial: Option<Box<dyn Dial>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) wait: Duration,
    pub(super) pauses_writes: bool,
    pub(super) drops_source: bool,
}

/// What was moved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// How many tables, the version table and partitions included.
    pub tables: usize,
    /// How many rows were copied at first.
    pub rows: u64,
    /// How many changes were replayed that were made meanwhile.
    pub changes: u64,
    /// For how long no write was let in.
    pub paused: Duration,
    /// The schema at the old place that keeps what was there.
    pub archive: Option<SchemaName>,
    /// What could not be done after the switch, with the server's reason. The tenant is served all the same. Foreign keys that could not be
    /// checked are when the same call is made again; an archive that could not be dropped is dropped by hand.
    pub left: Vec<String>,
}

impl MoveTenant<'_> {
    /// How long transactions that write to the tenant are waited for: before the copy, and before the switch. Default: 10 seconds. While they are
    /// waited for, others wait a quarter of a second at a time. No lock is waited for any longer: else the move is given up.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.options.wait = wait;
        self
    }

    /// Keeps writes waiting for the whole copy: for tables without a primary key, or where no triggers may be made. Default: no.
    ///
    /// Where a `TRUNCATE` or DDL waits, who reads its table waits behind it, and the copy too: such a move is given up after [`wait`](Self::wait).
    pub fn pause_writes(mut self) -> Self {
        self.options.pauses_writes = true;
        self
    }

    /// Drops the schema at the old place after the switch. Default: it becomes an archive.
    pub fn drop_source(mut self) -> Self {
        self.options.drops_source = true;
        self
    }

    /// How to connect with TLS, as for [`ExportTenant::tls`](crate::transfer::ExportTenant::tls). Default: without TLS.
    pub fn tls<T>(mut self, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.dial = Some(Box::new(With(tls)));
        self
    }
}

impl<'a> IntoFuture for MoveTenant<'a> {
    type Output = Result<Moved, MoveError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                pool,
                tenant,
                to,
                options,
                dial,
            } = self;
            let tenant = tenant?;
            let event = LifecycleEvent::Move {
                tenant: tenant.clone(),
                to: to.clone(),
            };
            let run = Run {
                pool,
                tenant: &tenant,
                to: &to,
                event: &event,
                options,
                dial,
            };
            pool.hooked(&event, run.run()).await
        })
    }
}

impl fmt::Debug for MoveTenant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveTenant")
            .field("tenant", &self.tenant)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
