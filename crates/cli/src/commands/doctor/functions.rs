//! Functions that leave something on the session of whoever calls them.

use diesel_tenants::migrations::left_on_session;
use tokio_postgres::{Client, Error, types::Type};

use super::{Finding, catalog};

/// Of the tenants and of the shared schema. What is the same in all tenants is looked at once, and named for the first.
pub async fn findings(client: &Client, shared_schema: &str) -> Result<Finding, Error> {
    const CHECK: &str = "functions and sessions";
    let sql = "SELECT pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, p.proname)), pg_catalog.count(*), p.prosrc \
               FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
               JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql') \
               WHERE (n.nspname = $1 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid \
               AND c.relname = '__diesel_schema_migrations')) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d \
               WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e') \
               GROUP BY p.prosrc, p.proname ORDER BY 1";
    let mut found = Vec::new();
    for row in client.query_typed(sql, &[(&shared_schema, Type::NAME)]).await? {
        let (name, count, body): (String, i64, String) = (row.get(0), row.get(1), row.get(2));
        let left = left_on_session(&body);
        if !left.is_empty() {
            let others = match count - 1 {
                0 => String::new(),
                others => format!(", and {others} like it"),
            };
            found.push(format!("{name} ({}{others})", left.join("; ")));
        }
    }
    Ok(match catalog::some(&found) {
        None => Finding::fine(CHECK, "none leaves anything on the session, as far as their text shows"),
        Some(found) => Finding::warning(
            CHECK,
            found,
            "the next tenant on the connection finds what they leave: ON COMMIT DROP, SET LOCAL, set_config(…, true), \
             pg_advisory_xact_lock; and SET search_path = …, pg_temp, or a temporary table comes before the tenant's",
        ),
    })
}
