//! Views and triggers whose text names a schema.
//!
//! A migration has the file as `main`, a checkout has it under the tenant's name. SQLite reads the text of each view and
//! trigger when it reads a file's schema, and refuses the whole file if the body of one of them names another schema than
//! the file has at that moment. If a trigger names that schema before its table, SQLite refuses to alter tables.

use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};
use diesel_tenants_translate::{Dialect, HazardKind, Template};

/// A view or trigger of the file whose text names a schema, and that name as it is written.
pub(super) fn naming_a_schema(connection: &mut SqliteConnection) -> QueryResult<Option<(String, String)>> {
    #[derive(QueryableByName)]
    struct Object {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        sql: String,
    }

    // A schema is written with a dot behind it, which most bodies have for their columns as well.
    let objects: Vec<Object> = diesel::sql_query(
        "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('view', 'trigger') AND instr(sql, '.') > 0",
    )
    .load(connection)?;
    Ok(objects.into_iter().find_map(|Object { name, sql }| {
        // What the translator does not understand is SQLite's to judge.
        let hazard = Template::analyse_for(Dialect::Sqlite, &sql).ok()?.hazard()?;
        let schema = sql[hazard.offset..].split('.').next().unwrap_or_default().trim();
        (hazard.kind == HazardKind::SchemaInBody).then(|| (name, schema.to_owned()))
    }))
}
