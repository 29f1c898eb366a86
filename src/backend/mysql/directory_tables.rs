//! The directory's tables, as far as the registry and operations on tenants have to do with them.
//!
//! They extend the registry: a tenant's row refers to the entry of its database, which can't go while the row is there.
//! Operations change both in one transaction, and a status that is written into a row by hand reaches the entry by a
//! trigger. Tenants on other servers have a row alone.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::{
    Server, Session, SessionError,
    locks::{LOCK_TIMEOUT, Lock},
    quote,
    registry::{TENANTS, VERSION},
};
use crate::backend::directory_tables::{COLUMNS, MADE, PREFIX};

/// Makes the tables by these statements, with an empty line between each two, and enters the tenants that the registry
/// knows; unless that was done before.
pub(crate) async fn prepare(server: &Server, statements: &str) -> Result<(), SessionError> {
    let shared = server.shared();
    let _lock = Lock::acquire(server, &[shared], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    if comment(&mut session, shared).await?.as_deref() == Some(MADE) {
        return Ok(());
    }
    let shared = quote::database(shared);
    for statement in statements.split("\n\n") {
        let statement = statement
            .replace("{shared}", &shared)
            .replace("{registry}", TENANTS)
            .replace("{version}", VERSION);
        session.run(&statement).await?;
    }
    let enter = format!(
        "INSERT INTO {shared}.tenants (name, schema_name, status) SELECT name, name, status FROM {shared}.{TENANTS} \
         WHERE operation IS NULL AND placed_by IS NULL AND status IN ('active', 'suspended', 'archived') \
         AND name NOT IN (SELECT name FROM {shared}.tenants) \
         AND name NOT IN (SELECT schema_name FROM {shared}.tenants WHERE database_name IS NULL)"
    );
    session.run(&enter).await?;
    let finish = format!("ALTER TABLE {shared}.tenants COMMENT = {}", quote::literal(MADE));
    Ok(session.run(&finish).await?)
}

/// Whether the shared database has the tables of a directory.
pub(crate) async fn are_there(session: &mut Session, shared: &SchemaName) -> QueryResult<bool> {
    match comment(session, shared).await? {
        None => Ok(false),
        Some(comment) if comment.starts_with(PREFIX) => Ok(true),
        // Another table may have that name as well.
        Some(_) => {
            let columns = COLUMNS.map(quote::literal).join(", ");
            let query = format!(
                "SELECT COUNT(*) AS number FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {} \
                 AND TABLE_NAME = 'tenants' AND COLUMN_NAME IN ({columns})",
                quote::literal(shared.as_str())
            );
            let found = session.number(&query);
            Ok(usize::try_from(found.await?) == Ok(COLUMNS.len()))
        }
    }
}

/// Whether this server has a directory that lists a tenant in a database of the server.
pub(crate) async fn lists(session: &mut Session, shared: &SchemaName, database: &SchemaName) -> QueryResult<bool> {
    if !are_there(session, shared).await? {
        return Ok(false);
    }
    let query = format!(
        "SELECT COUNT(*) AS number FROM {}.tenants WHERE database_name IS NULL AND schema_name = {}",
        quote::database(shared),
        quote::literal(database.as_str())
    );
    Ok(session.number(&query).await? > 0)
}

/// The comment on the table `tenants` of the shared database, if there is that table.
async fn comment(session: &mut Session, shared: &SchemaName) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        comment: String,
    }

    let query = format!(
        "SELECT TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} \
         AND TABLE_NAME = 'tenants'",
        quote::literal(shared.as_str())
    );
    let rows: Vec<Row> = session.rows(&query).await?;
    Ok(rows.into_iter().next().map(|row| row.comment))
}
