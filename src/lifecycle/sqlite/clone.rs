use futures_core::future::BoxFuture;

use crate::{
    CloneError, IntoSchemaName, LifecycleError, Sqlite, TenantPool, backend::sqlite::files::FILE_LOCK_TIMEOUT,
    lifecycle::CloneRequest, tenancy::LifecycleEvent,
};

/// # Cloning a tenant
impl TenantPool<Sqlite> {
    /// Creates a tenant as a copy of another one, which may be in use: its structure, its rows as of one moment, and
    /// the versions of its migrations.
    ///
    /// # Errors
    /// [`CloneError`]; there is then no clone. A file of that name that exists already is not touched.
    pub fn clone_tenant(&self, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> CloneRequest<'_, Sqlite> {
        CloneRequest::new(self, template, tenant)
    }
}

impl<'a> IntoFuture for CloneRequest<'a, Sqlite> {
    type Output = Result<(), CloneError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (template, tenant) = self.names?;
            let with_data = self.with_data;
            let event = LifecycleEvent::Clone {
                from: template.clone(),
                to: tenant.clone(),
            };
            let names = (template.clone(), tenant.clone());
            let clone = self.pool.add_tenant(&event, &tenant, move |folder| {
                folder.clone_tenant(&names.0, &names.1, with_data, FILE_LOCK_TIMEOUT)
            });
            clone.await.map_err(|error| match error {
                LifecycleError::AlreadyExists { .. } => CloneError::AlreadyExists { template, tenant },
                LifecycleError::NotFound { .. } => CloneError::UnknownTenant { template },
                error => error.into(),
            })
        })
    }
}
