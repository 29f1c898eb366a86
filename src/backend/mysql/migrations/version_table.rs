//! Diesel's version table, with one more column than Diesel's: the checksum of the applied migration.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_tenants_translate::SchemaName;

use super::progress::{self, PROGRESS_TABLE, Progress};
use crate::backend::{
    migration_sql::VERSION_TABLE,
    mysql::{Session, quote},
};

/// An applied version, with the checksum of the SQL that was applied, if it is known.
pub(crate) type AppliedVersion = (String, Option<String>);

/// The state of a version table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The database was never migrated.
    Missing,
    /// The table is as the `diesel` command creates it.
    WithoutChecksums,
    /// The table is as this library creates it.
    Complete,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    checksum: Option<String>,
}

pub(super) fn table(database: &SchemaName) -> String {
    format!("{}.{VERSION_TABLE}", quote::database(database))
}

async fn look_at(session: &mut Session, database: &SchemaName) -> QueryResult<(State, bool)> {
    // One query for both tables: a fleet asks it for every tenant.
    let columns = session
        .number(&format!(
            "SELECT CAST(COALESCE(SUM(TABLE_NAME = '{VERSION_TABLE}'), 0) \
             + COALESCE(SUM(TABLE_NAME = '{VERSION_TABLE}' AND COLUMN_NAME = 'checksum'), 0) * 1000 \
             + COALESCE(SUM(TABLE_NAME = '{PROGRESS_TABLE}'), 0) * 1000000 AS SIGNED) AS number \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} \
             AND TABLE_NAME IN ('{VERSION_TABLE}', '{PROGRESS_TABLE}')",
            quote::literal(database.as_str())
        ))
        .await?;
    let state = match columns % 1_000_000 {
        0 => State::Missing,
        1000.. => State::Complete,
        _ => State::WithoutChecksums,
    };
    Ok((state, columns >= 1_000_000))
}

/// The versions applied, and the migration that was begun and not finished. Makes nothing.
pub(super) async fn read(
    session: &mut Session,
    database: &SchemaName,
) -> QueryResult<(Vec<AppliedVersion>, Option<Progress>)> {
    let (state, has_progress) = look_at(session, database).await?;
    let applied = applied_in(session, database, state).await?;
    let unfinished = match has_progress {
        true => progress::find(session, database).await?,
        false => None,
    };
    Ok((applied, unfinished))
}

/// The applied versions, oldest first, with their checksums; none if the database was never migrated.
async fn applied_in(session: &mut Session, database: &SchemaName, state: State) -> QueryResult<Vec<AppliedVersion>> {
    let checksum = match state {
        State::Missing => return Ok(Vec::new()),
        State::WithoutChecksums => "CAST(NULL AS CHAR)",
        State::Complete => "checksum",
    };
    let query = format!("SELECT version, {checksum} AS checksum FROM {}", table(database));
    let mut applied: Vec<AppliedVersion> = session
        .rows::<Applied>(&query)
        .await?
        .into_iter()
        .map(|row| (row.version, row.checksum))
        .collect();
    applied.sort();
    Ok(applied)
}

/// What is recorded of one database's migrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The versions applied, oldest first.
    pub(crate) applied: Vec<AppliedVersion>,
    /// Whether a migration, or a revert, was begun and not finished.
    pub(crate) is_unfinished: bool,
}

/// The state of several databases, which this library has migrated, by one query. An error if one of them lacks one of
/// the two tables.
pub(crate) async fn recorded_in_all(session: &mut Session, databases: &[&SchemaName]) -> QueryResult<Vec<Recorded>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number: i64,
        #[diesel(sql_type = Nullable<Text>)]
        version: Option<String>,
        #[diesel(sql_type = Nullable<Text>)]
        checksum: Option<String>,
    }

    let mut recorded = vec![Recorded::default(); databases.len()];
    let query = |(number, database): (usize, &&SchemaName)| {
        format!(
            "SELECT CAST({number} AS SIGNED) AS number, version, checksum FROM {} \
             UNION ALL SELECT {number}, NULL, NULL FROM {}",
            table(database),
            progress::table(database)
        )
    };
    let queries: Vec<String> = databases.iter().enumerate().map(query).collect();
    if queries.is_empty() {
        return Ok(recorded);
    }
    for row in session.rows::<Row>(&queries.join(" UNION ALL ")).await? {
        let Some(recorded) = usize::try_from(row.number)
            .ok()
            .and_then(|number| recorded.get_mut(number))
        else {
            continue;
        };
        match row.version {
            Some(version) => recorded.applied.push((version, row.checksum)),
            None => recorded.is_unfinished = true,
        }
    }
    recorded.iter_mut().for_each(|recorded| recorded.applied.sort());
    Ok(recorded)
}

/// The state of one database, whatever it lacks.
pub(crate) async fn recorded(session: &mut Session, database: &SchemaName) -> QueryResult<Recorded> {
    let (applied, unfinished) = read(session, database).await?;
    Ok(Recorded {
        applied,
        is_unfinished: unfinished.is_some(),
    })
}

/// Creates the table as Diesel does, with one more column, or adds that column; and the table of the progress.
pub(super) async fn complete(session: &mut Session, database: &SchemaName) -> QueryResult<()> {
    let table = table(database);
    let (state, has_progress) = look_at(session, database).await?;
    match state {
        State::Missing => {
            let sql = format!(
                "CREATE TABLE {table} (version VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY NOT \
                 NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum VARCHAR(32) CHARACTER SET ascii \
                 NULL) ENGINE = InnoDB"
            );
            session.run(&sql).await?;
        }
        State::WithoutChecksums => {
            let sql = format!("ALTER TABLE {table} ADD COLUMN checksum VARCHAR(32) CHARACTER SET ascii NULL");
            session.run(&sql).await?;
        }
        State::Complete => {}
    }
    match has_progress {
        true => Ok(()),
        false => progress::create_table(session, database).await,
    }
}

/// The statement that records a version.
pub(super) fn insert(database: &SchemaName, version: &str, checksum: Option<&str>) -> String {
    format!(
        "INSERT INTO {} (version, checksum) VALUES ({}, {})",
        table(database),
        quote::literal(version),
        checksum.map_or_else(|| "NULL".to_owned(), quote::literal)
    )
}

/// The statement that removes a version.
pub(super) fn delete(database: &SchemaName, version: &str) -> String {
    format!(
        "DELETE FROM {} WHERE version = {}",
        table(database),
        quote::literal(version)
    )
}
