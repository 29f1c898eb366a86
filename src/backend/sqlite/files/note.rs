//! A tenant's status, in its file.
//!
//! PostgreSQL keeps the status as a comment on the version table; here it is the same text in a table of the library's
//! own. So it comes and goes with the file, wherever that is copied, and is written in one transaction with other
//! changes. The numbers that SQLite keeps for a file, `user_version` and `application_id`, belong to the application.
//! The `diesel` command leaves tables out whose names begin with two underscores.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{Bool, Text},
};

use crate::backend::{migration_sql::VERSION_TABLE, sqlite::migrations::VersionTable};

/// The table of the note. An active tenant has no row in it, or no such table.
pub(crate) const NOTE_TABLE: &str = "__diesel_tenants";

/// The note, which a file may have.
#[derive(QueryableByName)]
pub(crate) struct Note {
    #[diesel(sql_type = Text)]
    pub(crate) note: String,
}

/// The query for the [`Note`] of the file with this name, quoted if need be. No row means an active tenant. A file that
/// this library did not create may lack the table.
pub(crate) fn note_of(schema: &str) -> String {
    format!("SELECT note FROM {schema}.{NOTE_TABLE}")
}

/// What a file says about itself.
#[derive(Debug)]
pub(super) struct Noted {
    /// Each tenant has a version table.
    pub(super) table: VersionTable,
    pub(super) note: Option<String>,
}

pub(super) fn read(connection: &mut SqliteConnection) -> QueryResult<Noted> {
    #[derive(QueryableByName)]
    struct Tables {
        #[diesel(sql_type = Bool)]
        versions: bool,
        #[diesel(sql_type = Bool)]
        checksums: bool,
        #[diesel(sql_type = Bool)]
        note: bool,
    }

    let tables: Tables = diesel::sql_query(format!(
        "SELECT coalesce(max(name = '{VERSION_TABLE}'), 0) AS versions, \
         EXISTS (SELECT 1 FROM pragma_table_info('{VERSION_TABLE}', 'main') WHERE name = 'checksum') AS checksums, \
         coalesce(max(name = '{NOTE_TABLE}'), 0) AS note FROM main.sqlite_schema WHERE type = 'table'"
    ))
    .get_result(connection)?;
    let note: Option<Note> = match tables.note {
        true => diesel::sql_query(note_of("main")).get_result(connection).optional()?,
        false => None,
    };
    Ok(Noted {
        table: match (tables.versions, tables.checksums) {
            (false, _) => VersionTable::Missing,
            (true, false) => VersionTable::WithoutChecksums,
            (true, true) => VersionTable::Complete,
        },
        note: note.map(|note| note.note),
    })
}

/// Writes the note, given as an SQL literal, in a transaction of its own.
pub(super) fn write(connection: &mut SqliteConnection, note: &str) -> QueryResult<()> {
    connection.immediate_transaction(|connection| {
        connection.batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS main.{NOTE_TABLE} (note TEXT NOT NULL); DELETE FROM main.{NOTE_TABLE}; \
             INSERT INTO main.{NOTE_TABLE} SELECT note FROM (SELECT {note} AS note) WHERE note IS NOT NULL"
        ))
    })
}
