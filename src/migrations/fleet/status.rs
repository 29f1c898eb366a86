use std::collections::{BTreeMap, HashSet};

use super::{
    ChangedMigration, FleetError,
    survey::{Applied, Survey},
};
use crate::{SchemaName, TenantStatus, migrations::Plan};

/// Which migrations every tenant has and lacks. See
/// [`TenantPool::migration_status`](crate::TenantPool::migration_status).
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
    /// in. Indexes that wait for the indexes of partitions are included; indexes being built right now are not. On
    /// SQLite there are none.
    pub invalid_indexes: Vec<String>,
}

impl TenantVersions {
    /// The newest version applied.
    pub fn newest(&self) -> Option<&str> {
        self.applied.last().map(String::as_str)
    }
}

impl TenantVersions {
    pub(super) fn of(
        tenant: SchemaName,
        status: TenantStatus,
        applied: &Applied,
        plan: &Plan,
        invalid_indexes: Vec<String>,
    ) -> Self {
        let names = applied.versions.iter().map(|(version, _)| version);
        let pending = plan.migrations.iter().map(|migration| &migration.version);
        Self {
            tenant,
            status,
            applied: names.clone().cloned().collect(),
            pending: pending.filter(|version| !applied.contains(version)).cloned().collect(),
            unknown: names.filter(|version| plan.find(version).is_none()).cloned().collect(),
            invalid_indexes,
        }
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
