//! Ids of tenants that share tables.

use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::LifecycleError;
use crate::tenancy::LifecycleEvent;

#[derive(QueryableByName)]
struct Type {
    #[diesel(sql_type = Text)]
    id_type: String,
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = Nullable<Text>)]
    kept: Option<String>,
}

/// Refuses an id that a column which holds tenant ids would write in another way: policies show it no rows.
pub(super) async fn keeps_tenant_id(
    connection: &mut AsyncPgConnection,
    tenant_id: &str,
    event: &LifecycleEvent,
) -> Result<(), LifecycleError> {
    let types: Vec<Type> = diesel::sql_query(
        "SELECT DISTINCT pg_catalog.format_type(a.atttypid, a.atttypmod) AS id_type FROM pg_catalog.pg_policy p \
         JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid \
         AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = p.polrelid \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = p.polrelid AND a.attnum = d.refobjsubid \
         WHERE p.polname = 'tenant_rows_only' ORDER BY 1",
    )
    .load(connection)
    .await
    .map_err(|source| LifecycleError::of(event, source))?;
    for Type { id_type } in types {
        let refused = |kept, source| LifecycleError::TenantId {
            operation: event.clone(),
            tenant_id: tenant_id.to_owned(),
            id_type: id_type.clone(),
            kept,
            source,
        };
        let write = format!("SELECT ($1::pg_catalog.text::{id_type})::pg_catalog.text AS kept");
        let write = diesel::sql_query(write).bind::<Text, _>(tenant_id);
        match write.get_result::<Kept>(connection).await {
            Ok(Kept { kept: Some(kept) }) if kept == tenant_id => {}
            Ok(Kept { kept }) => return Err(refused(kept, None)),
            Err(source) => return Err(refused(None, Some(source))),
        }
    }
    Ok(())
}
