//! Databases as wholes: whether they are there, and what is in them.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::OperationError;
use crate::backend::mysql::{DefinitionKind, Session, quote};

/// A table, or a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) kind: TableKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableKind {
    Table,
    Sequence,
    /// A table that keeps the former versions of its rows.
    Versioned,
}

impl TableKind {
    pub(super) fn of_definition(self) -> DefinitionKind {
        match self {
            Self::Table | Self::Versioned => DefinitionKind::Table,
            Self::Sequence => DefinitionKind::Sequence,
        }
    }
}

pub(super) async fn exists(session: &mut Session, database: &SchemaName) -> QueryResult<bool> {
    let is_this = quote::is_database("SCHEMA_NAME", database);
    let query = format!("SELECT COUNT(*) AS number FROM information_schema.SCHEMATA WHERE {is_this}");
    Ok(session.number(&query).await? > 0)
}

/// Whether nothing is in a database.
pub(super) async fn is_empty(session: &mut Session, database: &SchemaName) -> QueryResult<bool> {
    let is_this = |column| quote::is_database(column, database);
    let count = format!(
        "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE {}) \
         + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE {}) \
         + (SELECT COUNT(*) FROM information_schema.EVENTS WHERE {}) AS number",
        is_this("TABLE_SCHEMA"),
        is_this("ROUTINE_SCHEMA"),
        is_this("EVENT_SCHEMA")
    );
    Ok(session.number(&count).await? == 0)
}

/// Makes a database for which the registry has an entry that was just begun. If there is one already that is empty, an
/// earlier attempt has made it. Any other one is somebody else's.
pub(super) async fn make(
    session: &mut Session,
    database: &SchemaName,
    like: Option<&SchemaName>,
) -> Result<(), OperationError> {
    let (character_set, collation) = match like {
        None => ("utf8mb4".to_owned(), None),
        Some(like) => character_set(session, like).await?,
    };
    let collate = collation.map_or_else(String::new, |collation| format!(" COLLATE {collation}"));
    let name = quote::database(database);
    let options = format!("CHARACTER SET {character_set}{collate}");
    match session.run(&format!("CREATE DATABASE {name} {options}")).await {
        Ok(()) => Ok(()),
        Err(_) if exists(session, database).await? => match is_empty(session, database).await? {
            true => Ok(session.run(&format!("ALTER DATABASE {name} {options}")).await?),
            false => Err(OperationError::Exists {
                database: database.clone(),
            }),
        },
        Err(error) => Err(error.into()),
    }
}

/// The other databases with events that would go with this database. MariaDB drops the events of all databases whose names
/// differ only in case or accents.
pub(super) async fn others_with_its_events(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<String>> {
    let name = quote::literal(database.as_str());
    let query = format!(
        "SELECT DISTINCT EVENT_SCHEMA AS name FROM information_schema.EVENTS \
         WHERE CONVERT(EVENT_SCHEMA USING utf8mb4) COLLATE utf8mb4_general_ci = {name} AND BINARY EVENT_SCHEMA <> BINARY {name} ORDER BY 1"
    );
    names(session, &query).await
}

/// The character set of a database, and its collation.
pub(super) async fn character_set(
    session: &mut Session,
    database: &SchemaName,
) -> QueryResult<(String, Option<String>)> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        character_set: String,
        #[diesel(sql_type = Text)]
        collation: String,
    }

    let rows: Vec<Row> = session
        .rows(&format!(
            "SELECT DEFAULT_CHARACTER_SET_NAME AS character_set, DEFAULT_COLLATION_NAME AS collation \
             FROM information_schema.SCHEMATA WHERE {}",
            quote::is_database("SCHEMA_NAME", database)
        ))
        .await?;
    let row = rows.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
    Ok((row.character_set, Some(row.collation)))
}

pub(super) async fn remove(session: &mut Session, database: &SchemaName) -> QueryResult<()> {
    session
        .run(&format!("DROP DATABASE IF EXISTS {}", quote::database(database)))
        .await
}

/// The tables and sequences of a database, sorted by name.
pub(super) async fn tables(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<Table>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
    }

    let rows: Vec<Row> = session
        .rows(&format!(
            "SELECT TABLE_NAME AS name, TABLE_TYPE AS kind FROM information_schema.TABLES \
             WHERE {} AND TABLE_TYPE <> 'VIEW' ORDER BY TABLE_NAME",
            quote::is_database("TABLE_SCHEMA", database)
        ))
        .await?;
    let table = |row: Row| Table {
        kind: match &*row.kind {
            "SEQUENCE" => TableKind::Sequence,
            "SYSTEM VERSIONED" => TableKind::Versioned,
            _ => TableKind::Table,
        },
        name: row.name,
    };
    Ok(rows.into_iter().map(table).collect())
}

/// The names that one column of `information_schema` has for a database.
pub(super) async fn names(session: &mut Session, query: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let rows: Vec<Row> = session.rows(query).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
