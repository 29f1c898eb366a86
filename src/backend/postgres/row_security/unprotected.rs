//! What would show a tenant that shares tables the rows of others.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{SchemaName, backend::postgres::catalog::splice};

/// It costs what the shared schema and the partitions of its tables do, however many other tables there are.
const UNPROTECTED: &str = include_str!("unprotected.sql");

/// What the connection's role can use directly, and would show it other tenants' rows, each quoted:
///
/// - tables of the shared schema that have the tenants' column and were never put under row-level security; where no table is, every one,
/// - partitions and children of tables under row-level security that have no policy of their own (a query of the partition asks none of the
///   table's), and tables of the role's own without `FORCE`,
/// - views over those tables that run as a role which no policy holds back, materialized views, and foreign tables.
pub(crate) async fn unprotected(
    shared_schema: &SchemaName,
    connection: &mut AsyncPgConnection,
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
