//! A fleet migration where each tenant is migrated apart: a file of SQLite, or a database of MySQL.

use super::{FleetEvent, TenantOutcome, TenantReport};
use crate::{Backend, MigrationError, SchemaName, TenantPool};

/// A tenant, by its place in the list, and the versions.
pub(in crate::migrations) type Done<E> = (usize, Result<Vec<String>, E>);

/// Whoever migrates tenants, several at a time.
pub(in crate::migrations) trait Crew: Send {
    type Error: Send;

    fn has_idle(&self) -> bool;

    /// Gives a tenant to a worker that has none.
    fn begin(&mut self, index: usize, tenant: SchemaName);

    /// The next tenant that is done; `None` if none was begun.
    fn next(&mut self) -> impl Future<Output = Option<Done<Self::Error>>> + Send;
}

/// What the caller of a fleet migration has asked for.
pub(in crate::migrations) struct RunOptions<'a> {
    pub(in crate::migrations) workers: usize,
    pub(in crate::migrations) keep_going: bool,
    pub(in crate::migrations) watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
    pub(in crate::migrations) stop: &'a (dyn Fn() -> bool + Send + Sync),
}

/// The tenants to migrate, by their places in the list of all, and the reports of the others.
pub(in crate::migrations) struct Planned {
    tenants: Vec<SchemaName>,
    /// `None` for the tenants to migrate.
    reports: Vec<Option<TenantReport>>,
    canaries: Vec<usize>,
    others: Vec<usize>,
}

impl Planned {
    /// Takes the tenants with the versions to apply or to revert. Where these are not known, the migration will say why.
    /// Tenants under names that no tenant may have are not begun: their failure is reported.
    pub(in crate::migrations) fn of<B: Backend>(
        pool: &TenantPool<B>,
        found: impl IntoIterator<Item = (SchemaName, Option<Vec<String>>)>,
        canaries: &[SchemaName],
        dry_run: bool,
    ) -> Self {
        let mut planned = Self {
            tenants: Vec::new(),
            reports: Vec::new(),
            canaries: Vec::new(),
            others: Vec::new(),
        };
        for (index, (tenant, versions)) in found.into_iter().enumerate() {
            let is_done = versions.as_ref().is_some_and(Vec::is_empty);
            let versions = versions.unwrap_or_default();
            let report = |versions, outcome| Some(TenantReport::new(tenant.clone(), versions, outcome));
            planned
                .reports
                .push(match (pool.tenant_name(&tenant), is_done, dry_run) {
                    (Err(reserved), ..) => {
                        let error = MigrationError::reserved(&tenant, reserved);
                        report(Vec::new(), TenantOutcome::Failed(error))
                    }
                    (Ok(_), true, _) => report(Vec::new(), TenantOutcome::UpToDate),
                    (Ok(_), false, true) => report(versions, TenantOutcome::Pending),
                    (Ok(_), false, false) => {
                        let jobs = match canaries.contains(&tenant) {
                            true => &mut planned.canaries,
                            false => &mut planned.others,
                        };
                        jobs.push(index);
                        None
                    }
                });
            planned.tenants.push(tenant);
        }
        planned
    }

    /// How many tenants are migrated, or would be.
    fn pending(&self) -> usize {
        let would_be = self.reports.iter().flatten();
        let would_be = would_be.filter(|report| !report.versions.is_empty()).count();
        would_be + self.canaries.len() + self.others.len()
    }

    /// Migrates the canaries one after the other, then the others, and returns all reports in the order of the tenants.
    pub(in crate::migrations) async fn run<C: Crew>(
        self,
        options: &RunOptions<'_>,
        crew_of: impl Fn(usize) -> C + Send,
        report_of: impl Fn(&SchemaName, Result<Vec<String>, C::Error>) -> TenantReport + Send,
    ) -> Vec<TenantReport> {
        (options.watcher)(FleetEvent::Planned {
            tenants: self.tenants.len(),
            pending: self.pending(),
        });
        let Self {
            tenants,
            mut reports,
            canaries,
            others,
        } = self;
        let mut has_failed = false;
        for report in reports.iter().flatten().filter(|report| !report.outcome.is_success()) {
            (options.watcher)(FleetEvent::Tenant(report));
            has_failed |= !options.keep_going;
        }
        // A canary's failure keeps the others from being begun, whatever else goes on.
        for (jobs, at_once, keep_going) in [(canaries, 1, false), (others, options.workers, options.keep_going)] {
            let mut crew = crew_of(at_once.min(jobs.len()));
            let mut jobs = jobs.into_iter();
            loop {
                while crew.has_idle()
                    && !(has_failed || (options.stop)())
                    && let Some(index) = jobs.next()
                {
                    crew.begin(index, tenants[index].clone());
                }
                let Some((index, done)) = crew.next().await else { break };
                let report = report_of(&tenants[index], done);
                has_failed |= !report.outcome.is_success() && !keep_going;
                (options.watcher)(FleetEvent::Tenant(&report));
                reports[index] = Some(report);
            }
        }
        let not_reached = |tenant| TenantReport::new(tenant, Vec::new(), TenantOutcome::NotReached);
        let reports = tenants.into_iter().zip(reports);
        reports
            .map(|(tenant, report)| report.unwrap_or_else(|| not_reached(tenant)))
            .collect()
    }
}
