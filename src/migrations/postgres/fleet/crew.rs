use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::future::join_all;

use super::{
    to_do::ToDo,
    worker::{Job, Step, Worker},
};
use crate::{
    SchemaName,
    migrations::{FleetEvent, MigrationError, TenantOutcome, TenantReport, fleet::Halt},
};

/// Tells somebody of a tenant that is done.
pub(in crate::migrations) type Watcher<'a> = &'a (dyn Fn(FleetEvent<'_>) + Send + Sync);

/// The workers that migrate the tenants of one database.
pub(in crate::migrations) struct Crew<'a> {
    halt: &'a Halt<'a>,
    watcher: Watcher<'a>,
    /// The names of tenants whose schemas have other names, by the schemas.
    names: &'a HashMap<SchemaName, SchemaName>,
    tenants: Vec<SchemaName>,
    canaries: Vec<(usize, Job<'a>)>,
    /// For each worker.
    shares: Vec<Vec<(usize, Job<'a>)>>,
    /// In the order of the tenants; `None` for tenants that are not done yet.
    reports: Mutex<Vec<Option<TenantReport>>>,
    /// Without a server no worker can continue.
    is_server_gone: AtomicBool,
}

impl<'a> Crew<'a> {
    /// Divides the work. Tenants without any are reported at once.
    pub(in crate::migrations) fn new(
        to_do: ToDo<'_>,
        steps: &'a HashMap<&str, Step<'a>>,
        canaries: &[SchemaName],
        workers: usize,
        (halt, watcher): (&'a Halt<'a>, Watcher<'a>),
        names: &'a HashMap<SchemaName, SchemaName>,
    ) -> Self {
        let tenants: Vec<SchemaName> = to_do.tenants.iter().map(|(tenant, _)| tenant.clone()).collect();
        let share = tenants.len().div_ceil(workers).max(1);
        let mut crew = Self {
            halt,
            watcher,
            names,
            tenants,
            canaries: Vec::new(),
            shares: (0..workers).map(|_| Vec::new()).collect(),
            reports: Mutex::default(),
            is_server_gone: AtomicBool::new(false),
        };
        let mut reports = Vec::with_capacity(crew.tenants.len());
        for (tenant, pending) in to_do.tenants {
            let index = reports.len();
            reports.push(match pending {
                Err(error) => Some(crew.done(TenantReport::new(tenant, Vec::new(), TenantOutcome::Failed(error)))),
                Ok(pending) if pending.migrations.is_empty() => {
                    Some(crew.named(TenantReport::new(tenant, Vec::new(), TenantOutcome::UpToDate)))
                }
                Ok(pending) => {
                    let jobs = match canaries.contains(&tenant) {
                        true => &mut crew.canaries,
                        false => &mut crew.shares[index / share],
                    };
                    let needed = pending.migrations.iter();
                    let needed = needed.map(|migration| &steps[migration.version.as_str()]);
                    jobs.push((
                        index,
                        Job {
                            tenant,
                            steps: needed.collect(),
                            has_table: pending.has_table,
                            has_checksums: pending.has_checksums,
                        },
                    ));
                    None
                }
            });
        }
        *lock(&crew.reports) = reports;
        crew
    }

    /// Migrates the canaries, one after the other. If one failed, everything stops.
    pub(in crate::migrations) async fn canaries(&self, workers: &mut [Worker<'_>]) {
        self.work(std::slice::from_ref(&self.canaries), &mut workers[..1]).await;
        let reports = lock(&self.reports);
        let mut done = self.canaries.iter().filter_map(|(index, _)| reports[*index].as_ref());
        if done.any(|report| !report.outcome.is_success()) {
            self.halt.stop();
        }
    }

    /// Migrates the other tenants.
    pub(in crate::migrations) async fn others(&self, workers: &mut [Worker<'_>]) {
        self.work(&self.shares, workers).await;
    }

    /// Whether any tenant failed so far.
    pub(in crate::migrations) fn has_failed(&self) -> bool {
        let reports = lock(&self.reports);
        reports.iter().flatten().any(|report| !report.outcome.is_success())
    }

    /// The reports, also of tenants that were not reached.
    pub(in crate::migrations) fn end(self) -> Vec<TenantReport> {
        let reports = std::mem::take(&mut *lock(&self.reports));
        let not_reached = |tenant| self.named(TenantReport::new(tenant, Vec::new(), TenantOutcome::NotReached));
        let tenants = self.tenants.iter().cloned().zip(reports);
        tenants
            .map(|(tenant, report)| report.unwrap_or_else(|| not_reached(tenant)))
            .collect()
    }

    /// Each worker first does its own share, whose tables its connection knows already, and then helps the others.
    async fn work(&self, shares: &[Vec<(usize, Job<'_>)>], workers: &mut [Worker<'_>]) {
        let next: Vec<AtomicUsize> = shares.iter().map(|_| AtomicUsize::new(0)).collect();
        let work = async |own: usize, worker: &mut Worker<'_>| {
            for share in (0..shares.len()).map(|offset| (own + offset) % shares.len()) {
                while !self.is_stopped()
                    && let Some((index, job)) = shares[share].get(next[share].fetch_add(1, Relaxed))
                {
                    let report = self.done(worker.migrate(job).await);
                    lock(&self.reports)[*index] = Some(report);
                }
            }
        };
        join_all(workers.iter_mut().enumerate().map(|(own, worker)| work(own, worker))).await;
    }

    /// Reports a tenant, and stops workers if its failure requires that.
    fn done(&self, report: TenantReport) -> TenantReport {
        let report = self.named(report);
        if matches!(&report.outcome, TenantOutcome::Failed(MigrationError::Connect { .. })) {
            self.is_server_gone.store(true, Relaxed);
        }
        if !report.outcome.is_success() {
            self.halt.failed();
        }
        (self.watcher)(FleetEvent::Tenant(&report));
        report
    }

    /// The report with the tenant's name in place of its schema's.
    fn named(&self, mut report: TenantReport) -> TenantReport {
        if let Some(name) = self.names.get(&report.tenant) {
            report.tenant = name.clone();
        }
        report
    }

    fn is_stopped(&self) -> bool {
        self.halt.is_stopped() || self.is_server_gone.load(Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
