//! Which schemas are tenants': those that have Diesel's version table. The shared schema has one as well.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use crate::{
    PostgresConnection,
    backend::postgres::{quote::literal, splice},
    tenancy::TenantStatus,
};

/// A schema with a version table.
#[derive(QueryableByName)]
pub(crate) struct MigratedSchema {
    #[diesel(sql_type = Text)]
    pub(crate) schema: String,
    /// The comment on the version table.
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) comment: Option<String>,
    /// Whether the version table has a column for checksums.
    #[diesel(sql_type = Bool)]
    pub(crate) has_checksums: bool,
}

impl MigratedSchema {
    pub(crate) fn status(&self) -> TenantStatus {
        TenantStatus::of_comment(self.comment.as_deref())
    }
}

/// Which schemas are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    All,
    /// The schemas whose comment matches this pattern of `LIKE`.
    Commented(&'a str),
    /// The schemas with these names.
    These(&'a [&'a str]),
    /// The schemas whose names begin like this. The text must not contain a wildcard of `LIKE`.
    Named(&'a str),
}

/// The schemas with version tables, sorted by name.
pub(crate) async fn migrated_schemas(
    connection: &mut PostgresConnection,
    wanted: Wanted<'_>,
) -> QueryResult<Vec<MigratedSchema>> {
    let condition = match wanted {
        Wanted::All => "true".to_owned(),
        Wanted::Commented(comment) => format!("d.description LIKE {}", literal(comment)),
        Wanted::These([]) => "false".to_owned(),
        Wanted::These(names) => {
            let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
            format!("n.nspname IN ({})", names.join(", "))
        }
        Wanted::Named(prefix) => format!("n.nspname LIKE {}", literal(&format!("{prefix}%"))),
    };
    diesel::sql_query(splice(&format!(
        "SELECT n.nspname::pg_catalog.text AS schema, d.description AS comment, EXISTS (SELECT FROM \
         pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'checksum' AND NOT a.attisdropped) \
         AS has_checksums FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 \
         AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass \
         WHERE c.relname = '{{version_table}}' AND c.relkind IN ('r', 'p') AND {condition} \
         ORDER BY n.nspname COLLATE \"C\""
    )))
    .load(connection)
    .await
}
