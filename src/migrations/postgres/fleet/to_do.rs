use std::collections::HashSet;

use super::survey::{Applied, Survey};
use crate::{
    SchemaName,
    migrations::{
        MigrationError, Plan, SchemaOwner, TenantOutcome, TenantReport, fleet::Task, postgres::script::Planned,
    },
};

/// The work for each tenant of a fleet.
pub(super) struct ToDo<'a> {
    pub(super) tenants: Vec<(SchemaName, Result<Pending<'a>, MigrationError>)>,
}

/// The migrations to apply to one tenant, or to revert.
pub(super) struct Pending<'a> {
    /// The migrations, in the order in which they run.
    pub(super) migrations: Vec<&'a Planned>,
    pub(super) has_table: bool,
    pub(super) has_checksums: bool,
}

impl<'a> ToDo<'a> {
    pub(super) fn find(survey: Survey, plan: &'a Plan, task: Task) -> Self {
        let tenants = survey.tenants.into_iter().map(|tenant| {
            let owner = SchemaOwner::Tenant(tenant.name.clone());
            let pending = match tenant.reserved {
                Some(reserved) => Err(MigrationError::reserved(&tenant.name, reserved)),
                None => tenant
                    .applied
                    .map_err(owner.failed())
                    .and_then(|applied| pending(&applied, plan, task, &owner)),
            };
            (tenant.name, pending)
        });
        Self {
            tenants: tenants.collect(),
        }
    }

    /// All versions that any tenant needs, oldest first.
    pub(super) fn versions(&self, plan: &Plan) -> Vec<String> {
        let needed: HashSet<&str> = self
            .tenants
            .iter()
            .filter_map(|(_, pending)| pending.as_ref().ok())
            .flat_map(|pending| &pending.migrations)
            .map(|migration| migration.version.as_str())
            .collect();
        let versions = plan.migrations.iter().map(|migration| &migration.version);
        versions
            .filter(|version| needed.contains(version.as_str()))
            .cloned()
            .collect()
    }

    /// How many tenants need anything.
    pub(super) fn pending(&self) -> usize {
        let is_pending =
            |pending: &Result<Pending<'_>, _>| matches!(pending, Ok(pending) if !pending.migrations.is_empty());
        self.tenants.iter().filter(|(_, pending)| is_pending(pending)).count()
    }

    /// The reports of a dry run.
    pub(super) fn into_reports(self) -> Vec<TenantReport> {
        let reports = self.tenants.into_iter().map(|(tenant, pending)| match pending {
            Err(error) => TenantReport::new(tenant, Vec::new(), TenantOutcome::Failed(error)),
            Ok(pending) if pending.migrations.is_empty() => {
                TenantReport::new(tenant, Vec::new(), TenantOutcome::UpToDate)
            }
            Ok(pending) => {
                let versions = pending.migrations.iter().map(|migration| migration.version.clone());
                TenantReport::new(tenant, versions.collect(), TenantOutcome::Pending)
            }
        });
        reports.collect()
    }
}

fn pending<'a>(
    applied: &Applied,
    plan: &'a Plan,
    task: Task,
    owner: &SchemaOwner,
) -> Result<Pending<'a>, MigrationError> {
    let migrations = match task {
        Task::Migrate => {
            let migrations = plan.migrations.iter();
            migrations
                .filter(|migration| !applied.contains(&migration.version))
                .collect()
        }
        Task::Revert(revert) => {
            let newest = applied.versions.iter().rev().take(revert.count());
            newest
                .map(|(version, _)| {
                    plan.find(version).ok_or_else(|| MigrationError::UnknownVersion {
                        owner: owner.clone(),
                        version: version.clone(),
                    })
                })
                .collect::<Result<_, _>>()?
        }
    };
    Ok(Pending {
        migrations,
        has_table: applied.has_table,
        has_checksums: applied.has_checksums,
    })
}
