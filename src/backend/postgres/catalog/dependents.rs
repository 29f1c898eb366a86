//! Objects that depend on a schema's objects.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

/// The query for the objects that were created in this transaction and depend on something in schema $1, in words for
/// people.
pub(crate) fn new_dependents_query() -> String {
    splice(include_str!("new_dependents.sql"))
}

#[derive(QueryableByName)]
struct Dependent {
    #[diesel(sql_type = Text)]
    description: String,
}

/// The objects that were created in this transaction and depend on something in a schema.
pub(crate) async fn new_dependents(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<String>> {
    descriptions(connection, &new_dependents_query(), schema).await
}

/// Objects in other schemas that depend on a schema's: foreign keys, views, defaults, columns of its types, functions.
pub(crate) async fn outside_dependents(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
) -> QueryResult<Vec<String>> {
    descriptions(connection, &splice(include_str!("outside_dependents.sql")), schema).await
}

async fn descriptions(
    connection: &mut PostgresConnection,
    query: &str,
    schema: &SchemaName,
) -> QueryResult<Vec<String>> {
    let dependents: Vec<Dependent> = diesel::sql_query(query)
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await?;
    Ok(dependents.into_iter().map(|dependent| dependent.description).collect())
}
