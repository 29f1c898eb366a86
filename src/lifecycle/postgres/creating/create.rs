//! The ways to create a tenant: each leads to `create_at_once`, `create_in_steps` or `place_elsewhere`.

use std::fmt;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
};
use futures_core::future::BoxFuture;

use super::create_in_steps::Creation;
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::catalog::schema::status_of,
    lifecycle::{
        LifecycleError,
        postgres::{
            operation::{Operation, connect},
            read_migrations::{read_for, versions},
        },
    },
    migrations::{Direction, Plan, Runner, SchemaOwner},
    tenancy::{LifecycleEvent, TenantStatus},
};

/// Creates a tenant when awaited; made by [`TenantPool::create_tenant`].
#[must_use = "a request does nothing until it is awaited"]
pub struct CreateRequest<'a, M> {
    pub(super) pool: &'a TenantPool,
    pub(super) tenant: Result<SchemaName, SchemaNameError>,
    pub(super) migrations: M,
}

impl<'a, M: MigrationSource<Pg> + Send + Sync + 'static> IntoFuture for CreateRequest<'a, M> {
    type Output = Result<Vec<MigrationVersion<'static>>, LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self {
                pool,
                tenant,
                migrations,
            } = self;
            let tenant = tenant?;
            let plan = read_for(&tenant, migrations).await?;
            pool.create_by_policy(&tenant, &plan).await
        })
    }
}

impl<M> fmt::Debug for CreateRequest<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateRequest")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// # Creating tenants
impl TenantPool {
    /// Creates a tenant: its schema and, by the migrations, its tables. Returns the applied versions.
    ///
    /// The tenant lives in the pool's own database, unless the pool's
    /// [`placement_policy`](crate::TenantPoolBuilder::placement_policy) chooses another place: then this works like
    /// [`place_tenant`](Self::place_tenant).
    ///
    /// A [spare](Self::prepare_spares) that has exactly these migrations becomes the tenant, if there is one.
    ///
    /// The tenant is created completely or not at all: schema, tables and version rows are one transaction. If a
    /// migration doesn't run in a transaction, the schema counts as missing until all migrations are applied, and is
    /// dropped if one fails. If the drop fails too because the server is gone, or if the future is dropped midway, the
    /// schema still counts as missing, and the same call starts over.
    ///
    /// With [`with`](CreateRequest::with), the application's own rows are part of that transaction.
    ///
    /// # Errors
    /// [`LifecycleError`]; there is then no tenant. A schema that exists already is not touched.
    pub fn create_tenant<M>(&self, tenant: impl IntoSchemaName, migrations: M) -> CreateRequest<'_, M>
    where
        M: MigrationSource<Pg> + Send + Sync + 'static,
    {
        CreateRequest {
            pool: self,
            tenant: self.new_tenant_name(tenant),
            migrations,
        }
    }

    /// Creates a tenant if there is none of that name; otherwise applies the tenant's pending migrations. Returns the
    /// applied versions.
    ///
    /// # Errors
    /// As for [`create_tenant`](Self::create_tenant), except `AlreadyExists`.
    pub async fn ensure_tenant(
        &self,
        tenant: impl IntoSchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let plan = read_for(&tenant, migrations).await?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        if let Some(entry) = self.placed_elsewhere(&tenant, &event).await?
            && entry.status.is_tenant()
        {
            return self.migrate_elsewhere(&entry.placement, &plan, &event).await;
        }
        // Hooks run only for tenants that are created.
        let created = if self.hooks().is_some() && self.schema_exists(&tenant).await? {
            Err(LifecycleError::AlreadyExists { tenant })
        } else {
            self.create_by_policy(&tenant, &plan).await
        };
        match created {
            Err(LifecycleError::AlreadyExists { tenant }) => self.apply_pending(&tenant, &plan).await,
            result => result,
        }
    }

    /// Asks the database, not the cache.
    pub(crate) async fn schema_exists(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let status = self.schema_status(tenant).await?;
        Ok(status.is_some_and(|status| status != TenantStatus::Unfinished))
    }

    /// The tenant's status in the catalog of this database, asked now; `None` if there is no such schema.
    pub(crate) async fn schema_status(&self, tenant: &SchemaName) -> Result<Option<TenantStatus>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let mut connection = connect(self, &event).await?;
        let status = status_of(tenant, &mut connection).await;
        status.map_err(|source| LifecycleError::of(&event, source))
    }

    /// Creates a tenant in its own schema of this database.
    pub(crate) async fn create_tenant_of(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        self.hooked(&event, self.create(tenant, plan, TenantStatus::Active))
            .await
    }

    /// Creates a tenant or a spare.
    pub(crate) async fn create(
        &self,
        tenant: &SchemaName,
        plan: &Plan,
        status: TenantStatus,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tables = |source| LifecycleError::Tables {
            tenant: tenant.clone(),
            source,
        };
        let owner = SchemaOwner::Tenant(tenant.clone());
        let scripts = plan
            .prepare_for(&owner, &plan.migrations, Direction::Up, self)
            .await
            .map_err(tables)?;
        let _forget = self.forget_afterwards(tenant);
        let created = self.create_at_once(tenant, &scripts, status).await;
        if created.map_err(|source| LifecycleError::Schema {
            tenant: tenant.clone(),
            source,
        })? {
            return Ok(versions(plan));
        }
        let mut runner = Runner::connect(self, owner).await.map_err(tables)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        Operation::new(self, runner.parts().0, event)
            .shrink_leftover(tenant)
            .await?;
        Creation {
            pool: self,
            tenant,
            runner,
            plan,
            scripts: &scripts,
            status,
        }
        .run()
        .await?;
        Ok(versions(plan))
    }
}
