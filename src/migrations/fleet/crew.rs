use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::future::join_all;

use super::{
    super::{MigrationError, script::Script},
    FleetEvent, Limits, TenantOutcome, TenantReport,
    to_do::{ToDo, report},
    worker::{Job, Step, Worker},
};
use crate::{SchemaName, TenantPool};

/// The workers who migrate a fleet.
pub(super) struct Crew<'a> {
    pool: &'a TenantPool,
    limits: Limits,
    batched: bool,
    keep_going: bool,
    watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
    is_stopped: AtomicBool,
}

/// The tenants' reports in their order; those to come are empty.
type Reports = Mutex<Vec<Option<TenantReport>>>;

impl<'a> Crew<'a> {
    pub(super) fn new(
        pool: &'a TenantPool,
        limits: Limits,
        batched: bool,
        keep_going: bool,
        watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
    ) -> Self {
        Self {
            pool,
            limits,
            batched,
            keep_going,
            watcher,
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(super) async fn work_off(
        self,
        to_do: ToDo<'_>,
        scripts: &[Script],
        canaries: &[SchemaName],
        workers: usize,
    ) -> Vec<TenantReport> {
        let steps: HashMap<&str, Step<'_>> = scripts
            .iter()
            .map(|script| (script.migration.version.as_str(), Step::new(script, self.batched)))
            .collect();
        let names: Vec<SchemaName> = to_do.tenants.iter().map(|(tenant, _)| tenant.clone()).collect();
        let (mut canary_jobs, mut jobs) = (Vec::new(), Vec::new());
        let mut reports = Vec::with_capacity(names.len());
        for (tenant, pending) in to_do.tenants {
            reports.push(match pending {
                Err(error) => Some(self.done(report(tenant, Vec::new(), TenantOutcome::Failed(error)))),
                Ok(pending) if pending.migrations.is_empty() => {
                    Some(report(tenant, Vec::new(), TenantOutcome::UpToDate))
                }
                Ok(pending) => {
                    let jobs = if canaries.contains(&tenant) {
                        &mut canary_jobs
                    } else {
                        &mut jobs
                    };
                    let steps = pending
                        .migrations
                        .iter()
                        .map(|migration| &steps[migration.version.as_str()]);
                    jobs.push((
                        reports.len(),
                        Job {
                            tenant,
                            steps: steps.collect(),
                            has_table: pending.has_table,
                            has_checksums: pending.has_checksums,
                        },
                    ));
                    None
                }
            });
        }
        let has_failed = |report: &TenantReport| !report.outcome.is_success() && canaries.contains(&report.tenant);
        let reports = Mutex::new(reports);
        self.work(&canary_jobs, 1, &reports).await;
        if lock(&reports).iter().flatten().any(has_failed) {
            self.stop();
        }
        self.work(&jobs, workers, &reports).await;
        let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        let not_reached = |tenant| report(tenant, Vec::new(), TenantOutcome::NotReached);
        names
            .into_iter()
            .zip(reports)
            .map(|(tenant, report)| report.unwrap_or_else(|| not_reached(tenant)))
            .collect()
    }

    async fn work(&self, jobs: &[(usize, Job<'_>)], workers: usize, reports: &Reports) {
        let next = AtomicUsize::new(0);
        let work = async || {
            let mut worker = Worker::new(self.pool, self.limits, self.batched);
            while !self.is_stopped.load(Relaxed)
                && let Some((index, job)) = jobs.get(next.fetch_add(1, Relaxed))
            {
                let report = self.done(worker.migrate(job).await);
                lock(reports)[*index] = Some(report);
            }
        };
        join_all((0..workers.min(jobs.len())).map(|_| work())).await;
    }

    /// Tells of a tenant, and stops everybody if its failure says so.
    fn done(&self, report: TenantReport) -> TenantReport {
        // Without a server nobody gets any further.
        let is_server_gone = matches!(&report.outcome, TenantOutcome::Failed(MigrationError::Connect { .. }));
        if is_server_gone || (!report.outcome.is_success() && !self.keep_going) {
            self.stop();
        }
        (self.watcher)(FleetEvent::Tenant(&report));
        report
    }

    fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
