//! Migrates and reverts one schema: what users call.

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
};

use crate::{
    Backend, IntoSchemaName, Postgres, SchemaNameError, TenantPool,
    migrations::{MigrationError, Plan, Revert, Runner, SchemaOwner},
};

/// # Migrating the shared schema, or one tenant
///
/// See [`migrations`](crate::migrations). Each migration runs on a connection of its own, outside the pool.
impl TenantPool {
    /// Applies the pending migrations of the shared schema, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed. Migrations before it stay applied.
    pub async fn migrate_shared(
        &self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.migrate(self.shared_owner(), migrations).await
    }

    /// Applies a tenant's pending migrations, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant and the migration that failed. Migrations before it stay applied.
    pub async fn migrate_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.migrate(self.tenant_owner(tenant)?, migrations).await
    }

    /// Reverts migrations of the shared schema, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed. Migrations before it stay reverted.
    pub async fn revert_shared(
        &self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.revert(self.shared_owner(), migrations, revert).await
    }

    /// Reverts a tenant's migrations, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant and the migration that failed. Migrations before it stay reverted.
    pub async fn revert_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.revert(self.tenant_owner(tenant)?, migrations, revert).await
    }

    /// The versions that [`migrate_shared`](Self::migrate_shared) would apply, oldest first.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn pending_shared(
        &self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.pending(self.shared_owner(), migrations).await
    }

    /// The versions that [`migrate_tenant`](Self::migrate_tenant) would apply, oldest first.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn pending_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        self.pending(self.tenant_owner(tenant)?, migrations).await
    }

    async fn migrate(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let plan = Plan::read(migrations).await.map_err(owner.unusable())?;
        self.apply(owner, &plan).await
    }

    /// Applies the pending migrations of a plan.
    pub(crate) async fn apply(
        &self,
        owner: SchemaOwner,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let mut runner = Runner::connect(self, owner.clone()).await?;
        runner.require_schema().await?;
        // Migrations may create types, even if a later one fails or is abandoned.
        let _forget = self.forget_afterwards(owner.schema());
        let counters = self.counters();
        let migrated = counters.migrating(Postgres::SYSTEM, owner.schema(), runner.apply(plan));
        migrated.await.map(into_versions)
    }

    async fn revert(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let plan = Plan::read(migrations).await.map_err(owner.unusable())?;
        let mut runner = Runner::connect(self, owner.clone()).await?;
        runner.require_schema().await?;
        let _forget = self.forget_afterwards(owner.schema());
        let counters = self.counters();
        let reverted = counters.migrating(Postgres::SYSTEM, owner.schema(), runner.revert(&plan, revert.count()));
        reverted.await.map(into_versions)
    }

    async fn pending(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let plan = Plan::read(migrations).await.map_err(owner.unusable())?;
        let mut runner = Runner::connect(self, owner).await?;
        runner.require_schema().await?;
        let pending = runner.pending(&plan).await?;
        Ok(into_versions(
            pending.into_iter().map(|migration| migration.version.clone()),
        ))
    }

    fn shared_owner(&self) -> SchemaOwner {
        SchemaOwner::Shared(self.shared_schema().clone())
    }

    fn tenant_owner(&self, tenant: impl IntoSchemaName) -> Result<SchemaOwner, SchemaNameError> {
        self.tenant_name(tenant).map(SchemaOwner::Tenant)
    }
}

fn into_versions(versions: impl IntoIterator<Item = String>) -> Vec<MigrationVersion<'static>> {
    versions.into_iter().map(MigrationVersion::from).collect()
}
