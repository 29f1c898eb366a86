use std::sync::Arc;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    sqlite,
};

use crate::{
    CheckoutError, IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool, TenantStatus,
    backend::sqlite::{
        blocking,
        files::{FileError, Folder},
        migrations::Plan,
    },
    migrations::PATIENCE,
    tenancy::{DirectoryChange, LifecycleEvent},
};

/// # Creating tenants
impl TenantPool<Sqlite> {
    /// Creates a tenant: its file and, by the migrations, its tables. Returns the applied versions.
    ///
    /// The tenant is created completely or not at all: the file gets its name when it is complete and on the disk.
    ///
    /// # Errors
    /// [`LifecycleError`]; there is then no tenant. A file that exists already is not touched.
    pub async fn create_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        self.create_file(&tenant, Arc::new(migrations)).await
    }

    /// Creates a tenant if there is none of that name; otherwise applies the tenant's pending migrations. Returns the
    /// applied versions.
    ///
    /// # Errors
    /// As for [`create_tenant`](Self::create_tenant), except `AlreadyExists`.
    pub async fn ensure_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let migrations = Arc::new(migrations);
        // Hooks run only for tenants that are created.
        if !self.has_file(&tenant).await? {
            match self.create_file(&tenant, Arc::clone(&migrations)).await {
                Err(LifecycleError::AlreadyExists { .. }) => {}
                created => return created,
            }
        }
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let folder = self.folder();
        let migrated = blocking(move || folder.migrate(&tenant, &read(&folder, &tenant, &*migrations)?, PATIENCE));
        migrated
            .await
            .map(versions)
            .map_err(|error| super::of_file(&event, error))
    }

    async fn create_file(
        &self,
        tenant: &SchemaName,
        migrations: Arc<impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static>,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let created = self.on_files(&event, DirectoryChange::Added { tenant }, {
            let tenant = tenant.clone();
            move |folder| {
                let plan = read(folder, &tenant, &*migrations)?;
                folder.create(&tenant, &plan, TenantStatus::Active, PATIENCE)
            }
        });
        Ok(versions(created.await?))
    }

    /// Whether a tenant exists, active or suspended.
    ///
    /// # Errors
    /// [`CheckoutError`], except `UnknownTenant`.
    pub async fn tenant_exists(&self, tenant: impl IntoSchemaName) -> Result<bool, CheckoutError> {
        match self.for_tenant(tenant).get().await {
            Ok(_) | Err(CheckoutError::SuspendedTenant { .. }) => Ok(true),
            Err(CheckoutError::UnknownTenant { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn has_file(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let (folder, tenant) = (self.folder(), tenant.clone());
        let found = blocking(move || folder.has_file(&tenant)).await;
        found.map_err(|error| super::of_file(&event, error))
    }
}

/// The migrations of a tenant. They can't be sent to another thread.
fn read(
    folder: &Folder,
    tenant: &SchemaName,
    migrations: &dyn MigrationSource<sqlite::Sqlite>,
) -> Result<Plan, FileError> {
    let path = folder.path_of(tenant)?;
    Plan::read(migrations).map_err(|source| FileError::Migration {
        path,
        source: Box::new(source),
    })
}

fn versions(versions: Vec<String>) -> Vec<MigrationVersion<'static>> {
    versions.into_iter().map(MigrationVersion::from).collect()
}
