//! Tables and views that would show a tenant that shares tables the rows of other tenants.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, SchemaName, backend::postgres::splice};

/// Its cost depends on the shared schema, on the partitions of its tables, and on the number of policies in the
/// database, since a policy is not found by its name alone: 20,000 policies took 0.8 ms. The number of other tables
/// does not matter.
const UNPROTECTED: &str = include_str!("unprotected.sql");

/// The relations that the connection's role can use directly and that would show it other tenants' rows, each quoted:
///
/// - tables of the shared schema that have the tenants' column and were never put under row-level security; if no table
///   was, every table,
/// - partitions and children of tables under row-level security that have no policy of their own (a query that names
///   the partition does not use the table's policies), and tables of the role's own without `FORCE`,
/// - views over those tables that run as a role to which no policy applies, materialized views, and foreign tables.
pub(crate) async fn unprotected(
    shared_schema: &SchemaName,
    connection: &mut PostgresConnection,
) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Relation {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let relations: Vec<Relation> = diesel::sql_query(splice(UNPROTECTED))
        .bind::<Text, _>(shared_schema.as_str())
        .load(connection)
        .await?;
    Ok(relations.into_iter().map(|relation| relation.name).collect())
}
