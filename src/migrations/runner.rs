use std::{fmt::Write as _, time::Duration};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::{
    Direction, MigrationError, Plan, SchemaOwner,
    script::{Planned, Script},
    text,
    versions::{self, VersionTable},
};
use crate::{TenantPool, connection::status_of, pool::search_path, quote};

/// Migrates one schema, on a connection of its own, which is closed afterwards.
pub(crate) struct Runner {
    /// Absent only while a migration written in Rust has it.
    connection: Option<AsyncPgConnection>,
    owner: SchemaOwner,
    search_path: String,
    pub(super) lock_timeout: Duration,
    /// How long a migration in a transaction waits for locks, in place of the server's own setting.
    pub(super) statement_lock_timeout: Option<Duration>,
    /// Whether the server takes several statements of a migration in one message.
    pub(super) batched: bool,
    /// Whether a pooler may stand between, so that the next transaction may find another session.
    may_be_pooled: bool,
}

/// Whether a migration was run, or had been already: by another process, since it was found to be pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Run,
    AlreadyDone,
}

impl Runner {
    pub(crate) async fn connect(pool: &TenantPool, owner: SchemaOwner) -> Result<Self, MigrationError> {
        let mut connection = match pool.migration_connector().connect().await {
            Ok(connection) => connection,
            Err(source) => return Err(MigrationError::Connect { owner, source }),
        };
        let batched = pool.sends_batches(&mut connection).await.map_err(owner.failed())?;
        Ok(Self {
            batched,
            ..Self::on(connection, pool, owner)
        })
    }

    /// On a connection that is there already.
    pub(super) fn on(connection: AsyncPgConnection, pool: &TenantPool, owner: SchemaOwner) -> Self {
        let connector = pool.migration_connector();
        let mut schemas = vec![owner.schema().clone()];
        schemas.extend_from_slice(connector.extension_schemas());
        Self {
            connection: Some(connection),
            owner,
            search_path: search_path(&schemas),
            lock_timeout: pool.migration_lock_timeout(),
            statement_lock_timeout: None,
            batched: true,
            may_be_pooled: connector.may_be_pooled(),
        }
    }

    /// The search_path of migrations, quoted.
    pub(super) fn search_path(&self) -> &str {
        &self.search_path
    }

    /// Fails unless the schema exists, and is to be migrated: PostgreSQL accepts a search_path to a missing one.
    pub(super) async fn require_schema(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        match status_of(owner.schema(), connection).await.map_err(owner.failed())? {
            Some(status) if status.is_migrated() => Ok(()),
            _ => Err(MigrationError::UnknownSchema { owner: owner.clone() }),
        }
    }

    /// The versions applied, oldest first.
    pub(super) async fn applied(&mut self) -> Result<Vec<String>, MigrationError> {
        let (connection, owner) = self.parts();
        versions::applied(connection, owner.schema())
            .await
            .map_err(owner.failed())
    }

    /// The migrations that are not applied, oldest first.
    pub(super) async fn pending<'a>(&mut self, plan: &'a Plan) -> Result<Vec<&'a Planned>, MigrationError> {
        let applied = self.applied().await?;
        Ok(plan
            .migrations
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .collect())
    }

    /// Applies all that is pending, and returns the versions that were.
    pub(crate) async fn apply(&mut self, plan: &Plan) -> Result<Vec<String>, MigrationError> {
        let pending = self.pending(plan).await?;
        let scripts = plan
            .prepare_for(&self.owner, pending, Direction::Up, self.may_be_pooled)
            .await?;
        self.create_version_table().await?;
        self.run_all(&scripts).await
    }

    /// Reverts the newest `count` of the versions applied, newest first.
    pub(super) async fn revert(&mut self, plan: &Plan, count: usize) -> Result<Vec<String>, MigrationError> {
        let mut newest = Vec::new();
        for version in self.applied().await?.into_iter().rev().take(count) {
            match plan.migrations.iter().find(|migration| migration.version == version) {
                Some(migration) => newest.push(migration),
                None => {
                    return Err(MigrationError::UnknownVersion {
                        owner: self.owner.clone(),
                        version,
                    });
                }
            }
        }
        let scripts = plan
            .prepare_for(&self.owner, newest, Direction::Down, self.may_be_pooled)
            .await?;
        self.run_all(&scripts).await
    }

    async fn run_all(&mut self, scripts: &[Script]) -> Result<Vec<String>, MigrationError> {
        let mut run = Vec::new();
        for script in scripts {
            if self.run(script).await? == Outcome::Run {
                run.push(script.migration.version.clone());
            }
        }
        Ok(run)
    }

    pub(super) async fn create_version_table(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        let found = versions::look_at(connection, owner.schema())
            .await
            .map_err(owner.failed())?;
        if found == VersionTable::Complete {
            return Ok(());
        }
        self.begin_locked().await?;
        let completed = match found {
            VersionTable::Missing => self.create_version_table_locked().await,
            _ => self.add_checksums().await,
        };
        self.end(completed).await
    }

    async fn add_checksums(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        connection
            .batch_execute(&text::add_checksums(owner.schema()))
            .await
            .map_err(owner.failed())
    }

    pub(crate) async fn create_version_table_locked(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        connection
            .batch_execute(&text::create_version_table(owner.schema()))
            .await
            .map_err(owner.failed())
    }

    pub(super) async fn run(&mut self, script: &Script) -> Result<Outcome, MigrationError> {
        if script.migration.in_transaction {
            self.begin_locked().await?;
            let result = self.run_if_needed(script).await;
            self.end(result).await
        } else {
            self.lock_session().await?;
            let result = self.run_if_needed(script).await;
            let unlocked = self.unlock_session().await;
            let outcome = result?;
            unlocked.map(|()| outcome)
        }
    }

    /// Under the lock: runs the migration and records it, unless that was done by somebody else meanwhile.
    async fn run_if_needed(&mut self, script: &Script) -> Result<Outcome, MigrationError> {
        let (connection, owner) = self.parts();
        let is_applied = versions::is_applied(connection, owner.schema(), &script.migration.version)
            .await
            .map_err(owner.failed())?;
        if is_applied == (script.direction == Direction::Up) {
            return Ok(Outcome::AlreadyDone);
        }
        self.run_locked(script).await?;
        Ok(Outcome::Run)
    }

    /// Runs a migration and records it, on a connection that is locked, and in a transaction if the migration wants one.
    pub(crate) async fn run_locked(&mut self, script: &Script) -> Result<(), MigrationError> {
        self.set_search_path(script.migration.in_transaction).await?;
        self.execute(script).await?;
        let (connection, owner) = self.parts();
        let recorded = match script.direction {
            Direction::Up => {
                let version = &script.migration.version;
                versions::insert(connection, owner.schema(), version, script.checksum.as_deref()).await
            }
            Direction::Down => versions::delete(connection, owner.schema(), &script.migration.version).await,
        };
        recorded.map_err(owner.failed())
    }

    async fn set_search_path(&mut self, in_transaction: bool) -> Result<(), MigrationError> {
        let mut sql = if in_transaction {
            format!("SET LOCAL search_path = {}", self.search_path)
        } else {
            format!("SET search_path = {}", self.search_path)
        };
        if let (true, Some(lock_timeout)) = (in_transaction, self.statement_lock_timeout) {
            let _ = write!(sql, "; {}", quote::lock_timeout(lock_timeout));
        }
        let (connection, owner) = self.parts();
        connection.batch_execute(&sql).await.map_err(owner.failed())
    }

    pub(crate) fn parts(&mut self) -> (&mut AsyncPgConnection, &SchemaOwner) {
        (self.connection.as_mut().expect(PUT_BACK), &self.owner)
    }

    pub(super) fn take(&mut self) -> AsyncPgConnection {
        self.connection.take().expect(PUT_BACK)
    }

    pub(super) fn put_back(&mut self, connection: AsyncPgConnection) {
        self.connection = Some(connection);
    }
}

const PUT_BACK: &str = "the connection is put back after each migration";
