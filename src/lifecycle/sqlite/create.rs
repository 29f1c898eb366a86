use std::sync::Arc;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    sqlite,
};

use super::operation::Operation;
use crate::{
    IntoSchemaName, LifecycleError, Placement, SchemaName, Sqlite, TenantPool, TenantStatus,
    backend::sqlite::{
        blocking,
        files::{FILE_LOCK_TIMEOUT, FileError, Folder},
        migrations::Plan,
    },
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
        if !self.has_tenant(&tenant).await? {
            match self.create_file(&tenant, Arc::clone(&migrations)).await {
                Err(LifecycleError::AlreadyExists { .. }) if self.has_tenant(&tenant).await? => {}
                created => return created,
            }
        }
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let folder = self.folder();
        let name = tenant.clone();
        let migrated =
            blocking(move || folder.migrate(&name, &read(&folder, &name, &*migrations)?, FILE_LOCK_TIMEOUT)).await;
        match migrated.map_err(|error| super::of_file(&event, error)) {
            Err(LifecycleError::NotFound { .. }) if self.is_recorded() => Err(LifecycleError::Elsewhere {
                operation: event,
                placement: Placement::schema(tenant),
                instead: "its file is missing: repeat the rename, archiving or drop that was interrupted",
            }),
            migrated => migrated.map(versions),
        }
    }

    async fn create_file(
        &self,
        tenant: &SchemaName,
        migrations: Arc<impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static>,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let created = self.add_tenant(&event, tenant, {
            let tenant = tenant.clone();
            move |folder| {
                let plan = read(folder, &tenant, &*migrations)?;
                folder.create(&tenant, &plan, TenantStatus::Active, FILE_LOCK_TIMEOUT)
            }
        });
        Ok(versions(created.await?))
    }

    /// Makes a new tenant's file.
    pub(crate) async fn add_tenant<T: Send + 'static>(
        &self,
        event: &LifecycleEvent,
        tenant: &SchemaName,
        make: impl FnOnce(&Folder) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, LifecycleError> {
        let name = tenant.clone();
        let add = |operation: Operation| async move {
            if !operation.is_recorded {
                return operation.files(make).await;
            }
            operation.enter_unfinished(&name).await?;
            let made = operation.files(make).await;
            match &made {
                Ok(_) => operation.record(&DirectoryChange::Finished { tenant: &name }).await?,
                // An entry that stays leads to no file, and the next attempt finds it.
                Err(_) => _ = operation.record(&DirectoryChange::Removed { tenant: &name }).await,
            }
            made
        };
        self.operate(event, &[tenant], add).await
    }

    /// Whether there is a tenant to migrate: by the directory, or else a file.
    pub(crate) async fn has_tenant(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        if self.is_recorded() {
            let entry = self.entry_of(tenant).await.map_err(|error| LifecycleError::Directory {
                operation: event,
                source: error.into(),
            })?;
            return Ok(entry.is_some_and(|entry| entry.status.is_tenant() && !entry.placement.is_elsewhere(tenant)));
        }
        let (folder, tenant) = (self.folder(), tenant.clone());
        let found = blocking(move || folder.has_file(&tenant)).await;
        found.map_err(|error| super::of_file(&event, error))
    }
}

impl Operation {
    /// Makes sure that the directory has an unfinished entry of a new tenant, and that there is no file of that name.
    async fn enter_unfinished(&self, tenant: &SchemaName) -> Result<(), LifecycleError> {
        let place = Placement::schema(tenant.clone());
        match self.entry(tenant).await? {
            // Whose file would it be?
            None if !self.is_missing(tenant).await? => Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
            None => {
                let placed = DirectoryChange::Placed {
                    tenant,
                    placement: &place,
                    finished: false,
                };
                self.record(&placed).await
            }
            Some(entry) if entry.status == TenantStatus::Unfinished && entry.placement == place => {
                let name = tenant.clone();
                self.files(move |folder| match folder.has_file(&name)? {
                    true => folder.drop(&name, FILE_LOCK_TIMEOUT),
                    false => Ok(()),
                })
                .await
            }
            Some(_) => Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
        }
    }
}

/// The migrations of a tenant. They can't be sent to another thread.
fn read(
    folder: &Folder,
    tenant: &SchemaName,
    migrations: &dyn MigrationSource<sqlite::Sqlite>,
) -> Result<Plan, FileError> {
    let path = folder.path_of(tenant)?;
    Plan::read(migrations).map_err(FileError::migration(&path))
}

fn versions(versions: Vec<String>) -> Vec<MigrationVersion<'static>> {
    versions.into_iter().map(MigrationVersion::from).collect()
}
