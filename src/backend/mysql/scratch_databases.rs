//! Databases for a moment, which the registry doesn't know.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::{Session, quote};

/// The databases whose names begin like this.
pub(crate) async fn named(session: &mut Session, prefix: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let prefix = quote::literal(prefix);
    let rows: Vec<Row> = session
        .rows(&format!(
            "SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA \
             WHERE BINARY LEFT(SCHEMA_NAME, CHAR_LENGTH({prefix})) = BINARY {prefix}"
        ))
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

pub(crate) async fn any_exists(session: &mut Session, databases: [&SchemaName; 2]) -> QueryResult<bool> {
    let names = databases.map(|database| quote::literal(database.as_str())).join(", ");
    let query = format!("SELECT COUNT(*) AS number FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ({names})");
    Ok(session.number(&query).await? > 0)
}

pub(crate) async fn remove(session: &mut Session, database: &SchemaName) -> QueryResult<()> {
    session
        .run(&format!("DROP DATABASE IF EXISTS {}", quote::database(database)))
        .await
}
