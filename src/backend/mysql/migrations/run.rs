//! Runs migrations, and writes down how far each one has come.

use std::error::Error;

use diesel::result::Error as DieselError;

use super::{
    Failed, MigrationProblem, MysqlAftermath, Runner, evidence,
    problem::Interrupted,
    progress::Progress,
    script::{Script, Steps},
    statement::{Kind, Statement},
    version_table,
};
use crate::backend::migration_sql::{Direction, checksum};

impl Runner<'_> {
    /// Runs migrations one after the other. `unfinished` is the one that was begun before, if there is one.
    pub(super) async fn run_all(
        &mut self,
        scripts: &[Script],
        mut unfinished: Option<Progress>,
    ) -> Result<Vec<String>, MigrationProblem> {
        let mut versions = Vec::new();
        for script in scripts {
            let begun = unfinished.take_if(|unfinished| unfinished.version == script.version);
            if !self.is_clean {
                self.reopen().await?;
            }
            self.is_clean = !script.affects_session();
            self.run(script, begun).await?;
            versions.push(script.version.clone());
        }
        Ok(versions)
    }

    async fn run(&mut self, script: &Script, begun: Option<Progress>) -> Result<(), MigrationProblem> {
        match &script.steps {
            Steps::Statements(statements) => self.run_statements(script, statements, begun).await,
            Steps::Rows(statements) => {
                self.require_unedited(script, &[], begun.as_ref())?;
                self.run_in_transaction(script, statements).await
            }
            Steps::Code { source, in_transaction } => self.run_code(script, source, *in_transaction, begun).await,
        }
    }

    /// Runs statements and records their migration in one transaction.
    async fn run_in_transaction(&mut self, script: &Script, statements: &[Statement]) -> Result<(), MigrationProblem> {
        self.lock.confirm().await?;
        self.session().run("START TRANSACTION").await?;
        for statement in statements {
            if let Err(error) = self.session().run(&statement.sql).await {
                let aftermath = match self.session().run("ROLLBACK").await {
                    Ok(()) => MysqlAftermath::RolledBack,
                    Err(_) => MysqlAftermath::Lost,
                };
                return Err(failed(script, Some(&statement.line), aftermath, error));
            }
        }
        let end = [&*self.record(script), "COMMIT"].join("; ");
        let recorded = self.session().run(&end).await;
        recorded.map_err(|error| failed(script, None, MysqlAftermath::Lost, error))
    }

    /// Runs statements one by one, behind those that are applied.
    async fn run_statements(
        &mut self,
        script: &Script,
        statements: &[Statement],
        begun: Option<Progress>,
    ) -> Result<(), MigrationProblem> {
        let sums: Vec<String> = statements.iter().map(sum).collect();
        self.require_unedited(script, &sums, begun.as_ref())?;
        let database = self.owner.database().clone();
        let mut progress = Progress {
            statements: sums,
            ..begun.unwrap_or_else(|| Progress::none(script))
        };
        if let Some(running) = progress.running {
            if self.was_applied(script, &statements[running - 1], &progress).await? {
                progress.done = running;
            }
            progress.running = None;
        }
        for statement in &statements[..progress.done] {
            if statement.kind == Kind::Setting {
                let set = self.session().run(&statement.sql).await;
                set.map_err(|error| self.failed_at(script, statement, &progress, error))?;
            }
        }
        while let Some(statement) = statements.get(progress.done) {
            self.lock.confirm().await?;
            let number = progress.done + 1;
            let is_last = number == statements.len();
            let applied = Progress {
                done: number,
                running: None,
                evidence: None,
                ..progress.clone()
            };
            let record = match is_last {
                true => self.record_begun(script),
                false => applied.write(&database),
            };
            let ran = match statement.kind {
                Kind::Rows => self.run_with(&statement.sql, &record).await,
                Kind::Setting | Kind::Temporary if !is_last => self.session().run(&statement.sql).await,
                _ => {
                    progress.running = Some(number);
                    progress.evidence = evidence::of(self.session(), &statement.kind).await?;
                    self.session().run(&progress.write(&database)).await?;
                    self.session().run(&statement.sql).await
                }
            };
            if let Err(error) = ran {
                return Err(self.stopped_at(script, statement, progress, error).await);
            }
            // A statement on rows has recorded itself, and a setting needs no record.
            match statement.kind {
                Kind::Rows => {}
                Kind::Setting | Kind::Temporary if !is_last => {}
                _ if is_last => {
                    self.session()
                        .run(&format!("START TRANSACTION; {record}; COMMIT"))
                        .await?
                }
                _ => self.session().run(&record).await?,
            }
            progress = applied;
        }
        if statements.is_empty() {
            let record = self.record(script);
            self.session().run(&record).await?;
        }
        Ok(())
    }

    /// Runs a statement on rows, and records it in the same transaction.
    async fn run_with(&mut self, sql: &str, record: &str) -> Result<(), DieselError> {
        let session = self.session();
        session.run("START TRANSACTION").await?;
        session.run(sql).await?;
        session.run(&format!("{record}; COMMIT")).await
    }

    /// Whether the statement that ran when its client died was applied, as far as that can be seen.
    async fn was_applied(
        &mut self,
        script: &Script,
        statement: &Statement,
        progress: &Progress,
    ) -> Result<bool, MigrationProblem> {
        match &statement.kind {
            Kind::Object { .. } => Ok(evidence::of(self.session(), &statement.kind).await? != progress.evidence),
            Kind::Other => Err(MigrationProblem::Interrupted(Box::new(Interrupted::statement(
                self.owner.database(),
                &script.name,
                &script.version,
                progress.done + 1,
                statement.line.clone(),
            )))),
            Kind::Setting | Kind::Rows | Kind::Temporary | Kind::Repeatable => Ok(false),
        }
    }

    /// Fails if the statements that are applied, or may be, are others now.
    fn require_unedited(
        &self,
        script: &Script,
        sums: &[String],
        begun: Option<&Progress>,
    ) -> Result<(), MigrationProblem> {
        let Some(begun) = begun else { return Ok(()) };
        let applied = begun.done.max(begun.running.unwrap_or_default());
        let is_other = |at: &usize| sums.get(*at).is_none_or(|sum| begun.statements.get(*at) != Some(sum));
        match (0..applied).find(is_other) {
            None => Ok(()),
            Some(changed) => Err(MigrationProblem::Edited {
                database: self.owner.database().clone(),
                version: script.version.clone(),
                done: begun.done,
                changed: changed + 1,
            }),
        }
    }

    /// The statement that records that a migration was applied or reverted.
    pub(super) fn record(&self, script: &Script) -> String {
        let database = self.owner.database();
        match script.direction {
            Direction::Up => version_table::insert(database, &script.version, script.checksum.as_deref()),
            Direction::Down => version_table::delete(database, &script.version),
        }
    }

    /// The statements that record a migration, and remove its progress.
    pub(super) fn record_begun(&self, script: &Script) -> String {
        let clear = Progress::delete(self.owner.database(), &script.version);
        format!("{}; {clear}", self.record(script))
    }

    /// The error of a statement that failed, after it was written down that it did.
    async fn stopped_at(
        &mut self,
        script: &Script,
        statement: &Statement,
        mut progress: Progress,
        error: DieselError,
    ) -> MigrationProblem {
        progress.running = None;
        progress.evidence = None;
        let database = self.owner.database().clone();
        let write = match progress.done {
            0 => Progress::delete(&database, &script.version),
            _ => progress.write(&database),
        };
        match self.session().run(&format!("ROLLBACK; {write}")).await {
            Ok(()) => self.failed_at(script, statement, &progress, error),
            Err(_) => failed(script, Some(&statement.line), MysqlAftermath::Lost, error),
        }
    }

    fn failed_at(
        &self,
        script: &Script,
        statement: &Statement,
        progress: &Progress,
        error: DieselError,
    ) -> MigrationProblem {
        let aftermath = match progress.done {
            0 => MysqlAftermath::RolledBack,
            done => MysqlAftermath::Recorded {
                done,
                total: progress.statements.len(),
            },
        };
        failed(script, Some(&statement.line), aftermath, error)
    }
}

impl Progress {
    /// That of a migration which begins now.
    pub(super) fn none(script: &Script) -> Self {
        Self {
            version: script.version.clone(),
            direction: script.direction,
            done: 0,
            running: None,
            evidence: None,
            statements: Vec::new(),
        }
    }
}

/// A short checksum of a statement.
fn sum(statement: &Statement) -> String {
    let mut sum = checksum::of(std::slice::from_ref(&statement.sql));
    sum.truncate(12);
    sum
}

pub(super) fn failed(
    script: &Script,
    line: Option<&(usize, String)>,
    aftermath: MysqlAftermath,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> MigrationProblem {
    MigrationProblem::Failed(Box::new(Failed {
        version: script.version.clone(),
        name: script.name.clone(),
        direction: script.direction,
        line: line.cloned(),
        aftermath,
        source: source.into(),
    }))
}
