//! Types of columns that hold tenant ids.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{PostgresConnection, backend::postgres::splice};

/// The types, as SQL, of the columns on which the policies depend.
pub(crate) async fn id_types(connection: &mut PostgresConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Type {
        #[diesel(sql_type = Text)]
        id_type: String,
    }

    let types: Vec<Type> = diesel::sql_query(splice(
        "SELECT DISTINCT pg_catalog.format_type(a.atttypid, a.atttypmod) AS id_type FROM pg_catalog.pg_policy p \
         JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.polrelid \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = p.polrelid AND a.attnum = d.refobjsubid \
         WHERE p.polname = '{row_policy}' ORDER BY 1",
    ))
    .load(connection)
    .await?;
    Ok(types.into_iter().map(|found| found.id_type).collect())
}

/// How a type would write an id.
pub(crate) async fn kept(
    connection: &mut PostgresConnection,
    tenant_id: &str,
    id_type: &str,
) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Nullable<Text>)]
        kept: Option<String>,
    }

    let write = format!("SELECT ($1::pg_catalog.text::{id_type})::pg_catalog.text AS kept");
    let write = diesel::sql_query(write).bind::<Text, _>(tenant_id);
    Ok(write.get_result::<Kept>(connection).await?.kept)
}
