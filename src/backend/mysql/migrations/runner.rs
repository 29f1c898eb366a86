use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::{
    MigrationProblem, Plan,
    version_table::{self, AppliedVersion},
};
use crate::backend::{
    migration_sql::Direction,
    mysql::{Server, Session, locks::Lock},
};

/// Whose database is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    /// All tenants share it.
    Shared(SchemaName),
    /// A tenant's, beside the shared one.
    Tenant { tenant: SchemaName, shared: SchemaName },
}

impl Owner {
    pub(crate) fn database(&self) -> &SchemaName {
        match self {
            Self::Shared(database) | Self::Tenant { tenant: database, .. } => database,
        }
    }

    pub(super) fn shared(&self) -> &SchemaName {
        match self {
            Self::Shared(shared) | Self::Tenant { shared, .. } => shared,
        }
    }
}

/// Migrates one database, whose lock it has.
pub(crate) struct Runner<'a> {
    pub(super) server: &'a Server,
    pub(super) owner: Owner,
    pub(super) lock: &'a mut Lock,
    /// `None` only while a migration written in Rust has it.
    pub(super) session: Option<Session>,
    /// Whether no migration has left anything on the session.
    pub(super) is_clean: bool,
    pub(super) wait: Duration,
}

impl<'a> Runner<'a> {
    /// Works on a session that holds the database already. The caller has the lock on it.
    pub(crate) async fn begin(
        server: &'a Server,
        owner: Owner,
        lock: &'a mut Lock,
        mut session: Session,
        wait: Duration,
    ) -> Result<Self, MigrationProblem> {
        session.use_database(owner.database()).await?;
        Ok(Self {
            server,
            owner,
            lock,
            session: Some(session),
            is_clean: true,
            wait,
        })
    }

    /// A session on which no migration has left anything, for what comes after the migrations.
    pub(crate) async fn end(mut self) -> Result<Session, MigrationProblem> {
        if !self.is_clean {
            self.reopen().await?;
        }
        Ok(self
            .session
            .take()
            .expect("the session is put back after each migration"))
    }

    /// The session for the next database, if no migration has left anything on it.
    pub(crate) async fn into_session(mut self) -> Option<Session> {
        let mut session = self.session.take().filter(|_| self.is_clean)?;
        session.let_go(self.owner.database()).await.ok()?;
        Some(session)
    }

    /// Opens a session for the work. The caller has the lock on the database.
    pub(crate) async fn open(
        server: &'a Server,
        owner: Owner,
        lock: &'a mut Lock,
        wait: Duration,
    ) -> Result<Self, MigrationProblem> {
        let mut runner = Self {
            server,
            owner,
            lock,
            session: None,
            is_clean: true,
            wait,
        };
        runner.reopen().await?;
        Ok(runner)
    }

    /// Goes on with a new session, on which no migration has left anything.
    pub(super) async fn reopen(&mut self) -> Result<(), MigrationProblem> {
        // The lock that the former session holds goes with it, but not at once.
        if let Some(mut session) = self.session.take() {
            // If it is broken, the server ends what it holds.
            let _ = session.let_go(self.owner.database()).await;
        }
        let mut session = self.server.open().await?;
        session.hold(self.owner.database(), self.wait).await?;
        session.use_database(self.owner.database()).await?;
        self.session = Some(session);
        self.is_clean = true;
        Ok(())
    }

    pub(super) fn session(&mut self) -> &mut Session {
        self.session
            .as_mut()
            .expect("the session is put back after each migration")
    }

    /// Applies all pending migrations, and returns their versions.
    pub(crate) async fn apply(&mut self, plan: &Plan) -> Result<Vec<String>, MigrationProblem> {
        let database = self.owner.database().clone();
        let (applied, unfinished) = version_table::read(self.session(), &database).await?;
        if let Some(unfinished) = unfinished.as_ref().filter(|begun| begun.direction == Direction::Down) {
            return Err(MigrationProblem::OtherDirection {
                database,
                version: unfinished.version.clone(),
                reverting: true,
            });
        }
        let pending = plan.lacked_by(&versions(&applied));
        if let Some(unfinished) = unfinished.as_ref().filter(|begun| !pending.contains(&begun.version)) {
            return Err(MigrationProblem::UnfinishedUnknown {
                database,
                version: unfinished.version.clone(),
                done: unfinished.done,
            });
        }
        if pending.is_empty() && !applied.is_empty() {
            return Ok(pending);
        }
        let scripts = plan.scripts(pending, Direction::Up, &self.owner).await?;
        version_table::complete(self.session(), &database).await?;
        self.run_all(&scripts, unfinished).await
    }

    /// Reverts the newest `count` of the versions applied, newest first, and returns them.
    pub(crate) async fn revert(&mut self, plan: &Plan, count: usize) -> Result<Vec<String>, MigrationProblem> {
        let database = self.owner.database().clone();
        let (applied, unfinished) = version_table::read(self.session(), &database).await?;
        if let Some(unfinished) = unfinished.as_ref().filter(|begun| begun.direction == Direction::Up) {
            return Err(MigrationProblem::OtherDirection {
                database,
                version: unfinished.version.clone(),
                reverting: false,
            });
        }
        let mut newest = versions(&applied);
        newest.reverse();
        newest.truncate(count);
        if newest.is_empty() {
            return Ok(newest);
        }
        let scripts = plan.scripts(newest, Direction::Down, &self.owner).await?;
        version_table::complete(self.session(), &database).await?;
        self.run_all(&scripts, unfinished).await
    }
}

fn versions(applied: &[AppliedVersion]) -> Vec<String> {
    applied.iter().map(|(version, _)| version.clone()).collect()
}
