//! Applies or reverts the migrations of a schema, one after the other.

use std::fmt::Write as _;

use diesel_async::SimpleAsyncConnection;

use super::script::{Planned, Script};
use crate::{
    backend::postgres::{
        catalog::schema::status_of,
        reset::RESET,
        set_lock_timeout,
        version_table::{self, VersionTable},
    },
    migrations::{Direction, MigrationError, Plan, Runner},
};

/// Whether a migration was run, or another process had run it since it was found pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Run,
    AlreadyDone,
}

impl Runner {
    /// Fails unless the schema exists and may be migrated: PostgreSQL accepts a search_path to a missing schema.
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
        version_table::applied(connection, owner.schema())
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

    /// Applies all pending migrations, and returns their versions.
    pub(crate) async fn apply(&mut self, plan: &Plan) -> Result<Vec<String>, MigrationError> {
        let pending = self.pending(plan).await?;
        let scripts = plan
            .prepare_for(&self.owner, pending, Direction::Up, &self.pool)
            .await?;
        self.create_version_table().await?;
        let mut applied = Vec::new();
        self.run_all(&scripts, &mut applied).await?;
        Ok(applied)
    }

    /// Reverts the newest `count` of the versions applied, newest first.
    pub(super) async fn revert(&mut self, plan: &Plan, count: usize) -> Result<Vec<String>, MigrationError> {
        let mut reverted = Vec::new();
        self.revert_into(plan, count, &mut reverted).await?;
        Ok(reverted)
    }

    /// The same, for a caller who wants to know what was reverted even if it fails then.
    pub(super) async fn revert_into(
        &mut self,
        plan: &Plan,
        count: usize,
        reverted: &mut Vec<String>,
    ) -> Result<(), MigrationError> {
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
            .prepare_for(&self.owner, newest, Direction::Down, &self.pool)
            .await?;
        self.run_all(&scripts, reverted).await
    }

    async fn run_all(&mut self, scripts: &[Script], run: &mut Vec<String>) -> Result<(), MigrationError> {
        for script in scripts {
            if self.run(script).await? == Outcome::Run {
                run.push(script.migration.version.clone());
            }
        }
        Ok(())
    }

    pub(super) async fn create_version_table(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        let found = version_table::look_at(connection, owner.schema())
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
            .batch_execute(&version_table::text::add_checksums(owner.schema()))
            .await
            .map_err(owner.failed())
    }

    pub(crate) async fn create_version_table_locked(&mut self) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        connection
            .batch_execute(&version_table::text::create(owner.schema()))
            .await
            .map_err(owner.failed())
    }

    /// Runs a migration, in a transaction unless it says otherwise, and removes what it leaves on the session.
    pub(super) async fn run(&mut self, script: &Script) -> Result<Outcome, MigrationError> {
        let result = if script.migration.in_transaction {
            self.begin_locked().await?;
            let result = self.run_if_needed(script).await;
            self.end(result).await
        } else {
            self.lock_session().await?;
            let result = self.run_if_needed(script).await;
            let unlocked = self.unlock_session().await;
            result.and_then(|outcome| unlocked.map(|()| outcome))
        };
        if matches!(result, Ok(Outcome::AlreadyDone)) {
            return result;
        }
        let mended = self.reset_after(script).await;
        result.and_then(|outcome| mended.map(|()| outcome))
    }

    /// Under the lock: runs the migration and records it, unless another process has done so meanwhile.
    async fn run_if_needed(&mut self, script: &Script) -> Result<Outcome, MigrationError> {
        let (connection, owner) = self.parts();
        let is_applied = version_table::is_applied(connection, owner.schema(), &script.migration.version)
            .await
            .map_err(owner.failed())?;
        if is_applied == (script.direction == Direction::Up) {
            return Ok(Outcome::AlreadyDone);
        }
        self.run_locked(script).await?;
        Ok(Outcome::Run)
    }

    /// Runs a migration and records it. The schema must be locked, and a transaction must be open if the migration runs
    /// in one.
    pub(crate) async fn run_locked(&mut self, script: &Script) -> Result<(), MigrationError> {
        self.set_search_path(script.migration.in_transaction).await?;
        self.execute(script).await?;
        self.reset_role(script).await?;
        self.require_valid_indexes(script).await?;
        let (connection, owner) = self.parts();
        let recorded = match script.direction {
            Direction::Up => {
                let version = &script.migration.version;
                version_table::insert(connection, owner.schema(), version, script.checksum.as_deref()).await
            }
            Direction::Down => version_table::delete(connection, owner.schema(), &script.migration.version).await,
        };
        recorded.map_err(owner.failed())?;
        if script.migration.in_transaction && self.may_be_pooled() {
            // The next client that gets this session must not find what the migration left.
            let (connection, owner) = self.parts();
            connection.batch_execute(RESET).await.map_err(owner.failed())?;
        }
        Ok(())
    }

    async fn set_search_path(&mut self, in_transaction: bool) -> Result<(), MigrationError> {
        let mut sql = if in_transaction {
            // Nothing else may carry over between migrations that share a transaction.
            let resetting = self.resetting().await;
            let resetting = resetting.map_err(self.owner.failed())?;
            format!("{resetting}; SET LOCAL search_path = {}", self.search_path())
        } else {
            format!("SET search_path = {}", self.search_path())
        };
        if let (true, Some(lock_timeout)) = (in_transaction, self.statement_lock_timeout) {
            let _ = write!(sql, "; {}", set_lock_timeout(lock_timeout));
        }
        let (connection, owner) = self.parts();
        connection.batch_execute(&sql).await.map_err(owner.failed())
    }
}
