use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{migration::MigrationSource, pg::Pg, result::Error as DieselError};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    async_connection_wrapper::AsyncConnectionWrapper,
};

use super::{
    Direction, MigrationError, Plan, SchemaOwner,
    script::{Body, Script},
    versions::{self, LockSpan},
};
use crate::{TenantPool, pool::search_path};

/// The connection on which a migration written in Rust runs: downcast to it to use Diesel's query builder.
///
/// Migrations that only call `batch_execute` need not know: their SQL is recorded, and sent without blocking.
pub type BlockingConnection = AsyncConnectionWrapper<AsyncPgConnection>;

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Migrates one schema, on a connection of its own, which is closed afterwards.
pub(crate) struct Runner {
    /// Absent only while a migration written in Rust has it.
    pub(super) connection: Option<AsyncPgConnection>,
    pub(super) owner: SchemaOwner,
    search_path: String,
    lock_timeout: Duration,
}

/// Whether a migration was run, or had been already: by another process, since it was found to be pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Run,
    AlreadyDone,
}

impl Runner {
    pub(crate) async fn connect(pool: &TenantPool, owner: SchemaOwner) -> Result<Self, MigrationError> {
        let connector = pool.connector();
        let connection = match connector.connect().await {
            Ok(connection) => connection,
            Err(source) => return Err(MigrationError::Connect { owner, source }),
        };
        let mut schemas = vec![owner.schema().clone()];
        schemas.extend_from_slice(connector.extension_schemas());
        Ok(Self {
            connection: Some(connection),
            owner,
            search_path: search_path(&schemas),
            lock_timeout: pool.migration_lock_timeout(),
        })
    }

    /// Fails unless the schema exists: PostgreSQL accepts a search_path to a missing one.
    pub(super) async fn require_schema(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        if versions::schema_exists(connection, owner.schema())
            .await
            .map_err(failed(owner))?
        {
            Ok(())
        } else {
            Err(MigrationError::UnknownSchema { owner: owner.clone() })
        }
    }

    /// The versions applied, oldest first.
    pub(super) async fn applied(&mut self) -> Result<Vec<String>, MigrationError> {
        let (connection, owner) = self.parts();
        versions::applied(connection, owner.schema())
            .await
            .map_err(failed(owner))
    }

    /// Applies all that is pending, and returns the versions that were.
    pub(crate) async fn apply(&mut self, plan: &Plan) -> Result<Vec<String>, MigrationError> {
        self.create_version_table().await?;
        let applied = self.applied().await?;
        let mut newly = Vec::new();
        for script in plan.scripts.iter().filter(|script| !applied.contains(&script.version)) {
            if self.run(plan, script, Direction::Up).await? == Outcome::Run {
                newly.push(script.version.clone());
            }
        }
        Ok(newly)
    }

    /// Reverts the newest `count` of the versions applied, newest first.
    pub(super) async fn revert(&mut self, plan: &Plan, count: usize) -> Result<Vec<String>, MigrationError> {
        let mut reverted = Vec::new();
        for version in self.applied().await?.into_iter().rev().take(count) {
            let Some(script) = plan.scripts.iter().find(|script| script.version == version) else {
                return Err(MigrationError::UnknownVersion {
                    owner: self.owner.clone(),
                    version,
                });
            };
            if self.run(plan, script, Direction::Down).await? == Outcome::Run {
                reverted.push(version);
            }
        }
        Ok(reverted)
    }

    async fn create_version_table(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        if versions::exist(connection, owner.schema())
            .await
            .map_err(failed(owner))?
        {
            return Ok(());
        }
        self.begin_locked().await?;
        let created = self.create_version_table_locked().await;
        self.end(created).await
    }

    pub(crate) async fn create_version_table_locked(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        versions::create(connection, owner.schema())
            .await
            .map_err(failed(owner))
    }

    async fn run(&mut self, plan: &Plan, script: &Script, direction: Direction) -> Result<Outcome, MigrationError> {
        if script.in_transaction {
            self.begin_locked().await?;
            let result = self.run_if_needed(plan, script, direction).await;
            self.end(result).await
        } else {
            self.lock_session().await?;
            let result = self.run_if_needed(plan, script, direction).await;
            let unlocked = self.unlock_session().await;
            let outcome = result?;
            unlocked.map(|()| outcome)
        }
    }

    /// Under the lock: runs the migration and records it, unless that was done by somebody else meanwhile.
    async fn run_if_needed(
        &mut self,
        plan: &Plan,
        script: &Script,
        direction: Direction,
    ) -> Result<Outcome, MigrationError> {
        let (connection, owner) = self.parts();
        let is_applied = versions::is_applied(connection, owner.schema(), &script.version)
            .await
            .map_err(failed(owner))?;
        if is_applied == (direction == Direction::Up) {
            return Ok(Outcome::AlreadyDone);
        }
        self.run_locked(plan.source(), script, direction).await?;
        Ok(Outcome::Run)
    }

    /// Runs a migration and records it, on a connection that is locked, and in a transaction if the migration wants one.
    pub(crate) async fn run_locked(
        &mut self,
        source: Arc<dyn MigrationSource<Pg> + Send + Sync>,
        script: &Script,
        direction: Direction,
    ) -> Result<(), MigrationError> {
        self.set_search_path(script.in_transaction).await?;
        match script.body(direction) {
            Body::Sql(scripts) => self.run_sql(scripts, script, direction).await?,
            Body::Code => self.run_code(source, script, direction).await?,
        }
        let (connection, owner) = self.parts();
        let recorded = match direction {
            Direction::Up => versions::insert(connection, owner.schema(), &script.version).await,
            Direction::Down => versions::delete(connection, owner.schema(), &script.version).await,
        };
        recorded.map_err(failed(owner))
    }

    async fn set_search_path(&mut self, in_transaction: bool) -> Result<(), MigrationError> {
        let local = if in_transaction { "LOCAL " } else { "" };
        let sql = format!("SET {local}search_path = {}", self.search_path);
        let (connection, owner) = self.parts();
        connection.batch_execute(&sql).await.map_err(failed(owner))
    }

    /// Begins a transaction in which nobody else migrates the schema.
    pub(crate) async fn begin_locked(&mut self) -> Result<(), MigrationError> {
        self.lock(LockSpan::Transaction).await
    }

    /// Keeps everybody else from migrating the schema, until it is unlocked or the connection ends.
    pub(crate) async fn lock_session(&mut self) -> Result<(), MigrationError> {
        self.lock(LockSpan::Session).await
    }

    pub(crate) async fn unlock_session(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        versions::unlock(connection, owner.schema())
            .await
            .map_err(failed(owner))
    }

    /// Takes the advisory lock, trying again and again until the time is over. A transaction is begun for each try.
    async fn lock(&mut self, span: LockSpan) -> Result<(), MigrationError> {
        let lock_timeout = self.lock_timeout;
        let (connection, owner) = self.parts();
        let started = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            if span == LockSpan::Transaction {
                Transactions::begin_transaction(connection)
                    .await
                    .map_err(failed(owner))?;
            }
            if versions::try_lock(connection, owner.schema(), span)
                .await
                .map_err(failed(owner))?
            {
                return Ok(());
            }
            if span == LockSpan::Transaction {
                Transactions::rollback_transaction(connection)
                    .await
                    .map_err(failed(owner))?;
            }
            if started.elapsed() >= lock_timeout {
                return Err(MigrationError::Locked {
                    owner: owner.clone(),
                    waited: lock_timeout,
                });
            }
            tokio::time::sleep(pause.min(lock_timeout.saturating_sub(started.elapsed()))).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Commits on success, rolls back on failure.
    async fn end<T>(&mut self, result: Result<T, MigrationError>) -> Result<T, MigrationError> {
        match result {
            Ok(value) => self.commit().await.map(|()| value),
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        Transactions::commit_transaction(connection)
            .await
            .map_err(failed(owner))
    }

    /// Rolls back after an error, which is the one to tell: without a connection the server rolls back by itself.
    pub(crate) async fn rollback(&mut self) {
        let _ = Transactions::rollback_transaction(self.parts().0).await;
    }

    pub(crate) fn parts(&mut self) -> (&mut AsyncPgConnection, &SchemaOwner) {
        let connection = self
            .connection
            .as_mut()
            .expect("the connection is put back after each migration");
        (connection, &self.owner)
    }
}

/// The library's own statements failed.
fn failed(owner: &SchemaOwner) -> impl Fn(DieselError) -> MigrationError + use<> {
    let owner = owner.clone();
    move |source| MigrationError::Versions {
        owner: owner.clone(),
        source,
    }
}
