//! A worker: one of the connections that migrate a fleet.

use std::{collections::HashMap, time::Instant};

use diesel_async::{SimpleAsyncConnection, pooled_connection::PoolableConnection};
use futures_util::future::join;

use super::{
    failure::{Failure, explain, is_about_locks, is_lost},
    message::Message,
};
use crate::{
    Backend, Postgres, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        Backoff,
        catalog::invalid_indexes::require_valid,
        lock_times,
        reset::{DISCARD, RESET},
    },
    migrations::{
        Direction, MigrationError, Runner, SchemaOwner, TenantOutcome, TenantReport,
        fleet::Limits,
        postgres::{
            run::Outcome,
            script::{Body, Script},
        },
    },
    translate::statements,
};

/// A migration, prepared once for all tenants.
pub(super) struct Step<'a> {
    script: &'a Script,
    /// The migration's SQL as one message; `None` if it can't be sent as one.
    message: Option<Message<'a>>,
    /// The indexes that the migration creates unless they exist.
    indexes: Vec<String>,
    /// How many statements the migration has, as far as its text shows.
    statements: usize,
}

impl<'a> Step<'a> {
    /// The steps, by version.
    pub(super) fn all(scripts: &'a [Script], batched: bool) -> HashMap<&'a str, Self> {
        let step = |script: &'a Script| (script.migration.version.as_str(), Self::new(script, batched));
        scripts.iter().map(step).collect()
    }

    fn new(script: &'a Script, batched: bool) -> Self {
        let statements = match &script.body {
            Body::Sql(sql) => sql.iter().map(|sql| statements(sql).map_or(1, |all| all.len())).sum(),
            Body::Code(_) => 1,
        };
        Self {
            script,
            message: batched.then(|| Message::of(script)).flatten(),
            indexes: script.skippable_indexes(),
            statements,
        }
    }
}

/// The migrations to apply to one tenant, or to revert.
pub(super) struct Job<'a> {
    pub(super) tenant: SchemaName,
    pub(super) steps: Vec<&'a Step<'a>>,
    /// Whether there is a version table, and whether it has a column for checksums.
    pub(super) has_table: bool,
    pub(super) has_checksums: bool,
}

pub(super) struct Worker<'a> {
    pool: &'a TenantPool,
    limits: Limits,
    batched: bool,
    connection: Option<PostgresConnection>,
    /// How many statements the connection has run: the server remembers the tables of each.
    statements_run: usize,
}

impl<'a> Worker<'a> {
    /// Makes this number of workers. Each connects when it first needs to.
    pub(super) fn crew(pool: &'a TenantPool, limits: Limits, batched: bool, workers: usize) -> Vec<Self> {
        let worker = || Self {
            pool,
            limits,
            batched,
            connection: None,
            statements_run: 0,
        };
        std::iter::repeat_with(worker).take(workers).collect()
    }

    pub(super) fn pool(&self) -> &'a TenantPool {
        self.pool
    }

    pub(super) fn set_connection(&mut self, connection: PostgresConnection) {
        self.connection = Some(connection);
    }

    pub(super) async fn migrate(&mut self, job: &Job<'_>) -> TenantReport {
        // Migrations may create types, even if a later one fails or is abandoned.
        let _forget = self.pool.forget_tenant_afterwards(&job.tenant);
        let mut versions = Vec::new();
        let counters = self.pool.counters();
        let result = counters.migrating(Postgres::SYSTEM, &job.tenant, self.run_all(job, &mut versions));
        let result = result.await;
        self.retire_if_used_up();
        TenantReport {
            tenant: job.tenant.clone(),
            outcome: match result {
                Err(MigrationError::UnknownSchema { .. }) => TenantOutcome::Dropped,
                Err(error) => TenantOutcome::Failed(error),
                Ok(()) if versions.is_empty() => TenantOutcome::UpToDate,
                Ok(()) => match job.steps.first().map(|step| step.script.direction) {
                    Some(Direction::Down) => TenantOutcome::Reverted,
                    _ => TenantOutcome::Migrated,
                },
            },
            versions,
        }
    }

    /// Runs a tenant's migrations until one fails, and notes those that were run.
    async fn run_all(&mut self, job: &Job<'_>, versions: &mut Vec<String>) -> Result<(), MigrationError> {
        for step in &job.steps {
            // Plus one statement that records the migration.
            self.statements_run += step.statements + 1;
            if self.run(job, step).await? == Outcome::Run {
                versions.push(step.script.migration.version.clone());
            }
        }
        Ok(())
    }

    /// Runs one migration, and repeats it while other sessions hold locks that it needs.
    async fn run(&mut self, job: &Job<'_>, step: &Step<'_>) -> Result<Outcome, MigrationError> {
        let lock_timeout = self.pool.migration_lock_timeout();
        let mut backoff = Backoff::new(lock_timeout).beginning_with(lock_times::FLEET_FIRST_PAUSE);
        let mut attempt = 1;
        loop {
            let attempted = Instant::now();
            let waits = match self.run_once(job, step).await {
                Err(Failure::Locked) => {
                    if backoff.is_over() {
                        return Err(MigrationError::Locked {
                            owner: SchemaOwner::Tenant(job.tenant.clone()),
                            waited: lock_timeout,
                        });
                    }
                    lock_times::LONGEST_PAUSE
                }
                Err(Failure::Error(error))
                    if attempt < self.limits.lock_attempts
                        && step.script.migration.in_transaction
                        && is_about_locks(&error, attempted.elapsed() >= self.limits.lock_timeout) =>
                {
                    attempt += 1;
                    lock_times::FLEET_LONGEST_PAUSE_FOR_TABLES
                }
                Err(Failure::Error(error)) => return Err(error),
                Ok(outcome) => return Ok(outcome),
            };
            backoff = backoff.at_most(waits);
            backoff.rest().await;
        }
    }

    async fn run_once(&mut self, job: &Job<'_>, step: &Step<'_>) -> Result<Outcome, Failure> {
        let owner = SchemaOwner::Tenant(job.tenant.clone());
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.pool.migration_connector().connect().await {
                Ok(connection) => connection,
                Err(source) => return Err(Failure::Error(MigrationError::Connect { owner, source })),
            },
        };
        let mut runner = Runner::on(connection, self.pool, owner);
        let (result, is_mended) = match &step.message {
            Some(message) if job.has_table => self.send(&mut runner, job, step, message).await,
            _ => {
                let result = self.run_apart(&mut runner, step).await.map_err(Failure::Error);
                // Statements that Rust code has prepared are kept for the next call of Rust code.
                (result, !runner.has_called_code())
            }
        };
        let mut connection = runner.take();
        if connection.is_broken() || matches!(&result, Err(Failure::Error(error)) if is_lost(error)) {
            return result;
        }
        if is_mended {
            self.connection = Some(connection);
        }
        result
    }

    /// Runs a migration as for a single tenant, statement by statement.
    async fn run_apart(&self, runner: &mut Runner, step: &Step<'_>) -> Result<Outcome, MigrationError> {
        runner.require_schema().await?;
        runner.batched = self.batched;
        runner.statement_lock_timeout = Some(self.limits.lock_timeout);
        runner.create_version_table().await?;
        runner.run(step.script).await
    }

    async fn send(
        &self,
        runner: &mut Runner,
        job: &Job<'_>,
        step: &Step<'_>,
        message: &Message<'_>,
    ) -> (Result<Outcome, Failure>, bool) {
        let lock_timeout = self.limits.lock_timeout;
        let mut addressed = message.address(&job.tenant, runner.search_path(), lock_timeout, job.has_checksums);
        if !step.indexes.is_empty() {
            addressed.append(&require_valid(&job.tenant, &step.indexes));
        }
        let (migrated, reset) = if runner.may_be_pooled() {
            // The next message may reach another session.
            addressed.append(RESET);
            (runner.parts().0.batch_execute(&addressed.sql).await, Ok(()))
        } else {
            // Both messages are sent at once, so that resetting the session costs no round trip, even if the migration
            // fails.
            let connection: &PostgresConnection = runner.parts().0;
            let (mut migrating, mut resetting) = (connection, connection);
            join(
                migrating.batch_execute(&addressed.sql),
                resetting.batch_execute(DISCARD),
            )
            .await
        };
        let is_mended = reset.is_ok() && !step.script.needs_new_session;
        let result = match migrated {
            Ok(()) => Ok(Outcome::Run),
            Err(error) => explain(error, runner, step.script, message, &addressed).await,
        };
        (result, is_mended)
    }

    fn retire_if_used_up(&mut self) {
        if self.statements_run >= self.limits.statements_a_connection {
            self.statements_run = 0;
            self.connection = None;
        }
    }
}
