//! The texts of functions.

use tokio_postgres::{Client, Error, types::Type};

use crate::backend::postgres::splice;

/// The text of a function, or of several functions in different schemas with the same name and text.
pub(crate) struct FunctionText {
    /// The first of these functions, with its schema.
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) body: String,
}

/// Functions of the tenants and of the shared schema in SQL and PL/pgSQL, without those of extensions.
pub(crate) async fn function_texts(client: &Client, shared_schema: &str) -> Result<Vec<FunctionText>, Error> {
    let sql = splice(
        "SELECT pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, p.proname)), pg_catalog.count(*), p.prosrc \
               FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
               JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname IN ('sql', 'plpgsql') \
               WHERE (n.nspname = $1 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid \
               AND c.relname = '{version_table}')) AND NOT {in_extension pg_proc p.oid} \
               GROUP BY p.prosrc, p.proname ORDER BY 1",
    );
    let rows = client.query_typed(&sql, &[(&shared_schema, Type::NAME)]).await?;
    let text = |row: &tokio_postgres::Row| {
        Ok(FunctionText {
            name: row.try_get(0)?,
            count: row.try_get(1)?,
            body: row.try_get(2)?,
        })
    };
    rows.iter().map(text).collect()
}
