//! The migrations for a tenant.

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    pg::Pg,
};

use crate::{
    SchemaName,
    lifecycle::LifecycleError,
    migrations::{MigrationError, Plan, SchemaOwner},
};

/// Reads them.
pub(crate) async fn read_for(
    tenant: &SchemaName,
    migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
) -> Result<Plan, LifecycleError> {
    let owner = SchemaOwner::Tenant(tenant.clone());
    Plan::read(migrations).await.map_err(|source| LifecycleError::Tables {
        tenant: tenant.clone(),
        source: MigrationError::Source { owner, source },
    })
}

/// The versions of all of them.
pub(crate) fn versions(plan: &Plan) -> Vec<MigrationVersion<'static>> {
    let versions = plan.migrations.iter();
    versions.map(|migration| migration.version.clone().into()).collect()
}
