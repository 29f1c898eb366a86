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
        lifecycle::{self, OperationError},
        locks::LOCK_TIMEOUT,
        migrations::Plan,
        to_the_end,
    },
    tenancy::LifecycleEvent,
};

pub(super) type Migrations = Arc<dyn MigrationSource<mysql::Mysql> + Send + Sync>;

/// # Creating tenants
impl TenantPool<Mysql> {
    /// Creates a tenant: its database and, by the migrations, its tables. Returns the applied versions.
    ///
    /// The tenant lives on the pool's own server, unless the pool's
    /// [`placement_policy`](crate::MysqlPoolBuilder::placement_policy) chooses another place: then this works like
    /// [`place_tenant`](Self::place_tenant).
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
        self.create_by_policy(&tenant, Arc::new(migrations)).await
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
        let migrations: Migrations = Arc::new(migrations);
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        if let Some(entry) = self.placed_elsewhere(&tenant, &event).await?
            && entry.status.is_tenant()
        {
            return self.migrate_elsewhere(&entry.placement, migrations, &event).await;
        }
        // Hooks run only for tenants that are created.
        if !self.has_tenant(&tenant).await? {
            match self.create_by_policy(&tenant, Arc::clone(&migrations)).await {
                Err(LifecycleError::AlreadyExists { .. }) if self.has_tenant(&tenant).await? => {}
                created => return created,
            }
        }
        self.migrate_database(&tenant, migrations, &event).await
    }

    /// Applies the pending migrations of a tenant's database on this server.
    pub(super) async fn migrate_database(
        &self,
        database: &SchemaName,
        migrations: Migrations,
        event: &LifecycleEvent,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let (server, database) = (self.mysql_server(), database.clone());
        let migrated = to_the_end(async move {
            let plan = Plan::read(migrations).await?;
            lifecycle::migrate(&server, &database, &plan, LOCK_TIMEOUT).await
        });
        let failed = |error| of_life(event, self.shared_schema(), error);
        migrated.await.map(versions).map_err(failed)
    }

    pub(super) async fn create_database(
        &self,
        tenant: &SchemaName,
        migrations: Migrations,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        // By the directory, the tenant may live on another server.
        if self.is_recorded() && self.known(tenant, &event).await?.is_some() {
            return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() });
        }
        let name = tenant.clone();
        let create = |server: Server| async move {
            let plan = Plan::read(migrations).await?;
            lifecycle::create(&server, &name, &plan, LOCK_TIMEOUT).await
        };
        Ok(versions(self.operate(&event, &[tenant], create).await?))
    }

    /// Whether there is a tenant to migrate on this server.
    async fn has_tenant(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let found: Result<_, OperationError> = lifecycle::find(&self.mysql_server(), tenant).await;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let found = found.map_err(|error| of_life(&event, self.shared_schema(), error))?;
        Ok(found.is_some_and(|entry| entry.status.is_tenant()))
    }
}

pub(super) fn versions(versions: Vec<String>) -> Vec<MigrationVersion<'static>> {
    versions.into_iter().map(MigrationVersion::from).collect()
}
