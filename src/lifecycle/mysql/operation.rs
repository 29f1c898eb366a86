//! One operation on tenants' databases, between the hooks.
//!
//! The directory's tables are in the shared database, like the registry of the tenants' databases. So what the directory
//! says changes in the last transaction of an operation, together with the tenant's status. Whether it accepts the change
//! is found out before the first step.

use std::sync::Arc;

use super::of_life;
use crate::{
    LifecycleError, Mysql, SchemaName, TenantPool,
    backend::mysql::{Server, lifecycle::OperationError, to_the_end},
    tenancy::{DirectoryChange, LifecycleEvent},
};

impl TenantPool<Mysql> {
    /// Runs an operation on some tenants of this server, between the hooks. Once begun, it goes on if the future is
    /// dropped. Refuses first an operation of which the directory would not learn.
    pub(super) async fn operate<T, F>(
        &self,
        event: &LifecycleEvent,
        tenants: &[&SchemaName],
        work: impl FnOnce(Server) -> F,
    ) -> Result<T, LifecycleError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, OperationError>> + Send + 'static,
    {
        self.keep_to_directory(event).await?;
        let work = work(self.recording_server());
        self.between_hooks(event, self.do_to(event, tenants, work)).await
    }

    /// Works on some tenants. Once begun, the work goes on if the future is dropped.
    pub(super) async fn do_to<T: Send + 'static>(
        &self,
        event: &LifecycleEvent,
        tenants: &[&SchemaName],
        work: impl Future<Output = Result<T, OperationError>> + Send + 'static,
    ) -> Result<T, LifecycleError> {
        let (pool, event_done) = (self.clone(), event.clone());
        let names: Vec<SchemaName> = tenants.iter().map(|&tenant| tenant.clone()).collect();
        to_the_end(async move {
            let done = work.await;
            // Other processes learn of it by the registry's version.
            pool.forget(&names);
            done.map_err(|error| of_life(&event_done, pool.shared_schema(), error))
        })
        .await
    }

    /// The server, on which operations tell the directory what they did.
    pub(crate) fn recording_server(&self) -> Server {
        let pool = self.clone();
        let record = move |change: &DirectoryChange<'_>| pool.directory()?.record(change, &pool);
        self.mysql_server().recording(Arc::new(record))
    }

    pub(crate) fn forget(&self, tenants: &[SchemaName]) {
        self.mysql().known.forget_all();
        for tenant in tenants {
            if let Some(remembered) = self.remembered() {
                remembered.known.forget(tenant);
            }
        }
    }
}
