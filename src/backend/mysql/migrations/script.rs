use std::sync::Arc;

use diesel::{migration::Migration, mysql::Mysql};
use diesel_tenants_translate::{Dialect, statements_for};

use super::{
    MigrationProblem, Owner, Source,
    rules::Rule,
    statement::{Kind, Statement, Tokens},
};
use crate::backend::migration_sql::{Direction, checksum, record};

/// A migration in one direction, ready to be run.
pub(super) struct Script {
    pub(super) version: String,
    /// Version and title.
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) steps: Steps,
    /// The checksum of the SQL that is applied; Rust code has none.
    pub(super) checksum: Option<String>,
}

/// What a migration does.
pub(super) enum Steps {
    /// It only changes rows, in one transaction.
    Rows(Vec<Statement>),
    /// Each statement for itself.
    Statements(Vec<Statement>),
    /// It is Rust code that needs a connection (or that fails, which running it will report).
    Code { source: Source, in_transaction: bool },
}

impl Script {
    /// Reads a migration. Fails if its SQL does what is [refused](super::rules), or if it must be reverted and can't be.
    pub(super) fn read(
        migration: &dyn Migration<Mysql>,
        direction: Direction,
        source: &Source,
        owner: &Owner,
    ) -> Result<Self, MigrationProblem> {
        let recorded = record(|recorder| match direction {
            Direction::Up => migration.run(recorder),
            Direction::Down => migration.revert(recorder),
        });
        let name = migration.name().to_string();
        let in_transaction = migration.metadata().run_in_transaction();
        let irreversible = |reason| MigrationProblem::Irreversible {
            name: name.clone(),
            reason,
        };
        let mut sum = None;
        let steps = match recorded {
            // An empty script would succeed, and its version row would be removed, while all that was created stays.
            Ok(sql)
                if direction == Direction::Down && !sql.is_empty() && sql.iter().all(|sql| sql.trim().is_empty()) =>
            {
                return Err(irreversible("its down.sql is empty".to_owned()));
            }
            // If nothing was recorded, the code may have done nothing because the connection's type was unknown to it.
            Ok(sql) if !sql.is_empty() => {
                sum = (direction == Direction::Up).then(|| checksum::of(&sql));
                Steps::of_sql(&name, &sql, in_transaction, owner)?
            }
            Err(error) if direction == Direction::Down && is_no_way_back(&*error) => {
                return Err(irreversible(error.to_string()));
            }
            _ => Steps::Code {
                source: Arc::clone(source),
                in_transaction,
            },
        };
        Ok(Self {
            version: migration.name().version().to_string(),
            name,
            direction,
            steps,
            checksum: sum,
        })
    }

    /// Whether the migration may leave something on its session.
    pub(super) fn affects_session(&self) -> bool {
        let leaves = |statement: &Statement| matches!(statement.kind, Kind::Setting | Kind::Temporary);
        match &self.steps {
            Steps::Code { .. } => true,
            // What a query leaves, such as a variable, is only allowed in a transaction.
            Steps::Rows(_) => true,
            Steps::Statements(statements) => statements.iter().any(leaves),
        }
    }
}

impl Steps {
    fn of_sql(name: &str, texts: &[String], in_transaction: bool, owner: &Owner) -> Result<Self, MigrationProblem> {
        let not_understood = |source| MigrationProblem::NotUnderstood {
            name: name.to_owned(),
            source,
        };
        let mut statements = Vec::new();
        for text in texts {
            let places = match statements_for(Dialect::Mysql, text) {
                Ok(places) => places,
                Err(source) => return Err(delimiter(name, text).unwrap_or_else(|| not_understood(source))),
            };
            for place in places {
                let line = text[..place.start].matches('\n').count() + 1;
                let sql = &text[place];
                let tokens = Tokens::of(sql).map_err(not_understood)?;
                statements.push(Statement {
                    sql: sql.to_owned(),
                    line: (line, text.lines().nth(line - 1).unwrap_or_default().trim().to_owned()),
                    kind: tokens.kind(),
                });
            }
        }
        let in_transaction = in_transaction && statements.iter().all(|statement| statement.kind.is_transactional());
        for statement in &statements {
            let tokens = Tokens::of(&statement.sql).map_err(not_understood)?;
            let rule = Rule {
                name,
                sql: &statement.sql,
                line: statement.line.0,
                tokens: &tokens,
                kind: &statement.kind,
                owner,
                in_transaction,
            };
            rule.check()?;
        }
        Ok(match in_transaction {
            true => Self::Rows(statements),
            false => Self::Statements(statements),
        })
    }
}

/// The error of a text that can't be split because it was written for the `mysql` program.
fn delimiter(name: &str, text: &str) -> Option<MigrationProblem> {
    let is_delimiter = |line: &str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        word.eq_ignore_ascii_case("delimiter")
    };
    let line = text.lines().position(is_delimiter)?;
    Some(MigrationProblem::Refused {
        name: name.to_owned(),
        line: line + 1,
        statement: "`DELIMITER`".to_owned(),
        reason: super::rules::DELIMITER.to_owned(),
    })
}

/// Whether the source itself says that a migration can't be reverted.
fn is_no_way_back(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(
        error.downcast_ref(),
        Some(diesel_migrations::MigrationError::NoMigrationRevertFile)
    )
}
