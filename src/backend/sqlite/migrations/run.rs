//! Applies and reverts the migrations of one file, one after the other.

use std::error::Error;

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    sql_types::BigInt,
};

use super::{
    Confined, Failed, MigrationProblem, Plan, VersionTable, advice, bodies, foreign_keys, rules,
    script::{Body, Script},
    version_table,
};
use crate::backend::{migration_sql::Direction, sqlite::files::failpoint};

/// Why a statement or a migration failed: its line, what to do, and the error.
type Fault = (Option<(usize, String)>, Option<String>, Box<dyn Error + Send + Sync>);

impl Confined {
    /// The versions applied, oldest first.
    pub(crate) fn applied(&self) -> Result<Vec<String>, MigrationProblem> {
        Ok(version_table::applied(&mut self.connect()?)?)
    }

    /// The versions of the plan that are not applied, oldest first.
    pub(crate) fn pending(&self, plan: &Plan) -> Result<Vec<String>, MigrationProblem> {
        let applied = self.applied()?;
        Ok(plan.versions().filter(|version| !applied.contains(version)).collect())
    }

    /// Applies all pending migrations, and returns their versions. Makes the version table, if it is missing.
    pub(crate) fn apply(&self, plan: &Plan) -> Result<Vec<String>, MigrationProblem> {
        let mut keeper = self.keeper()?;
        let applied = version_table::applied(&mut keeper)?;
        let pending: Vec<_> = plan.versions().filter(|version| !applied.contains(version)).collect();
        let scripts = plan.scripts(&pending, Direction::Up)?;
        if version_table::look_at(&mut keeper)? != VersionTable::Complete {
            keeper.immediate_transaction(version_table::complete)?;
        }
        self.run_all(&scripts)
    }

    /// Reverts the newest `count` of the versions applied, newest first, and returns them.
    pub(crate) fn revert(&self, plan: &Plan, count: usize) -> Result<Vec<String>, MigrationProblem> {
        let mut keeper = self.keeper()?;
        let mut versions = version_table::applied(&mut keeper)?;
        versions.reverse();
        versions.truncate(count);
        let scripts = plan.scripts(&versions, Direction::Down)?;
        self.run_all(&scripts)
    }

    fn run_all(&self, scripts: &[Script<'_>]) -> Result<Vec<String>, MigrationProblem> {
        let mut run = Vec::new();
        for script in scripts {
            if self.run(script)? {
                run.push(script.version.clone());
            }
        }
        Ok(run)
    }

    /// Runs a migration, in a transaction unless it says otherwise. False if another process has done so meanwhile.
    fn run(&self, script: &Script<'_>) -> Result<bool, MigrationProblem> {
        let mut connection = self.connect()?;
        let is_to_do = |connection: &mut SqliteConnection| {
            let is_applied = version_table::is_applied(connection, &script.version)?;
            QueryResult::Ok(is_applied == (script.direction == Direction::Down))
        };
        if !script.in_transaction {
            if !is_to_do(&mut connection)? {
                return Ok(false);
            }
            self.execute(script, &mut connection)?;
            require_no_transaction(script, &mut connection)?;
            self.require_confined(script, &mut connection)?;
            record(script, &mut connection)?;
            return Ok(true);
        }
        // Diesel has to know of it, for migrations in Rust that begin transactions within.
        AnsiTransactionManager::begin_transaction_sql(&mut connection, "BEGIN IMMEDIATE")?;
        let mut run = || -> Result<bool, MigrationProblem> {
            if !is_to_do(&mut connection)? {
                return Ok(false);
            }
            self.execute_guarded(script, &mut connection)?;
            failpoint::reach("migration: run");
            self.require_confined(script, &mut connection)?;
            record(script, &mut connection)?;
            failpoint::reach("migration: recorded");
            Ok(true)
        };
        let result = run();
        match &result {
            Ok(_) => AnsiTransactionManager::commit_transaction(&mut connection)
                .map_err(|error| failed(script, (None, None, Box::new(error))))?,
            // Some errors have ended the transaction already. If not, closing the connection ends it.
            Err(_) => drop(AnsiTransactionManager::rollback_transaction(&mut connection)),
        }
        result
    }

    /// Runs a migration in the transaction, and makes sure that it is still the same one afterwards.
    fn execute_guarded(&self, script: &Script<'_>, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
        let Body::Code(_) = &script.body else {
            // Its text has been read: no statement ends the transaction.
            return self.execute(script, connection);
        };
        connection.batch_execute("SAVEPOINT diesel_tenants_migration")?;
        self.execute(script, connection)?;
        let released = connection.batch_execute("RELEASE diesel_tenants_migration");
        released.map_err(|error| {
            let advice = "the migration ended its transaction, so what it did may stay, and it isn't recorded: remove \
                          COMMIT and ROLLBACK, or put `run_in_transaction = false` in its metadata";
            failed(script, (None, Some(advice.to_owned()), Box::new(error)))
        })
    }

    fn execute(&self, script: &Script<'_>, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
        match &script.body {
            Body::Sql(texts) => texts.iter().try_for_each(|sql| self.send(script, sql, connection)),
            Body::Code(migration) => match script.direction {
                Direction::Up => migration.run(connection),
                Direction::Down => migration.revert(connection),
            }
            .map_err(|error| failed(script, (None, None, error))),
        }
    }

    /// Sends a text statement by statement: SQLite doesn't say which one failed.
    fn send(&self, script: &Script<'_>, sql: &str, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
        for range in rules::statements(&script.name, sql)? {
            let start = range.start;
            let statement = &sql[range];
            connection.batch_execute(statement).map_err(|error| {
                let line = rules::line_of(sql, start);
                let text = sql.lines().nth(line - 1).unwrap_or_default().trim().to_owned();
                let advice = advice::on(&error, statement, self.shared());
                failed(script, (Some((line, text)), advice, Box::new(error)))
            })?;
        }
        Ok(())
    }

    /// Fails if a migration has attached a file, or made a foreign key that leads to the shared one, or a view or trigger
    /// that would keep the file from being attached.
    fn require_confined(&self, script: &Script<'_>, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
        if count_files(connection)? != self.files() {
            let error = "the migration attached or detached a file";
            return Err(failed(script, (None, None, error.into())));
        }
        if let Some((object, schema)) = bodies::naming_a_schema(connection)? {
            let error = format!("the text of {object:?} names the schema {schema}");
            let advice = "SQLite keeps that text in the file, which then can't be read or altered under its own name: \
                          leave the schema out, since SQLite looks for the names in a view or trigger in the file itself";
            return Err(failed(script, (None, Some(advice.to_owned()), error.into())));
        }
        let Some(shared) = self.shared().filter(|_| script.mentions("references")) else {
            return Ok(());
        };
        match foreign_keys::leading_to(connection, shared)? {
            None => Ok(()),
            Some((child, parent)) => {
                let error =
                    format!("table {child:?} has a foreign key to {parent:?}, which is not in the tenant's file");
                let advice = format!(
                    "SQLite would refuse every row: a foreign key can't lead to the shared schema {:?}. Leave \
                     REFERENCES out, and let the application check",
                    shared.as_str()
                );
                Err(failed(script, (None, Some(advice), error.into())))
            }
        }
    }
}

/// Notes in the version table that a migration was applied or reverted.
fn record(script: &Script<'_>, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
    Ok(match script.direction {
        Direction::Up => version_table::insert(connection, &script.version, script.checksum.as_deref()),
        Direction::Down => version_table::delete(connection, &script.version),
    }?)
}

/// Fails if a migration outside of a transaction has left one open: it would be rolled back.
fn require_no_transaction(script: &Script<'_>, connection: &mut SqliteConnection) -> Result<(), MigrationProblem> {
    if connection.batch_execute("BEGIN; ROLLBACK").is_ok() {
        return Ok(());
    }
    drop(connection.batch_execute("ROLLBACK"));
    Err(failed(
        script,
        (
            None,
            None,
            "the migration left a transaction open, which was rolled back".into(),
        ),
    ))
}

/// The files of a connection, without its temporary one.
fn count_files(connection: &mut SqliteConnection) -> QueryResult<usize> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        files: i64,
    }

    let count: Count = diesel::sql_query("SELECT count(*) AS files FROM pragma_database_list WHERE name <> 'temp'")
        .get_result(connection)?;
    Ok(usize::try_from(count.files).unwrap_or(usize::MAX))
}

fn failed(script: &Script<'_>, (line, advice, source): Fault) -> MigrationProblem {
    MigrationProblem::Failed(Box::new(Failed {
        version: script.version.clone(),
        name: script.name.clone(),
        direction: script.direction,
        line,
        in_transaction: script.in_transaction,
        advice,
        source,
    }))
}
