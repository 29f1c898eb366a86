use std::collections::{BTreeMap, HashSet};

use diesel::{migration::MigrationSource, pg::Pg};

use super::{
    ChangedMigration, FleetError,
    limits::Limits,
    survey::{Survey, SurveyedTenant},
    worker::Worker,
};
use crate::{
    SchemaName, TenantPool, TenantStatus, backend::postgres::catalog::invalid_indexes::by_schema, migrations::Plan,
};

/// Which migrations every tenant has and lacks. See [`TenantPool::migration_status`].
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FleetStatus {
    /// The tenants, in the order of their names.
    pub tenants: Vec<TenantVersions>,
    /// Migrations that were edited after they were applied.
    pub changed: Vec<ChangedMigration>,
}

/// Which migrations one tenant has and lacks.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TenantVersions {
    /// The tenant.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::text"))]
    pub tenant: SchemaName,
    /// Whether the tenant can be checked out.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::displayed"))]
    pub status: TenantStatus,
    /// The versions applied, oldest first.
    pub applied: Vec<String>,
    /// The versions that the tenant lacks, oldest first.
    pub pending: Vec<String>,
    /// The versions applied that the given migrations don't have, oldest first.
    pub unknown: Vec<String>,
    /// The invalid indexes: PostgreSQL could not build them and doesn't use them. Invalid unique indexes let duplicates
    /// in. Indexes that wait for the indexes of partitions are included; indexes being built right now are not.
    pub invalid_indexes: Vec<String>,
}

impl TenantVersions {
    /// The newest version applied.
    pub fn newest(&self) -> Option<&str> {
        self.applied.last().map(String::as_str)
    }
}

/// # The state of all tenants' migrations
impl TenantPool {
    /// Which migrations every tenant has and lacks, by the same handful of queries as
    /// [`migrate_tenants`](Self::migrate_tenants) makes.
    ///
    /// # Errors
    /// [`FleetError`] if the migrations, the tenants, or one tenant's versions can't be read.
    pub async fn migration_status(
        &self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<FleetStatus, FleetError> {
        let plan = Plan::read(migrations).await?;
        let mut connection = self.migration_connector().connect().await?;
        let mut workers = Worker::crew(self, Limits::default(), true, 2);
        let survey = Survey::of(self, &mut connection, None, &[], &mut workers).await?;
        let changed = survey.changed(&plan).await?;
        let mut invalid = by_schema(&mut connection).await.map_err(FleetError::Tenants)?;
        let mut tenants = Vec::with_capacity(survey.tenants.len());
        for SurveyedTenant { name, status, applied } in survey.tenants {
            let applied = applied.map_err(FleetError::Tenants)?;
            let names = applied.versions.iter().map(|(version, _)| version.clone());
            let (pending, unknown) = (
                plan.migrations
                    .iter()
                    .filter(|migration| !applied.contains(&migration.version)),
                applied
                    .versions
                    .iter()
                    .filter(|(version, _)| plan.find(version).is_none()),
            );
            tenants.push(TenantVersions {
                status,
                pending: pending.map(|migration| migration.version.clone()).collect(),
                unknown: unknown.map(|(version, _)| version.clone()).collect(),
                applied: names.collect(),
                invalid_indexes: invalid.remove(name.as_str()).unwrap_or_default(),
                tenant: name,
            });
        }
        Ok(FleetStatus { tenants, changed })
    }
}

impl Survey {
    /// The migrations that were edited after some tenant got them.
    pub(super) async fn changed(&self, plan: &Plan) -> Result<Vec<ChangedMigration>, FleetError> {
        let groups = self.groups();
        // Only migrations that were applied as SQL are read: reading a migration written in Rust means calling it.
        let recorded: HashSet<&str> = groups
            .iter()
            .flat_map(|(applied, _)| &applied.versions)
            .filter_map(|(version, checksum)| checksum.as_ref().map(|_| version.as_str()))
            .filter(|version| plan.find(version).is_some())
            .collect();
        let current = plan
            .checksums(recorded.into_iter().map(str::to_owned).collect())
            .await?;
        let mut changed: BTreeMap<&str, Vec<SchemaName>> = BTreeMap::new();
        for (applied, tenants) in &groups {
            for (version, checksum) in &applied.versions {
                if let (Some(then), Some(now)) = (checksum, current.get(version))
                    && then != now
                {
                    let others = changed.entry(version).or_default();
                    others.extend(tenants.iter().map(|&tenant| tenant.clone()));
                }
            }
        }
        Ok(changed
            .into_iter()
            .map(|(version, mut tenants)| {
                tenants.sort();
                ChangedMigration {
                    version: version.to_owned(),
                    tenants,
                }
            })
            .collect())
    }
}
