use std::{fmt, time::Duration};

use futures_core::future::BoxFuture;

use super::{
    MoveError, MoveReport,
    state::{Options, Run},
};
use crate::{
    IntoSchemaName, LifecycleEvent, Placement, SchemaName, SchemaNameError, TenantPool, TlsConnector,
    backend::postgres::driver::{Dial, With},
};

/// # Moving a tenant to another database
impl TenantPool {
    /// Moves a tenant to a schema of another database while it is in use, and records that in the
    /// [directory](crate::TenantDirectory).
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
    /// Writes wait only during the last part of the move; reads continue. Statements that waited then fail ("relation
    /// does not exist"), and so do those of any process that still has the old placement; repeated with the new
    /// placement, they succeed. Other processes notice the move when they look the tenant up again: within moments if
    /// they [listen](crate::TenantPoolBuilder::listen). Every acknowledged write is at the new place, exactly once.
    ///
    /// The schema at the old place becomes an archive under another name, which the pool of that database can drop by
    /// [`drop_archived`](Self::drop_archived); [`drop_source`](MoveRequest::drop_source) drops it at once.
    ///
    /// A failure or crash before the switch leaves the tenant at its old place, in service; the same call cleans up. If
    /// the old place is not in the database of the directory's tables, the switch makes two commits. After a crash
    /// between the two, the tenant can't be checked out until the call is repeated.
    ///
    /// # Errors
    /// [`MoveError`]. A table without a primary key is an error from the start, unless writes are
    /// [paused](MoveRequest::pause_writes).
    pub fn move_tenant(&self, tenant: impl IntoSchemaName, to: Placement) -> MoveRequest<'_> {
        MoveRequest {
            pool: self,
            tenant: self.tenant_name(tenant),
            to,
            options: Options {
                wait: Duration::from_secs(10),
                pauses_writes: false,
                drops_source: false,
                spares_suspended: false,
            },
            only_from: None,
            dial: None,
        }
    }
}

/// Moves a tenant when awaited. See [`TenantPool::move_tenant`].
#[must_use = "a request does nothing until it is awaited"]
pub struct MoveRequest<'a> {
    pool: &'a TenantPool,
    tenant: Result<SchemaName, SchemaNameError>,
    to: Placement,
    options: Options,
    only_from: Option<Placement>,
    dial: Option<Box<dyn Dial>>,
}

impl MoveRequest<'_> {
    /// Moves the tenant only from this place: if it lives elsewhere, because it was moved since a plan was made, the
    /// move fails with [`MoveError::Elsewhere`]. Default: from wherever it lives.
    pub fn only_from(mut self, place: Placement) -> Self {
        self.only_from = Some(place);
        self
    }

    /// Leaves the tenant where it is if it is suspended: the move fails with [`MoveError::Suspended`]. Default: a
    /// suspended tenant is moved, and is suspended there, too.
    pub fn unless_suspended(mut self) -> Self {
        self.options.spares_suspended = true;
        self
    }

    /// How long to wait for transactions that write to the tenant, before the copy and before the switch. Default: 10
    /// seconds. Meanwhile other statements wait for at most a quarter of a second at a time. If any lock takes longer
    /// than `wait`, the move fails.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.options.wait = wait;
        self
    }

    /// Makes writes wait for the whole copy: for tables without a primary key, or where no triggers may be created.
    /// Default: no.
    ///
    /// If a `TRUNCATE` or DDL waits, reads of its table wait behind it, and so does the copy: such a move fails after
    /// [`wait`](Self::wait).
    pub fn pause_writes(mut self) -> Self {
        self.options.pauses_writes = true;
        self
    }

    /// Drops the schema at the old place after the switch. Default: it becomes an archive.
    pub fn drop_source(mut self) -> Self {
        self.options.drops_source = true;
        self
    }

    /// How to connect with TLS, as for [`ExportRequest::tls`](crate::transfer::ExportRequest::tls). Default: without
    /// TLS.
    pub fn tls<T: TlsConnector>(mut self, tls: T) -> Self {
        self.dial = Some(Box::new(With(tls)));
        self
    }
}

impl<'a> IntoFuture for MoveRequest<'a> {
    type Output = Result<MoveReport, MoveError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                pool,
                tenant,
                to,
                options,
                only_from,
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
                only_from: only_from.as_ref(),
                dial,
            };
            pool.hooked(&event, run.run()).await
        })
    }
}

impl fmt::Debug for MoveRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveRequest")
            .field("tenant", &self.tenant)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
