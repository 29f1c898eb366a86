use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, Sender, channel},
};

use diesel::{migration::MigrationSource, sqlite};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    Backend, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        files::{FILE_LOCK_TIMEOUT, Folder},
        migrations::Plan,
    },
    migrations::fleet::{self, Task},
    pool::SqliteError,
    signals::Counters,
};

/// A tenant, by its place in the list.
type Job = (usize, SchemaName);
type Done = fleet::Done<SqliteError>;

/// The threads that migrate a fleet. Each reads the migrations once: they can't be sent to another thread.
pub(super) struct Crew {
    jobs: Sender<Job>,
    done: UnboundedReceiver<Done>,
    workers: usize,
    busy: usize,
}

impl Crew {
    pub(super) fn of<S>(pool: &TenantPool<Sqlite>, migrations: &Arc<S>, task: Task, workers: usize) -> Self
    where
        S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    {
        let (jobs, waiting) = channel();
        let (report, done) = unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..workers {
            let (folder, migrations) = (pool.folder(), Arc::clone(migrations));
            let counters = Arc::clone(pool.counters());
            let (waiting, report) = (Arc::clone(&waiting), report.clone());
            tokio::task::spawn_blocking(move || work(&folder, &*migrations, task, &counters, &waiting, &report));
        }
        Self {
            jobs,
            done,
            workers,
            busy: 0,
        }
    }
}

impl fleet::Crew for Crew {
    type Error = SqliteError;

    fn has_idle(&self) -> bool {
        self.busy < self.workers
    }

    fn begin(&mut self, index: usize, tenant: SchemaName) {
        // A thread that panicked says so below.
        let _ = self.jobs.send((index, tenant));
        self.busy += 1;
    }

    async fn next(&mut self) -> Option<Done> {
        if self.busy == 0 {
            return None;
        }
        self.busy -= 1;
        Some(
            self.done
                .recv()
                .await
                .expect("a thread reports each tenant that it began"),
        )
    }
}

fn work(
    folder: &Folder,
    migrations: &dyn MigrationSource<sqlite::Sqlite>,
    task: Task,
    counters: &Counters,
    jobs: &Mutex<Receiver<Job>>,
    report: &UnboundedSender<Done>,
) {
    let plan = Plan::read(migrations);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((index, tenant)) = job else { return };
        let done = match &plan {
            Ok(plan) => {
                let done = counters.migrating_here(Sqlite::SYSTEM, &tenant, || match task {
                    Task::Migrate => folder.migrate(&tenant, plan, FILE_LOCK_TIMEOUT),
                    Task::Revert(revert) => folder.revert(&tenant, plan, revert.count(), FILE_LOCK_TIMEOUT),
                });
                done.map_err(SqliteError::file)
            }
            // They could be read a moment ago.
            Err(problem) => Err(SqliteError::unreadable(problem)),
        };
        if report.send((index, done)).is_err() {
            return;
        }
    }
}
