//! Migrations of tenants that are databases of MySQL or MariaDB.

mod crew;
mod error;
mod fleet;
mod status;
mod survey;

use std::sync::Arc;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    mysql,
};

use super::{MigrationError, Revert, SchemaOwner};
use crate::{
    Backend, IntoSchemaName, Mysql, SchemaNameError, TenantPool,
    backend::mysql::{
        Server,
        lifecycle::{self, OperationError},
        locks::LOCK_TIMEOUT,
        migrations::Plan,
    },
};
pub(crate) use error::of_life;

/// # Migrating the shared database, or one tenant
///
/// Each migration runs on a connection of its own, outside the pool, whose default database is the tenant's. A migration
/// that only changes rows is one transaction. In any other one each statement is recorded when it is applied, because
/// definitions commit by themselves: the same call goes on behind the last one. Once begun, a migration goes on if its
/// future is dropped.
impl TenantPool<Mysql> {
    /// Applies the pending migrations of the shared database, and returns their versions. Creates the database if it is
    /// missing.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed, and its statement. What was applied before stays
    /// applied.
    pub async fn migrate_shared(
        &self,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let work = async |server: Server, _: SchemaOwner, plan: Plan| {
            lifecycle::migrate_shared(&server, &plan, LOCK_TIMEOUT).await
        };
        self.migrating_database(self.shared_database(), migrations, work).await
    }

    /// Applies a tenant's pending migrations, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant, the migration that failed, and its statement. What was applied before
    /// stays applied.
    pub async fn migrate_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let work = async |server: Server, owner: SchemaOwner, plan: Plan| {
            lifecycle::migrate(&server, owner.schema(), &plan, LOCK_TIMEOUT).await
        };
        self.migrating_database(self.database_of(tenant)?, migrations, work)
            .await
    }

    /// Reverts migrations of the shared database, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed, and its statement. What was reverted before stays
    /// reverted.
    pub async fn revert_shared(
        &self,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let count = revert.count();
        let work = async move |server: Server, _: SchemaOwner, plan: Plan| {
            lifecycle::revert_shared(&server, &plan, count, LOCK_TIMEOUT).await
        };
        self.migrating_database(self.shared_database(), migrations, work).await
    }

    /// Reverts a tenant's migrations, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant, the migration that failed, and its statement. What was reverted before
    /// stays reverted.
    pub async fn revert_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let count = revert.count();
        let work = async move |server: Server, owner: SchemaOwner, plan: Plan| {
            lifecycle::revert(&server, owner.schema(), &plan, count, LOCK_TIMEOUT).await
        };
        self.migrating_database(self.database_of(tenant)?, migrations, work)
            .await
    }

    /// The versions that [`migrate_shared`](Self::migrate_shared) would apply, oldest first.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn pending_shared(
        &self,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let pending = self.shared_migration_status(migrations).await?.pending;
        Ok(pending.into_iter().map(MigrationVersion::from).collect())
    }

    /// The versions that [`migrate_tenant`](Self::migrate_tenant) would apply, oldest first.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn pending_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let work = async |server: Server, owner: SchemaOwner, plan: Plan| {
            lifecycle::pending(&server, owner.schema(), &plan).await
        };
        self.on_database(self.database_of(tenant)?, migrations, work).await
    }

    fn shared_database(&self) -> SchemaOwner {
        SchemaOwner::Shared(self.shared_schema().clone())
    }

    fn database_of(&self, tenant: impl IntoSchemaName) -> Result<SchemaOwner, SchemaNameError> {
        Ok(SchemaOwner::Tenant(self.tenant_name(tenant)?))
    }

    /// Does it within the span of a migration, and counts how long it takes.
    async fn migrating_database<F>(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        work: impl FnOnce(Server, SchemaOwner, Plan) -> F,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError>
    where
        F: Future<Output = Result<Vec<String>, OperationError>> + Send + 'static,
    {
        let schema = owner.schema().clone();
        let migrated = self.on_database(owner, migrations, work);
        self.counters().migrating(Mysql::SYSTEM, &schema, migrated).await
    }

    async fn on_database<F>(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        work: impl FnOnce(Server, SchemaOwner, Plan) -> F,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError>
    where
        F: Future<Output = Result<Vec<String>, OperationError>> + Send + 'static,
    {
        let failed = |error| of_life(&owner, error);
        let plan = Plan::read(Arc::new(migrations))
            .await
            .map_err(|problem| failed(problem.into()))?;
        let work = work(self.mysql_server(), owner.clone(), plan);
        let versions = crate::backend::mysql::to_the_end(work).await.map_err(failed)?;
        Ok(versions.into_iter().map(MigrationVersion::from).collect())
    }
}
