//! Diesel's version table, with one more column than Diesel's: the checksum of the applied migration.

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{Bool, Nullable, Text},
};

use crate::backend::migration_sql::VERSION_TABLE;

/// The state of a version table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionTable {
    /// The file was never migrated.
    Missing,
    /// The table is as the `diesel` command creates it.
    WithoutChecksums,
    /// The table is as this library creates it.
    Complete,
}

/// An applied version, with the checksum of the SQL that was applied, if it is known.
pub(crate) type AppliedVersion = (String, Option<String>);

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

pub(super) fn look_at(connection: &mut SqliteConnection) -> QueryResult<VersionTable> {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let columns: Vec<Column> =
        diesel::sql_query(format!("SELECT name FROM pragma_table_info('{VERSION_TABLE}', 'main')")).load(connection)?;
    Ok(match columns.iter().any(|column| column.name == "checksum") {
        true => VersionTable::Complete,
        false if columns.is_empty() => VersionTable::Missing,
        false => VersionTable::WithoutChecksums,
    })
}

/// The applied versions, oldest first, with their checksums. The table must exist.
pub(crate) fn applied_with_checksums(
    connection: &mut SqliteConnection,
    table: VersionTable,
) -> QueryResult<Vec<AppliedVersion>> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Nullable<Text>)]
        checksum: Option<String>,
    }

    let checksum = match table {
        VersionTable::Missing => return Ok(Vec::new()),
        VersionTable::WithoutChecksums => "NULL",
        VersionTable::Complete => "checksum",
    };
    let applied: Vec<Applied> = diesel::sql_query(format!(
        "SELECT version, {checksum} AS checksum FROM main.{VERSION_TABLE} ORDER BY version COLLATE BINARY"
    ))
    .load(connection)?;
    Ok(applied.into_iter().map(|row| (row.version, row.checksum)).collect())
}

/// The applied versions, oldest first.
pub(super) fn applied(connection: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let table = look_at(connection)?;
    let applied = applied_with_checksums(connection, table)?;
    Ok(applied.into_iter().map(|(version, _)| version).collect())
}

/// Creates the table as Diesel does, with one more column, or adds that column.
pub(super) fn complete(connection: &mut SqliteConnection) -> QueryResult<()> {
    match look_at(connection)? {
        VersionTable::Missing => connection.batch_execute(&format!(
            "CREATE TABLE main.{VERSION_TABLE} (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT)"
        )),
        VersionTable::WithoutChecksums => {
            connection.batch_execute(&format!("ALTER TABLE main.{VERSION_TABLE} ADD COLUMN checksum TEXT"))
        }
        VersionTable::Complete => Ok(()),
    }
}

pub(super) fn is_applied(connection: &mut SqliteConnection, version: &str) -> QueryResult<bool> {
    let found: Answer = diesel::sql_query(format!(
        "SELECT EXISTS (SELECT 1 FROM main.{VERSION_TABLE} WHERE version = ?) AS answer"
    ))
    .bind::<Text, _>(version)
    .get_result(connection)?;
    Ok(found.answer)
}

pub(super) fn insert(connection: &mut SqliteConnection, version: &str, checksum: Option<&str>) -> QueryResult<()> {
    diesel::sql_query(format!(
        "INSERT INTO main.{VERSION_TABLE} (version, checksum) VALUES (?, ?)"
    ))
    .bind::<Text, _>(version)
    .bind::<Nullable<Text>, _>(checksum)
    .execute(connection)
    .map(drop)
}

pub(super) fn delete(connection: &mut SqliteConnection, version: &str) -> QueryResult<()> {
    diesel::sql_query(format!("DELETE FROM main.{VERSION_TABLE} WHERE version = ?"))
        .bind::<Text, _>(version)
        .execute(connection)
        .map(drop)
}
