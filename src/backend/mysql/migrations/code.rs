//! Migrations written in Rust, which are called on a thread that may block.

use std::error::Error;

use diesel_async::{
    AsyncConnection, AsyncMysqlConnection, TransactionManager, async_connection_wrapper::AsyncConnectionWrapper,
};

use super::{
    MigrationProblem, MysqlAftermath, Runner, Source,
    problem::Interrupted,
    progress::{self, Progress},
    run::failed,
    script::Script,
};
use crate::backend::{migration_sql::call_version, mysql::Session, tasks::blocking};

type Transactions = <AsyncMysqlConnection as AsyncConnection>::TransactionManager;

impl Runner<'_> {
    /// Calls a migration. What it does can't be seen, but whether it committed can: the transaction begins with a mark,
    /// which is gone if the transaction is.
    pub(super) async fn run_code(
        &mut self,
        script: &Script,
        source: &Source,
        in_transaction: bool,
        begun: Option<Progress>,
    ) -> Result<(), MigrationProblem> {
        let database = self.owner.database().clone();
        self.lock.confirm().await?;
        if begun.is_some_and(|begun| begun.done > 0) {
            let interrupted = Interrupted::code(&database, &script.name, &script.version);
            return Err(MigrationProblem::Interrupted(Box::new(interrupted)));
        }
        let mut progress = Progress::none(script);
        // Outside of a transaction everything that the code does is committed.
        progress.done = usize::from(!in_transaction);
        progress.running = Some(1);
        self.session().run(&progress.write(&database)).await?;
        let mut session = self.session.take().expect("the session is here between migrations");
        if in_transaction {
            Transactions::begin_transaction(&mut session.connection).await?;
            progress.done = 1;
            session.run(&progress.write(&database)).await?;
        }
        let (session, called) = call(session, script, source).await;
        self.session = Some(session);
        if let Err(error) = called {
            return Err(self.code_failed(script, in_transaction, error).await);
        }
        let record = self.record_begun(script);
        let session = self.session();
        let ended = async {
            if in_transaction {
                session.run(&record).await?;
                Transactions::commit_transaction(&mut session.connection).await
            } else {
                session.run(&format!("START TRANSACTION; {record}; COMMIT")).await
            }
        };
        ended
            .await
            .map_err(|error| failed(script, None, MysqlAftermath::Lost, error))
    }

    /// The error of code that failed, after finding out whether it had committed something.
    async fn code_failed(
        &mut self,
        script: &Script,
        in_transaction: bool,
        error: Box<dyn Error + Send + Sync>,
    ) -> MigrationProblem {
        let database = self.owner.database().clone();
        if in_transaction {
            // If it fails, so does what follows: the connection ends, and the transaction with it.
            let _ = Transactions::rollback_transaction(&mut self.session().connection).await;
        }
        // The code may have left anything on the session.
        if let Err(problem) = self.reopen().await {
            drop(problem);
            return failed(script, None, MysqlAftermath::Lost, error);
        }
        let has_committed = match progress::find(self.session(), &database).await {
            Ok(found) => found.is_some_and(|found| found.done > 0),
            Err(_) => return failed(script, None, MysqlAftermath::Lost, error),
        };
        let clear = Progress::delete(&database, &script.version);
        match self.session().run(&clear).await {
            Ok(()) if has_committed => failed(script, None, MysqlAftermath::Committed, error),
            Ok(()) => failed(script, None, MysqlAftermath::RolledBack, error),
            Err(_) => failed(script, None, MysqlAftermath::Lost, error),
        }
    }
}

/// Calls a migration on a thread that may block. It is read again there, since it can't be sent between threads.
async fn call(
    session: Session,
    script: &Script,
    source: &Source,
) -> (Session, Result<(), Box<dyn Error + Send + Sync>>) {
    let (source, version, direction) = (Source::clone(source), script.version.clone(), script.direction);
    blocking(move || {
        let mut connection = AsyncConnectionWrapper::<AsyncMysqlConnection>::from(session.connection);
        let called = call_version(&*source, &version, direction, &mut connection);
        let session = Session {
            connection: connection.into_inner(),
        };
        (session, called)
    })
    .await
}
