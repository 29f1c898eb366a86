//! Migrations of tenants that are files of SQLite.

mod crew;
mod fleet;
mod status;
mod survey;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    sqlite,
};

use super::{MigrationError, Revert, SchemaOwner};
use crate::{
    Backend, IntoSchemaName, SchemaName, SchemaNameError, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FILE_LOCK_TIMEOUT, FileError, Folder},
        migrations::Plan,
    },
    pool::SqliteError,
};

/// # Migrating the shared file, or one tenant
///
/// Each migration runs on a connection of its own, outside the pool, which can change nothing but the one file. The
/// tables of the shared schema can be read there. Once begun, a migration goes on if its future is dropped.
impl TenantPool<Sqlite> {
    /// Applies the pending migrations of the shared file, and returns their versions. Creates the file if it is
    /// missing.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed. Migrations before it stay applied.
    pub async fn migrate_shared(
        &self,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let owner = self.shared_file();
        let work = |folder: &Folder, _: &SchemaName, plan: &Plan| folder.migrate_shared(plan, FILE_LOCK_TIMEOUT);
        self.migrating_file(owner, migrations, work).await
    }

    /// Applies a tenant's pending migrations, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant and the migration that failed. Migrations before it stay applied.
    pub async fn migrate_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let owner = self.file_of(tenant)?;
        let work = |folder: &Folder, tenant: &SchemaName, plan: &Plan| folder.migrate(tenant, plan, FILE_LOCK_TIMEOUT);
        self.migrating_file(owner, migrations, work).await
    }

    /// Reverts migrations of the shared file, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the migration that failed. Migrations before it stay reverted.
    pub async fn revert_shared(
        &self,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let owner = self.shared_file();
        let work = move |folder: &Folder, _: &SchemaName, plan: &Plan| {
            folder.revert_shared(plan, revert.count(), FILE_LOCK_TIMEOUT)
        };
        self.migrating_file(owner, migrations, work).await
    }

    /// Reverts a tenant's migrations, the newest first, and returns their versions.
    ///
    /// # Errors
    /// [`MigrationError`], which names the tenant and the migration that failed. Migrations before it stay reverted.
    pub async fn revert_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        revert: Revert,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let owner = self.file_of(tenant)?;
        let work = move |folder: &Folder, tenant: &SchemaName, plan: &Plan| {
            folder.revert(tenant, plan, revert.count(), FILE_LOCK_TIMEOUT)
        };
        self.migrating_file(owner, migrations, work).await
    }

    /// The versions that [`migrate_shared`](Self::migrate_shared) would apply, oldest first.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn pending_shared(
        &self,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
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
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let owner = self.file_of(tenant)?;
        self.on_file(owner, migrations, |folder, tenant, plan| folder.pending(tenant, plan))
            .await
    }

    fn shared_file(&self) -> SchemaOwner {
        SchemaOwner::Shared(self.shared_schema().clone())
    }

    fn file_of(&self, tenant: impl IntoSchemaName) -> Result<SchemaOwner, SchemaNameError> {
        Ok(SchemaOwner::Tenant(self.tenant_name(tenant)?))
    }

    /// Does it within the span of a migration, and counts how long it takes.
    async fn migrating_file(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        work: impl FnOnce(&Folder, &SchemaName, &Plan) -> Result<Vec<String>, FileError> + Send + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let schema = owner.schema().clone();
        let migrated = self.on_file(owner, migrations, work);
        self.counters().migrating(Sqlite::SYSTEM, &schema, migrated).await
    }

    async fn on_file(
        &self,
        owner: SchemaOwner,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        work: impl FnOnce(&Folder, &SchemaName, &Plan) -> Result<Vec<String>, FileError> + Send + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, MigrationError> {
        let folder = self.folder();
        let schema = owner.schema().clone();
        let done = blocking(move || {
            let plan = Plan::read(&migrations).map_err(SqliteError::migrations)?;
            work(&folder, &schema, &plan).map_err(SqliteError::file)
        });
        match done.await {
            Ok(versions) => Ok(versions.into_iter().map(MigrationVersion::from).collect()),
            Err(error) => Err(owner.of_file(error)),
        }
    }
}

impl SchemaOwner {
    fn of_file(&self, error: SqliteError) -> MigrationError {
        match error.is_missing() {
            true => MigrationError::UnknownSchema { owner: self.clone() },
            false => MigrationError::Files {
                owner: self.clone(),
                source: Box::new(error),
            },
        }
    }
}
