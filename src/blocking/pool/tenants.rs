//! What is done to tenants, by the async pool in the background.

use diesel::{
    connection::LoadConnection,
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
    r2d2::R2D2Connection,
};

use super::TenantPool;
use crate::{CheckoutError, FleetError, FleetReport, IntoSchemaName, LifecycleError, MigrationError, TenantInfo};

/// The same methods for each kind of database, whose migrations are written in its dialect.
macro_rules! tenants {
    ($database:ty => $($implementation:tt)*) => {
        /// # Tenants and their migrations
        ///
        /// The most frequent of what the [async pool](crate::TenantPool) can do, with the same errors;
        /// [`run`](Self::run) does the rest.
        #[expect(clippy::result_large_err, reason = "these are the errors of the async pool")]
        $($implementation)* {
            /// Migrates the shared schema; see [`migrate_shared`](crate::TenantPool::migrate_shared).
            ///
            /// # Errors
            /// [`MigrationError`].
            pub fn migrate_shared(
                &self,
                migrations: impl MigrationSource<$database> + Send + Sync + 'static,
            ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
                self.run(|pool| async move { pool.migrate_shared(migrations).await })
            }

            /// Migrates one tenant; see [`migrate_tenant`](crate::TenantPool::migrate_tenant).
            ///
            /// # Errors
            /// [`MigrationError`].
            pub fn migrate_tenant(
                &self,
                tenant: impl IntoSchemaName,
                migrations: impl MigrationSource<$database> + Send + Sync + 'static,
            ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.migrate_tenant(tenant, migrations).await })
            }

            /// Migrates all tenants, with the usual options; see
            /// [`migrate_tenants`](crate::TenantPool::migrate_tenants).
            ///
            /// # Errors
            /// [`FleetError`]. The report says which tenants failed.
            pub fn migrate_tenants(
                &self,
                migrations: impl MigrationSource<$database> + Send + Sync + 'static,
            ) -> Result<FleetReport, FleetError> {
                self.run(|pool| async move { pool.migrate_tenants(migrations).run().await })
            }

            /// Creates a tenant and migrates it, all or nothing; see
            /// [`create_tenant`](crate::TenantPool::create_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn create_tenant(
                &self,
                tenant: impl IntoSchemaName,
                migrations: impl MigrationSource<$database> + Send + Sync + 'static,
            ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.create_tenant(tenant, migrations).await })
            }

            /// Creates a tenant unless it exists, and migrates it; see
            /// [`ensure_tenant`](crate::TenantPool::ensure_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn ensure_tenant(
                &self,
                tenant: impl IntoSchemaName,
                migrations: impl MigrationSource<$database> + Send + Sync + 'static,
            ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.ensure_tenant(tenant, migrations).await })
            }

            /// Renames a tenant; see [`rename_tenant`](crate::TenantPool::rename_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> Result<(), LifecycleError> {
                let (from, to) = (from.into_schema_name()?, to.into_schema_name()?);
                self.run(|pool| async move { pool.rename_tenant(from, to).await })
            }

            /// Suspends a tenant: checkouts fail until it is resumed; see
            /// [`suspend_tenant`](crate::TenantPool::suspend_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn suspend_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.suspend_tenant(tenant).await })
            }

            /// Ends a suspension; see [`resume_tenant`](crate::TenantPool::resume_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn resume_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.resume_tenant(tenant).await })
            }

            /// Drops a tenant with all its data; see [`drop_tenant`](crate::TenantPool::drop_tenant).
            ///
            /// # Errors
            /// [`LifecycleError`].
            pub fn drop_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.drop_tenant(tenant).await })
            }

            /// The tenants, active or suspended, sorted by name; see [`tenants`](crate::TenantPool::tenants).
            ///
            /// # Errors
            /// [`CheckoutError`].
            pub fn tenants(&self) -> Result<Vec<TenantInfo>, CheckoutError> {
                self.run(|pool| async move { pool.tenants().await })
            }

            /// Whether there is a tenant of that name; see [`tenant_exists`](crate::TenantPool::tenant_exists).
            ///
            /// # Errors
            /// [`CheckoutError`].
            pub fn tenant_exists(&self, tenant: impl IntoSchemaName) -> Result<bool, CheckoutError> {
                let tenant = tenant.into_schema_name()?;
                self.run(|pool| async move { pool.tenant_exists(tenant).await })
            }
        }
    };
}

tenants! {
    Pg => impl<C> TenantPool<C> where C: R2D2Connection + LoadConnection<Backend = Pg> + 'static
}

#[cfg(feature = "sqlite")]
tenants! {
    diesel::sqlite::Sqlite => impl TenantPool<crate::Sqlite>
}
