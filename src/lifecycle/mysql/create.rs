use std::sync::Arc;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    mysql,
};

use super::of_life;
use crate::{
    IntoSchemaName, LifecycleError, Mysql, SchemaName, TenantPool,
    backend::mysql::{
        Server,
        lives::{self, LifeError},
        locks::LOCK_TIMEOUT,
        migrations::Plan,
        to_the_end,
    },
    tenancy::LifecycleEvent,
};

/// # Creating tenants
impl TenantPool<Mysql> {
    /// Creates a tenant: its database and, by the migrations, its tables. Returns the applied versions.
    ///
    /// Nobody can check the tenant out before it is complete. If the process dies meanwhile, the same call makes the
    /// tenant anew, and [`sweep`](Self::sweep) removes what was left.
    ///
    /// # Errors
    /// [`LifecycleError`]; there is then no tenant. A database of that name that exists already is not touched.
    pub async fn create_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        self.create_database(&tenant, Arc::new(migrations)).await
    }

    /// Creates a tenant if there is none of that name; otherwise applies the tenant's pending migrations. Returns the
    /// applied versions.
    ///
    /// # Errors
    /// As for [`create_tenant`](Self::create_tenant), except `AlreadyExists`.
    pub async fn ensure_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let migrations: Arc<dyn MigrationSource<mysql::Mysql> + Send + Sync> = Arc::new(migrations);
        // Hooks run only for tenants that are created.
        if !self.has_tenant(&tenant).await? {
            match self.create_database(&tenant, Arc::clone(&migrations)).await {
                Err(LifecycleError::AlreadyExists { .. }) if self.has_tenant(&tenant).await? => {}
                created => return created,
            }
        }
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let server = self.mysql_server();
        let migrated = to_the_end(async move {
            let plan = Plan::read(migrations).await?;
            lives::migrate(&server, &tenant, &plan, LOCK_TIMEOUT).await
        });
        migrated.await.map(versions).map_err(|error| of_life(&event, error))
    }

    async fn create_database(
        &self,
        tenant: &SchemaName,
        migrations: Arc<dyn MigrationSource<mysql::Mysql> + Send + Sync>,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let name = tenant.clone();
        let create = |server: Server| async move {
            let plan = Plan::read(migrations).await?;
            lives::create(&server, &name, &plan, LOCK_TIMEOUT).await
        };
        Ok(versions(self.operate(&event, &[tenant], create).await?))
    }

    /// Whether there is a tenant to migrate.
    async fn has_tenant(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let found: Result<_, LifeError> = lives::find(&self.mysql_server(), tenant).await;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let found = found.map_err(|error| of_life(&event, error))?;
        Ok(found.is_some_and(|entry| entry.status.is_tenant()))
    }
}

fn versions(versions: Vec<String>) -> Vec<MigrationVersion<'static>> {
    versions.into_iter().map(MigrationVersion::from).collect()
}
