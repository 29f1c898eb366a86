use std::time::{Duration, Instant};

use diesel::{migration::MigrationSource, pg::Pg};
use futures_core::future::BoxFuture;
use futures_util::{StreamExt as _, future::join_all, stream};

use super::{
    DatabasesEvent, DatabasesReport,
    choice::Choice,
    fleet_database::FleetDatabase,
    report::DatabaseReport,
    running::{Planned, Running},
};
use crate::{
    IntoSchemaName, MigrationSourceError, Revert, SchemaName, SchemaNameError,
    migrations::{
        FleetError, Plan, TenantOutcome, TenantReport,
        fleet::{Halt, Limits, Task, chosen_names},
        postgres::fleet::{site::Site, worker::Step},
    },
    pool::{AllDatabases, OWN_DATABASE, PoolDatabases, Unreached},
};

type ReadPlan<'a> = BoxFuture<'a, Result<Plan, MigrationSourceError>>;

/// A migration of the tenants of several databases, to be started by [`run`](Self::run); see
/// [`AllDatabases::migrate_tenants`].
#[must_use = "nothing is migrated until `run`"]
pub struct DatabasesMigration<'a> {
    databases: AllDatabases<'a>,
    plan: ReadPlan<'a>,
    shared: Option<ReadPlan<'a>>,
    with_tenants: bool,
    task: Task,
    chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
    canaries: Result<Vec<SchemaName>, SchemaNameError>,
    first: Option<String>,
    workers: usize,
    keep_going: bool,
    dry_run: bool,
    limits: Limits,
    watcher: Box<dyn Fn(DatabasesEvent<'_>) + Send + Sync + 'a>,
    stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
}

/// # Migrating the tenants of all databases
impl<'a> AllDatabases<'a> {
    /// Applies the pending migrations of all tenants in all databases: active, suspended and spare tenants.
    ///
    /// All databases are connected to, locked and read before anything is done, so that a database that is down, one
    /// that was declared twice, or another deployer at work stops the run in time. Then the databases are migrated side
    /// by side, each as by [`migrate_tenants`](crate::TenantPool::migrate_tenants) of its own pool. A run that was
    /// stopped, for whatever reason, continues when it is run again.
    pub fn migrate_tenants(
        self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> DatabasesMigration<'a> {
        DatabasesMigration::new(self, Box::pin(Plan::read(migrations)), Task::Migrate)
    }

    /// Reverts migrations of all tenants in all databases, each tenant's newest first; otherwise like
    /// [`migrate_tenants`](Self::migrate_tenants).
    ///
    /// After a run that was stopped, choose the tenants that are left ([`only`](DatabasesMigration::only)): in the
    /// others the same call would revert further migrations.
    pub fn revert_tenants(
        self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
        revert: Revert,
    ) -> DatabasesMigration<'a> {
        DatabasesMigration::new(self, Box::pin(Plan::read(migrations)), Task::Revert(revert))
    }
}

impl<'a> DatabasesMigration<'a> {
    fn new(databases: AllDatabases<'a>, plan: ReadPlan<'a>, task: Task) -> Self {
        Self {
            databases,
            plan,
            shared: None,
            with_tenants: true,
            task,
            chosen: None,
            canaries: Ok(Vec::new()),
            first: None,
            workers: 2,
            keep_going: false,
            dry_run: false,
            limits: Limits::default(),
            watcher: Box::new(|_| ()),
            stop: Box::new(|| false),
        }
    }

    /// Applies the pending migrations of each database's shared schema before those of its tenants. If that fails, no
    /// tenant of that database is begun. Default: shared schemas are left as they are. A revert ignores this.
    pub fn shared_first(self, migrations: impl MigrationSource<Pg> + Send + Sync + 'static) -> Self {
        Self {
            shared: Some(Box::pin(Plan::read(migrations))),
            ..self
        }
    }

    /// Leaves the tenants alone, and doesn't read their version tables: for the [shared schemas](Self::shared_first)
    /// only. Default: tenants are migrated.
    pub fn without_tenants(self) -> Self {
        Self {
            with_tenants: false,
            ..self
        }
    }

    /// Migrates only these tenants, in the databases where they live; the other databases are left alone. Default: all.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            chosen: Some(chosen_names(self.databases.pool, tenants)),
            ..self
        }
    }

    /// Migrates these tenants first, one after the other, and before them the shared schemas of their databases. The
    /// rest follows only if all of these succeed. Choose canaries of one database, and the other databases stay
    /// untouched until then. Default: none.
    pub fn canaries(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            canaries: chosen_names(self.databases.pool, tenants),
            ..self
        }
    }

    /// Migrates this database first, after the canaries. The others follow only if nothing fails there. Default: all
    /// databases are migrated side by side.
    pub fn first_database(self, database: impl Into<String>) -> Self {
        Self {
            first: Some(database.into()),
            ..self
        }
    }

    /// How many tenants of each database are migrated at a time, each on its own connection beside the pool's; at least
    /// 1. Default: 2.
    pub fn workers(self, workers: usize) -> Self {
        Self {
            workers: workers.max(1),
            ..self
        }
    }

    /// Continues with the other tenants and databases when one fails. Default: after a failure no further tenant is
    /// begun in any database.
    pub fn keep_going(self) -> Self {
        Self {
            keep_going: true,
            ..self
        }
    }

    /// Only finds out what there is to do.
    pub fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Calls a function once the plan is known, and after each shared schema and each tenant, to show progress. It
    /// should be quick.
    pub fn on_progress(self, watcher: impl Fn(DatabasesEvent<'_>) + Send + Sync + 'a) -> Self {
        Self {
            watcher: Box::new(watcher),
            ..self
        }
    }

    /// Asks a function before each tenant whether to stop. Tenants in progress are then finished, the others are
    /// reported as not reached. Default: never stop. The function should be quick.
    pub fn stop_when(self, stop: impl Fn() -> bool + Send + Sync + 'a) -> Self {
        Self {
            stop: Box::new(stop),
            ..self
        }
    }

    /// As for [one database](crate::migrations::FleetMigration::lock_timeout). Default: 2 seconds.
    pub fn lock_timeout(mut self, lock_timeout: Duration) -> Self {
        self.limits.lock_timeout = lock_timeout.max(Duration::from_millis(1));
        self
    }

    /// As for [one database](crate::migrations::FleetMigration::lock_attempts). Default: 10 times.
    pub fn lock_attempts(mut self, lock_attempts: u32) -> Self {
        self.limits.lock_attempts = lock_attempts;
        self
    }

    /// As for [one database](crate::migrations::FleetMigration::statements_per_connection). Default: 4,000.
    pub fn statements_per_connection(mut self, statements: usize) -> Self {
        self.limits.statements_a_connection = statements.max(1);
        self
    }

    /// Runs the migration. Dropping the future stops it; the servers may still finish what has been sent.
    ///
    /// # Errors
    /// [`FleetError`]: nothing was done in any database. Failures of single databases and tenants are in the report.
    pub async fn run(self) -> Result<DatabasesReport, FleetError> {
        let started = Instant::now();
        let plan = self.plan.await?;
        let shared_plan = match (self.shared, self.task) {
            (Some(shared), Task::Migrate) => Some(shared.await?),
            _ => None,
        };
        let mut databases = self.databases.reach().await?;
        if !self.dry_run {
            databases.require_writable()?;
        }
        let chosen = match self.chosen {
            Some(chosen) => Some(Choice::of(chosen, &mut databases).await?),
            None => None,
        };
        let canaries = Choice::of(self.canaries, &mut databases).await?;
        let PoolDatabases { reached, unreached } = databases;
        let mut skipped: Vec<DatabaseReport> = unreached.into_iter().map(skipped).collect();
        let is_needed = |name: &str| {
            let is_chosen = chosen
                .as_ref()
                .is_none_or(|chosen| !chosen.of_database(name).is_empty());
            is_chosen || !canaries.of_database(name).is_empty()
        };
        let reached = reached.into_iter().filter(|reached| is_needed(&reached.name));
        let (databases, connections): (Vec<FleetDatabase>, Vec<_>) = reached.map(FleetDatabase::of).unzip();
        if let Some(first) = &self.first
            && !databases.iter().any(|database| database.name == *first)
        {
            let known = databases.iter().map(|database| database.name.clone()).collect();
            let database = first.clone();
            return Err(crate::pool::DatabasesError::Unknown { database, known }.into());
        }

        let mut sites = Vec::with_capacity(databases.len());
        for (database, connection) in databases.iter().zip(connections) {
            let site = Site::new(&database.pool, connection, self.limits, self.workers).await;
            sites.push(site.map_err(|error| error.in_database(&database.name))?);
        }
        if !self.dry_run {
            lock_all(&databases, &mut sites).await?;
        }
        let find = databases.iter().zip(&mut sites).map(|(database, site)| {
            let chosen = match self.with_tenants {
                true => chosen
                    .as_ref()
                    .map(|chosen| chosen.of_database(&database.name).to_vec()),
                false => Some(Vec::new()),
            };
            let canaries = canaries.of_database(&database.name);
            let plans = (&plan, shared_plan.as_ref());
            async move {
                let planned = Planned::find(database, site, chosen, canaries, plans, self.task).await;
                planned.map_err(|error| error.in_database(&database.name))
            }
        });
        let planned: Vec<Planned<'_>> = join_all(find).await.into_iter().collect::<Result<_, _>>()?;

        let needed = plan
            .migrations
            .iter()
            .map(|migration| &migration.version)
            .filter(|version| planned.iter().any(|planned| planned.versions.contains(version)));
        let scripts = plan.prepare(needed.cloned().collect(), self.task.direction()).await?;
        let mut outside = Vec::new();
        for (database, site) in databases.iter().zip(&sites) {
            outside = site
                .check(&scripts)
                .map_err(|error| error.in_database(&database.name))?;
        }
        (self.watcher)(DatabasesEvent::Planned {
            databases: databases.len(),
            tenants: planned.iter().map(Planned::tenants).sum(),
            pending: planned.iter().map(Planned::pending).sum(),
        });
        let mut databases = if self.dry_run {
            databases
                .iter()
                .zip(planned)
                .map(|(database, planned)| planned.into_report(database))
                .collect()
        } else {
            let halt = Halt::new(self.keep_going, &*self.stop);
            let steps = [Step::all(&scripts, false), Step::all(&scripts, true)];
            let watchers: Vec<_> = databases
                .iter()
                .map(|database| Running::watcher(&database.name, &*self.watcher))
                .collect();
            let each = databases.iter().zip(&mut sites).zip(planned).zip(&watchers);
            let mut running: Vec<Running<'_>> = each
                .map(|(((database, site), planned), watcher)| {
                    let steps = &steps[usize::from(site.batched)];
                    let canaries = canaries.of_database(&database.name);
                    let workers = site.workers.as_mut_slice();
                    Running::new(
                        (database, workers),
                        planned,
                        steps,
                        canaries,
                        &halt,
                        watcher,
                        &*self.watcher,
                    )
                })
                .collect();
            let plans = (&plan, shared_plan.as_ref(), self.task);
            for running in running.iter_mut().filter(|running| running.has_canaries()) {
                running.canaries(plans).await;
            }
            if let Some(first) = &self.first {
                for running in running.iter_mut().filter(|running| running.name() == first) {
                    running.others(plans).await;
                    if running.has_failed() {
                        halt.stop();
                    }
                }
            }
            stream::iter(running.iter_mut())
                .for_each_concurrent(self.databases.at_a_time, async |running| running.others(plans).await)
                .await;
            running.into_iter().map(Running::end).collect::<Vec<_>>()
        };
        databases.append(&mut skipped);
        databases.sort_by(|one, other| {
            let key = |report: &DatabaseReport| (report.database != OWN_DATABASE, report.database.clone());
            key(one).cmp(&key(other))
        });
        Ok(DatabasesReport {
            databases,
            outside,
            elapsed: started.elapsed(),
        })
    }
}

/// Keeps other processes from migrating these databases. They are locked in the same order always, whatever they are
/// called: so two deployers never wait for each other.
async fn lock_all(databases: &[FleetDatabase], sites: &mut [Site<'_>]) -> Result<(), FleetError> {
    let mut order: Vec<_> = databases.iter().zip(sites).collect();
    order.sort_by(|(one, _), (other, _)| one.identity.cmp(&other.identity));
    for (database, site) in order {
        let locked = async {
            site.require_writable().await?;
            site.lock().await
        };
        locked.await.map_err(|error| error.in_database(&database.name))?;
    }
    Ok(())
}

/// A database that can't be reached: its tenants are not reached either.
fn skipped(unreached: Unreached) -> DatabaseReport {
    let Unreached { problem, residents } = unreached;
    let tenants = residents.into_iter().filter(|resident| resident.status.is_migrated());
    let not_reached = |tenant| TenantReport::new(tenant, Vec::new(), TenantOutcome::NotReached);
    DatabaseReport {
        database: problem.database.clone(),
        unreachable: Some(problem),
        shared: None,
        tenants: tenants.map(|resident| not_reached(resident.tenant)).collect(),
        changed: Vec::new(),
    }
}
