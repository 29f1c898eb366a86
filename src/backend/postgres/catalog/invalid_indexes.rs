//! Invalid indexes: PostgreSQL keeps an index that it could not build, and doesn't use it.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, Bool, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{quote::literal, splice},
};

/// Part of the server's error when one of the indexes that must be valid is not.
const INVALID: &str = "diesel-tenants: invalid index ";

/// The indexes of one schema, found by their dependency on it, because the database may have many more indexes.
/// `$schema` is a string.
fn of_schema(schema: &str) -> String {
    format!(
        "SELECT c.relname::pg_catalog.text AS name, c.relkind = 'I' AS is_partitioned FROM pg_catalog.pg_depend d \
         JOIN pg_catalog.pg_index i ON i.indrelid = d.objid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'n' \
         AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
         AND d.refobjid = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {schema}) \
         AND NOT (i.indisvalid AND i.indisready AND i.indislive)"
    )
}

/// A statement that fails if one of these indexes is invalid.
pub(crate) fn require_valid(schema: &SchemaName, indexes: &[String]) -> String {
    let names: Vec<String> = indexes.iter().map(|name| literal(name)).collect();
    format!(
        "SELECT CAST('{INVALID}' || found.name AS pg_catalog.bool) FROM ({}) found \
         WHERE NOT found.is_partitioned AND found.name IN ({})",
        of_schema(&literal(schema.as_str())),
        names.join(", ")
    )
}

/// The index that [`require_valid`] found invalid, if the error is about one.
pub(crate) fn invalid_index_in(message: &str) -> Option<String> {
    let (_, name) = message.split_once(INVALID)?;
    // The server puts quotes around a value that it can't cast.
    Some(name.strip_suffix('"').unwrap_or(name).to_owned())
}

/// All invalid indexes of the database that are not being built at the moment, by schema.
pub(crate) async fn by_schema(connection: &mut PostgresConnection) -> QueryResult<HashMap<String, Vec<String>>> {
    grouped(connection, diesel::sql_query(invalid_where("true")).into_boxed()).await
}

/// Like [`by_schema`], of some schemas, in time proportional to those.
pub(crate) async fn by_schema_of(
    connection: &mut PostgresConnection,
    schemas: &[SchemaName],
) -> QueryResult<HashMap<String, Vec<String>>> {
    if schemas.is_empty() {
        return Ok(HashMap::new());
    }
    let names: Vec<&str> = schemas.iter().map(SchemaName::as_str).collect();
    let sql = splice(&invalid_where("{in_named_schemas pg_class t}"));
    let query = diesel::sql_query(sql).into_boxed().bind::<Array<Text>, _>(names);
    grouped(connection, query).await
}

/// The query for the invalid indexes of tables `pg_class t`.
fn invalid_where(condition: &str) -> String {
    format!(
        "SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE {condition} AND NOT (i.indisvalid AND i.indisready AND i.indislive) AND NOT EXISTS (SELECT FROM \
         pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1, 2"
    )
}

async fn grouped(
    connection: &mut PostgresConnection,
    query: BoxedSqlQuery<'_, Pg, SqlQuery>,
) -> QueryResult<HashMap<String, Vec<String>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        schema: String,
        #[diesel(sql_type = Text)]
        name: String,
    }

    let rows: Vec<Row> = query.load(connection).await?;
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for Row { schema, name } in rows {
        found.entry(schema).or_default().push(name);
    }
    Ok(found)
}

/// The invalid indexes of a schema's tables. A partitioned table's index is invalid while it waits for the indexes of
/// its partitions to be attached.
pub(crate) async fn invalid_indexes(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Bool)]
        is_partitioned: bool,
    }

    let rows: Vec<Row> = diesel::sql_query(of_schema("$1"))
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await?;
    let mut names: Vec<String> = rows
        .into_iter()
        .filter(|row| !row.is_partitioned)
        .map(|row| row.name)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_from_the_servers_error() {
        let message = "invalid input syntax for type boolean: \"diesel-tenants: invalid index users \"email\"\"";
        assert_eq!(invalid_index_in(message).as_deref(), Some("users \"email\""));
        assert_eq!(invalid_index_in("relation \"a\" does not exist"), None);
    }
}
