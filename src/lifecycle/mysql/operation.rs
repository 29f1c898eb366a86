//! One operation on tenants' databases, between the hooks.
//!
//! The directory's tables are in the shared database, like the registry of the tenants' databases. So what the directory
//! says changes in the last transaction of an operation, together with the tenant's status.

use std::sync::Arc;

use super::of_life;
use crate::{
    LifecycleError, Mysql, SchemaName, TenantPool,
    backend::mysql::{Server, lives::LifeError, to_the_end},
    tenancy::{DirectoryChange, LifecycleEvent},
};

impl TenantPool<Mysql> {
    /// Runs an operation on some tenants, between the hooks. Once begun, it goes on if the future is dropped.
    pub(super) async fn operate<T, F>(
        &self,
        event: &LifecycleEvent,
        tenants: &[&SchemaName],
        work: impl FnOnce(Server) -> F,
    ) -> Result<T, LifecycleError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LifeError>> + Send + 'static,
    {
        let (pool, event_done) = (self.clone(), event.clone());
        let names: Vec<SchemaName> = tenants.iter().map(|&tenant| tenant.clone()).collect();
        let work = work(self.recording_server());
        let operation = to_the_end(async move {
            let done = work.await;
            // Other processes learn of it by the registry's version.
            pool.forget(&names);
            done.map_err(|error| of_life(&event_done, error))
        });
        self.between_hooks(event, operation).await
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
