//! The migration of one of several databases.

use std::collections::HashMap;

use super::{
    DatabaseReport, DatabasesEvent, SharedReport,
    fleet_database::{FleetDatabase, lacking},
};
use crate::{
    MigrationError, SchemaName,
    migrations::{
        ChangedMigration, FleetError, FleetEvent, Plan, Runner, SchemaOwner, TenantOutcome, TenantReport,
        fleet::{Halt, Task},
        postgres::fleet::{
            crew::Crew,
            site::Site,
            to_do::ToDo,
            worker::{Step, Worker},
        },
    },
};

/// What there is to do in one database.
pub(super) struct Planned<'a> {
    to_do: ToDo<'a>,
    /// All versions that any tenant needs.
    pub(super) versions: Vec<String>,
    /// The migrations that the shared schema lacks, if it is to be migrated.
    shared: Option<Vec<String>>,
    /// The tenant whose schema is the shared schema, and the migrations to apply or to revert.
    owner: Option<(SchemaName, Vec<String>)>,
    /// Tenants that the directory knows here, and that have no schema.
    missing: Vec<SchemaName>,
    changed: Vec<ChangedMigration>,
}

impl<'a> Planned<'a> {
    pub(super) async fn find(
        database: &FleetDatabase,
        site: &mut Site<'_>,
        chosen: Option<Vec<SchemaName>>,
        canaries: &[SchemaName],
        (plan, shared_plan): (&'a Plan, Option<&Plan>),
        task: Task,
    ) -> Result<Self, FleetError> {
        let own = database.pool.shared_schema();
        let is_all = chosen.is_none();
        let owner = database.owner().filter(|_| match &chosen {
            None => true,
            Some(chosen) => chosen.contains(own) || canaries.contains(own),
        });
        let without_owner =
            |names: &[SchemaName]| -> Vec<SchemaName> { names.iter().filter(|name| *name != own).cloned().collect() };
        let others = chosen.map(|chosen| without_owner(&chosen));
        let mut survey = site.survey(others, &without_owner(canaries)).await?;
        let missing = match is_all {
            true => database
                .complete(&mut survey, &mut site.connection)
                .await
                .map_err(FleetError::Tenants)?,
            false => Vec::new(),
        };
        let mut changed = survey.changed(plan).await?;
        for tenant in changed.iter_mut().flat_map(|changed| &mut changed.tenants) {
            *tenant = database.tenant(tenant).clone();
        }
        let applied = match (owner, shared_plan) {
            (None, None) => Vec::new(),
            _ => database
                .applied_to_shared(&mut site.connection)
                .await
                .map_err(FleetError::Tenants)?,
        };
        let owner = owner.map(|owner| {
            let versions = match task {
                Task::Migrate => lacking(plan, &applied),
                Task::Revert(revert) => applied.iter().rev().take(revert.count()).cloned().collect(),
            };
            (owner.tenant.clone(), versions)
        });
        // In a database whose shared schema is a tenant's there are no shared tables.
        let shared = shared_plan.filter(|_| database.owner().is_none());
        let to_do = ToDo::find(survey, plan, task);
        Ok(Self {
            versions: to_do.versions(plan),
            shared: shared.map(|shared| lacking(shared, &applied)),
            to_do,
            owner,
            missing,
            changed,
        })
    }

    pub(super) fn tenants(&self) -> usize {
        self.to_do.tenants.len() + usize::from(self.owner.is_some()) + self.missing.len()
    }

    pub(super) fn pending(&self) -> usize {
        let owner = self.owner.as_ref().filter(|(_, versions)| !versions.is_empty());
        self.to_do.pending() + usize::from(owner.is_some())
    }

    /// The report of a dry run.
    pub(super) fn into_report(self, database: &FleetDatabase) -> DatabaseReport {
        let pending = |versions: &[String]| match versions {
            [] => TenantOutcome::UpToDate,
            _ => TenantOutcome::Pending,
        };
        let mut tenants = self.to_do.into_reports();
        for report in &mut tenants {
            report.tenant = database.tenant(&report.tenant).clone();
        }
        if let Some((tenant, versions)) = self.owner {
            let outcome = pending(&versions);
            tenants.push(TenantReport::new(tenant, versions, outcome));
        }
        tenants.extend(self.missing.into_iter().map(FleetDatabase::missing));
        DatabaseReport {
            database: database.name.clone(),
            unreachable: None,
            shared: self.shared.map(|versions| SharedReport {
                outcome: pending(&versions),
                versions,
            }),
            tenants,
            changed: self.changed,
        }
    }
}

/// The migrations, and what is done with those of tenants.
type Plans<'a> = (&'a Plan, Option<&'a Plan>, Task);

type Watcher<'a> = dyn Fn(DatabasesEvent<'_>) + Send + Sync + 'a;

/// A database whose tenants are being migrated.
pub(super) struct Running<'a> {
    database: &'a FleetDatabase,
    workers: &'a mut [Worker<'a>],
    crew: Crew<'a>,
    canaries: &'a [SchemaName],
    halt: &'a Halt<'a>,
    watcher: &'a Watcher<'a>,
    /// The migrations that the shared schema lacks, until they were begun.
    pending: Option<Vec<String>>,
    shared: Option<SharedReport>,
    owner: Option<(SchemaName, Vec<String>)>,
    /// Reports of tenants that the crew doesn't migrate.
    reports: Vec<TenantReport>,
    changed: Vec<ChangedMigration>,
}

impl<'a> Running<'a> {
    /// Passes on what a database's crew reports.
    pub(super) fn watcher(database: &'a str, watcher: &'a Watcher<'a>) -> impl Fn(FleetEvent<'_>) + Send + Sync + 'a {
        move |event| {
            if let FleetEvent::Tenant(report) = event {
                watcher(DatabasesEvent::Tenant { database, report });
            }
        }
    }

    pub(super) fn new(
        (database, workers): (&'a FleetDatabase, &'a mut [Worker<'a>]),
        planned: Planned<'_>,
        steps: &'a HashMap<&'a str, Step<'a>>,
        canaries: &'a [SchemaName],
        halt: &'a Halt<'a>,
        told: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
        watcher: &'a Watcher<'a>,
    ) -> Self {
        let crew = Crew::new(
            planned.to_do,
            steps,
            canaries,
            workers.len(),
            (halt, told),
            &database.names,
        );
        let mut running = Self {
            database,
            workers,
            crew,
            canaries,
            halt,
            watcher,
            pending: planned.shared,
            shared: None,
            owner: planned.owner,
            reports: Vec::new(),
            changed: planned.changed,
        };
        for tenant in planned.missing {
            running.report(FleetDatabase::missing(tenant));
        }
        running
    }

    pub(super) fn name(&self) -> &str {
        &self.database.name
    }

    pub(super) fn has_canaries(&self) -> bool {
        !self.canaries.is_empty()
    }

    /// The shared schema, and then the canaries. If one failed, everything stops.
    pub(super) async fn canaries(&mut self, plans: Plans<'_>) {
        if !self.migrate_shared(plans).await {
            self.halt.stop();
            return;
        }
        if self.canaries.contains(self.database.pool.shared_schema()) && !self.migrate_owner(plans).await {
            self.halt.stop();
        }
        self.crew.canaries(self.workers).await;
    }

    /// The shared schema, unless it is done, and then all other tenants.
    pub(super) async fn others(&mut self, plans: Plans<'_>) {
        if !self.migrate_shared(plans).await {
            return;
        }
        self.migrate_owner(plans).await;
        self.crew.others(self.workers).await;
    }

    /// Whether anything failed so far.
    pub(super) fn has_failed(&self) -> bool {
        let is_failed = |outcome: &TenantOutcome| !outcome.is_success();
        self.shared.as_ref().is_some_and(|shared| is_failed(&shared.outcome))
            || self.reports.iter().any(|report| is_failed(&report.outcome))
            || self.crew.has_failed()
    }

    pub(super) fn end(mut self) -> DatabaseReport {
        let not_reached = || TenantOutcome::NotReached;
        if let Some((tenant, _)) = self.owner.take() {
            self.reports.push(TenantReport::new(tenant, Vec::new(), not_reached()));
        }
        let mut tenants = self.crew.end();
        tenants.append(&mut self.reports);
        DatabaseReport {
            database: self.database.name.clone(),
            unreachable: None,
            shared: self.shared.or_else(|| {
                self.pending.map(|_| SharedReport {
                    versions: Vec::new(),
                    outcome: not_reached(),
                })
            }),
            tenants,
            changed: self.changed,
        }
    }

    /// Whether the tenants may be begun.
    async fn migrate_shared(&mut self, (_, plan, _): Plans<'_>) -> bool {
        let (Some(pending), Some(plan)) = (&self.pending, plan) else {
            return self.shared.as_ref().is_none_or(|shared| shared.outcome.is_success());
        };
        if !pending.is_empty() && self.halt.is_stopped() {
            return false;
        }
        let pool = &self.database.pool;
        let owner = SchemaOwner::Shared(pool.shared_schema().clone());
        let applied = match pending.is_empty() {
            true => Ok(Vec::new()),
            false => pool.apply(owner, plan).await,
        };
        self.pending = None;
        let (versions, outcome) = outcome(applied.map(texts), TenantOutcome::Migrated);
        let report = SharedReport { versions, outcome };
        let is_done = report.outcome.is_success();
        if !matches!(report.outcome, TenantOutcome::UpToDate) {
            (self.watcher)(DatabasesEvent::Shared {
                database: &self.database.name,
                report: &report,
            });
        }
        self.shared = Some(report);
        if !is_done {
            self.halt.failed();
        }
        is_done
    }

    /// Migrates the tenant whose schema is the shared schema, unless that is done. Returns whether it succeeded.
    async fn migrate_owner(&mut self, (plan, _, task): Plans<'_>) -> bool {
        let is_begun = self.owner.is_some() && !self.halt.is_stopped();
        let Some((tenant, pending)) = self.owner.take_if(|_| is_begun) else {
            return true;
        };
        let pool = &self.database.pool;
        let owner = SchemaOwner::Tenant(pool.shared_schema().clone());
        let (versions, outcome) = match task {
            _ if pending.is_empty() => outcome(Ok(Vec::new()), TenantOutcome::Migrated),
            Task::Migrate => outcome(pool.apply(owner, plan).await.map(texts), TenantOutcome::Migrated),
            Task::Revert(revert) => {
                let mut reverted = Vec::new();
                let reverting = async {
                    let mut runner = Runner::connect(pool, owner).await?;
                    runner.revert_into(plan, revert.count(), &mut reverted).await
                };
                match reverting.await {
                    // What was reverted before the failure stays reverted.
                    Err(error) => (reverted, TenantOutcome::Failed(error)),
                    Ok(()) => outcome(Ok(reverted), TenantOutcome::Reverted),
                }
            }
        };
        let is_done = outcome.is_success();
        self.report(TenantReport::new(tenant, versions, outcome));
        is_done
    }

    fn report(&mut self, report: TenantReport) {
        if !report.outcome.is_success() {
            self.halt.failed();
        }
        if !matches!(report.outcome, TenantOutcome::UpToDate) {
            (self.watcher)(DatabasesEvent::Tenant {
                database: &self.database.name,
                report: &report,
            });
        }
        self.reports.push(report);
    }
}

fn texts(versions: Vec<diesel::migration::MigrationVersion<'static>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn outcome(done: Result<Vec<String>, MigrationError>, word: TenantOutcome) -> (Vec<String>, TenantOutcome) {
    match done {
        Err(error) => (Vec::new(), TenantOutcome::Failed(error)),
        Ok(versions) if versions.is_empty() => (versions, TenantOutcome::UpToDate),
        Ok(versions) => (versions, word),
    }
}
