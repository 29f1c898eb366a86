use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::future::join_all;

use super::{
    super::MigrationError,
    FleetEvent, TenantOutcome, TenantReport,
    to_do::ToDo,
    worker::{Job, Step, Worker},
};
use crate::SchemaName;

/// The workers that migrate a fleet.
pub(super) struct Crew<'a> {
    keep_going: bool,
    watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
    stop: &'a (dyn Fn() -> bool + Send + Sync),
    is_stopped: AtomicBool,
}

/// The tenants' reports in their order; `None` for tenants that are not done yet.
type Reports = Mutex<Vec<Option<TenantReport>>>;

impl<'a> Crew<'a> {
    pub(super) fn new(
        keep_going: bool,
        watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
        stop: &'a (dyn Fn() -> bool + Send + Sync),
    ) -> Self {
        Self {
            keep_going,
            watcher,
            stop,
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(super) async fn work_off(
        self,
        to_do: ToDo<'_>,
        steps: &HashMap<&str, Step<'_>>,
        canaries: &[SchemaName],
        workers: &mut [Worker<'_>],
    ) -> Vec<TenantReport> {
        let names: Vec<SchemaName> = to_do.tenants.iter().map(|(tenant, _)| tenant.clone()).collect();
        let share = names.len().div_ceil(workers.len()).max(1);
        let mut canary_jobs = Vec::new();
        let mut jobs: Vec<Vec<_>> = workers.iter().map(|_| Vec::new()).collect();
        let mut reports = Vec::with_capacity(names.len());
        for (tenant, pending) in to_do.tenants {
            reports.push(match pending {
                Err(error) => Some(self.done(TenantReport::new(tenant, Vec::new(), TenantOutcome::Failed(error)))),
                Ok(pending) if pending.migrations.is_empty() => {
                    Some(TenantReport::new(tenant, Vec::new(), TenantOutcome::UpToDate))
                }
                Ok(pending) => {
                    let jobs = if canaries.contains(&tenant) {
                        &mut canary_jobs
                    } else {
                        &mut jobs[reports.len() / share]
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
        self.work(&[canary_jobs], &mut workers[..1], &reports).await;
        if lock(&reports).iter().flatten().any(has_failed) {
            self.stop();
        }
        self.work(&jobs, workers, &reports).await;
        let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        let not_reached = |tenant| TenantReport::new(tenant, Vec::new(), TenantOutcome::NotReached);
        names
            .into_iter()
            .zip(reports)
            .map(|(tenant, report)| report.unwrap_or_else(|| not_reached(tenant)))
            .collect()
    }

    /// Each worker first does its own share, whose tables its connection knows already, and then helps the others.
    async fn work(&self, shares: &[Vec<(usize, Job<'_>)>], workers: &mut [Worker<'_>], reports: &Reports) {
        let next: Vec<AtomicUsize> = shares.iter().map(|_| AtomicUsize::new(0)).collect();
        let work = async |own: usize, worker: &mut Worker<'_>| {
            for share in (0..shares.len()).map(|offset| (own + offset) % shares.len()) {
                while !self.is_stopped()
                    && let Some((index, job)) = shares[share].get(next[share].fetch_add(1, Relaxed))
                {
                    let report = self.done(worker.migrate(job).await);
                    lock(reports)[*index] = Some(report);
                }
            }
        };
        join_all(workers.iter_mut().enumerate().map(|(own, worker)| work(own, worker))).await;
    }

    /// Reports a tenant, and stops all workers if its failure requires that.
    fn done(&self, report: TenantReport) -> TenantReport {
        // Without a server no worker can continue.
        let is_server_gone = matches!(&report.outcome, TenantOutcome::Failed(MigrationError::Connect { .. }));
        if is_server_gone || (!report.outcome.is_success() && !self.keep_going) {
            self.stop();
        }
        (self.watcher)(FleetEvent::Tenant(&report));
        report
    }

    fn is_stopped(&self) -> bool {
        if (self.stop)() {
            self.stop();
        }
        self.is_stopped.load(Relaxed)
    }

    fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
