//! The state of the shared schema.

use diesel::{QueryResult, migration::MigrationSource, pg::Pg};

use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{catalog::invalid_indexes::by_schema_of, version_table},
    migrations::{MigrationError, Plan, Runner, SchemaOwner, SharedVersions},
};

/// # The state of the shared migrations
impl TenantPool {
    /// Which migrations the shared schema has and lacks.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn shared_migration_status(
        &self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<SharedVersions, MigrationError> {
        let owner = SchemaOwner::Shared(self.shared_schema().clone());
        let plan = Plan::read(migrations).await.map_err(owner.unusable())?;
        let mut runner = Runner::connect(self, owner).await?;
        runner.require_schema().await?;
        let (connection, owner) = runner.parts();
        SharedVersions::read(connection, owner.schema(), &plan)
            .await
            .map_err(owner.failed())
    }
}

impl SharedVersions {
    pub(super) async fn read(
        connection: &mut PostgresConnection,
        schema: &SchemaName,
        plan: &Plan,
    ) -> QueryResult<Self> {
        let applied = version_table::applied(connection, schema).await?;
        let invalid = by_schema_of(connection, std::slice::from_ref(schema)).await?;
        let invalid_indexes = invalid.into_iter().find(|(invalid, _)| invalid == schema.as_str());
        let versions = plan.migrations.iter().map(|migration| migration.version.clone());
        Ok(SharedVersions {
            pending: versions.filter(|version| !applied.contains(version)).collect(),
            unknown: applied
                .iter()
                .filter(|version| plan.find(version).is_none())
                .cloned()
                .collect(),
            applied,
            invalid_indexes: invalid_indexes.map(|(_, indexes)| indexes).unwrap_or_default(),
        })
    }
}
