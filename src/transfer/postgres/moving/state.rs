//! What all steps of a move share.

use std::{sync::Arc, time::Duration};

use tokio_postgres::Error;

use super::{
    MoveError,
    journal::run_with_table_locks,
    site::{Site, lock},
};
use crate::{
    LifecycleError, LifecycleEvent, Placement, SchemaName, TenantPool,
    backend::postgres::driver::{Dial, DriverSession},
};

/// A move in progress.
pub(super) struct Run<'a> {
    pub(super) pool: &'a TenantPool,
    pub(super) tenant: &'a SchemaName,
    pub(super) to: &'a Placement,
    pub(super) event: &'a LifecycleEvent,
    pub(super) options: Options,
    pub(super) only_from: Option<&'a Placement>,
    pub(super) dial: Option<Box<dyn Dial>>,
}

/// The options of a move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) wait: Duration,
    pub(super) pauses_writes: bool,
    pub(super) drops_source: bool,
    pub(super) spares_suspended: bool,
}

/// Sessions that hold the locks of a move.
pub(super) struct Sessions<'a> {
    /// The session in the pool's own database.
    pub(super) home: &'a Arc<DriverSession>,
    /// The session in the tenant's old database, which does all work there.
    pub(super) guard: &'a Arc<DriverSession>,
    /// The session in the tenant's new database.
    pub(super) writer: &'a Arc<DriverSession>,
}

impl Run<'_> {
    /// A session that holds the lock on a schema.
    pub(super) async fn hold(&self, site: &Site, dial: &dyn Dial) -> Result<Arc<DriverSession>, MoveError> {
        if site.pool.migration_connector().may_be_pooled() {
            return Err(MoveError::NeedsSession {
                tenant: self.tenant.clone(),
            });
        }
        let session = site.connect(dial, self.event).await?;
        let patience = site.pool.migration_lock_timeout();
        let failed = self.server("to lock it");
        lock(&session, &site.schema, patience, self.event, failed).await?;
        Ok(Arc::new(session))
    }

    /// Leaves a transaction open.
    pub(super) async fn run_with_table_locks(&self, session: &DriverSession, sql: &str) -> Result<(), MoveError> {
        let waited = self.options.wait;
        match run_with_table_locks(session, sql, waited).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MoveError::InUse {
                tenant: self.tenant.clone(),
                waited,
            }),
            Err(source) => Err(self
                .server("to lock its tables, or to create or remove what the move needs there,")(
                source,
            )),
        }
    }

    pub(super) fn server(&self, attempt: &'static str) -> impl Fn(Error) -> MoveError {
        move |source| MoveError::Server {
            tenant: self.tenant.clone(),
            attempt,
            source,
        }
    }

    pub(super) fn untold(&self, source: Error) -> MoveError {
        MoveError::Untold {
            tenant: self.tenant.clone(),
            to: Box::new(self.to.clone()),
            source,
        }
    }

    pub(super) fn not_found(&self) -> MoveError {
        MoveError::Lifecycle(LifecycleError::NotFound {
            tenant: self.tenant.clone(),
        })
    }
}
