//! Schemas kept ready for tenants to come.

mod prepare;
mod report;
mod take;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{
    SchemaName,
    tenancy::{SPARE_PREFIX, TenantStatus},
};

pub use report::SpareReport;
pub(super) use take::take_spare;

/// The schemas with names of spares. What has such a name and no version table is none.
pub(super) async fn spares(connection: &mut AsyncPgConnection) -> QueryResult<Vec<(SchemaName, TenantStatus)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        schema: String,
        #[diesel(sql_type = Nullable<Text>)]
        comment: Option<String>,
    }

    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT n.nspname::pg_catalog.text AS schema, pg_catalog.obj_description(c.oid, 'pg_class') AS comment \
         FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid \
         WHERE n.nspname LIKE '{SPARE_PREFIX}%' AND c.relname = '__diesel_schema_migrations' ORDER BY n.nspname"
    ))
    .load(connection)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let status = TenantStatus::of_comment(row.comment.as_deref());
            Some((SchemaName::new(&row.schema).ok()?, status))
        })
        .collect())
}
