//! How far a migration has come that is not one transaction.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_tenants_translate::SchemaName;

use crate::backend::{
    migration_sql::Direction,
    mysql::{Session, quote},
};

/// The table of it, in the migrated database itself: a backup of the database has it, and a rename takes it along.
pub(crate) const PROGRESS_TABLE: &str = "__diesel_tenants_progress";

/// A migration that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) version: String,
    pub(super) direction: Direction,
    /// The number of statements that are applied.
    pub(super) done: usize,
    /// The statement that was sent last and isn't known to be applied, counted from 1.
    pub(super) running: Option<usize>,
    /// What the object of the running statement was before.
    pub(super) evidence: Option<String>,
    /// The checksums of all statements.
    pub(super) statements: Vec<String>,
}

pub(super) fn table(database: &SchemaName) -> String {
    format!("{}.{PROGRESS_TABLE}", quote::database(database))
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

pub(super) async fn create_table(session: &mut Session, database: &SchemaName) -> QueryResult<()> {
    session
        .run(&format!(
            "CREATE TABLE IF NOT EXISTS {} (version VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL \
             PRIMARY KEY, direction VARCHAR(4) NOT NULL, done INT NOT NULL, running INT NULL, evidence VARCHAR(32) NULL, \
             statements LONGTEXT NOT NULL) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
            table(database)
        ))
        .await
}

/// The migration that was begun and not finished. There is one at most, since migrations run one after the other.
pub(super) async fn find(session: &mut Session, database: &SchemaName) -> QueryResult<Option<Progress>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Text)]
        direction: String,
        #[diesel(sql_type = BigInt)]
        done: i64,
        #[diesel(sql_type = Nullable<BigInt>)]
        running: Option<i64>,
        #[diesel(sql_type = Nullable<Text>)]
        evidence: Option<String>,
        #[diesel(sql_type = Text)]
        statements: String,
    }

    let query = format!(
        "SELECT version, direction, CAST(done AS SIGNED) AS done, CAST(running AS SIGNED) AS running, evidence, \
         statements FROM {} ORDER BY version LIMIT 1",
        table(database)
    );
    let found: Vec<Row> = session.rows(&query).await?;
    Ok(found.into_iter().next().map(|row| Progress {
        version: row.version,
        direction: match &*row.direction {
            "down" => Direction::Down,
            _ => Direction::Up,
        },
        done: usize::try_from(row.done).unwrap_or_default(),
        running: row.running.and_then(|running| usize::try_from(running).ok()),
        evidence: row.evidence,
        statements: row.statements.split_whitespace().map(str::to_owned).collect(),
    }))
}

impl Progress {
    /// The statement that writes it down.
    pub(super) fn write(&self, database: &SchemaName) -> String {
        let Self {
            version,
            direction,
            done,
            running,
            evidence,
            statements,
        } = self;
        format!(
            "REPLACE INTO {} (version, direction, done, running, evidence, statements) VALUES ({}, '{}', {done}, {}, {}, \
             {})",
            table(database),
            quote::literal(version),
            word(*direction),
            running.map_or_else(|| "NULL".to_owned(), |running| running.to_string()),
            evidence.as_deref().map_or_else(|| "NULL".to_owned(), quote::literal),
            quote::literal(&statements.join(" "))
        )
    }

    /// The statement that removes it.
    pub(super) fn delete(database: &SchemaName, version: &str) -> String {
        format!(
            "DELETE FROM {} WHERE version = {}",
            table(database),
            quote::literal(version)
        )
    }
}
