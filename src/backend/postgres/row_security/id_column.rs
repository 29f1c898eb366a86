use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::RunQueryDsl;

use super::SHOWING_POLICY;
use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{own_objects::ROW_POLICY, quote::literal},
};

/// The column that holds the tenant id.
#[derive(QueryableByName)]
pub(crate) struct IdColumn {
    /// The column's type, as SQL.
    #[diesel(sql_type = Text)]
    id_type: String,
    /// Whether the type keeps every text as it is.
    #[diesel(sql_type = Bool)]
    keeps_texts: bool,
    /// Whether values are equal only if their texts are.
    #[diesel(sql_type = Bool)]
    tells_texts_apart: bool,
}

impl IdColumn {
    /// `None` if there is no such column.
    pub(crate) async fn find(
        connection: &mut PostgresConnection,
        schema: &SchemaName,
        table: &str,
        column: &str,
    ) -> QueryResult<Option<Self>> {
        diesel::sql_query(
            "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) AS id_type, \
             (t.typname = 'text' OR t.typname = 'varchar' AND a.atttypmod < 0) AND exact.types AS keeps_texts, \
             exact.types AS tells_texts_apart FROM pg_catalog.pg_attribute a \
             JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid CROSS JOIN LATERAL (SELECT \
                 t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace \
                 AND t.typname IN ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar', 'name') \
                 AND NOT EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation \
                 AND NOT l.collisdeterministic) \
             ) exact (types) \
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND a.attnum > 0 AND NOT a.attisdropped \
             AND c.relkind IN ('r', 'p')",
        )
        .bind::<Text, _>(schema.as_str())
        .bind::<Text, _>(table)
        .bind::<Text, _>(column)
        .get_result(connection)
        .await
        .optional()
    }

    /// The statements that put a table under row-level security.
    pub(crate) fn policies(&self, table: &str, column: &str, setting: &str) -> String {
        let id_type = &self.id_type;
        // A setting that was set once on a session is empty, not missing, after it is reset.
        let text = format!("NULLIF(pg_catalog.current_setting({}, true), '')", literal(setting));
        let id = format!("{text}::{id_type}");
        let own = match (self.keeps_texts, self.tells_texts_apart) {
            (true, _) => format!("{column} = {id}"),
            // The CASE doesn't mention the column, so an index scan costs no more, and the planner keeps its estimates.
            (_, true) => format!("{column} = CASE WHEN ({id})::pg_catalog.text = {text} THEN {id} END"),
            // Types such as `numeric`, where `7` equals `7.0`. The second condition costs one comparison for each of
            // the tenant's rows.
            _ => format!("{column} = {id} AND ({column})::pg_catalog.text = {text} COLLATE pg_catalog.\"C\""),
        };
        let mut sql = format!(
            "ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL, ALTER COLUMN {column} SET DEFAULT {id}, \
             ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"
        );
        for (name, kind) in [(SHOWING_POLICY, "PERMISSIVE"), (ROW_POLICY, "RESTRICTIVE")] {
            sql += &format!(
                "DROP POLICY IF EXISTS {name} ON {table};\n\
                 CREATE POLICY {name} ON {table} AS {kind} USING ({own}) WITH CHECK ({own});\n"
            );
        }
        sql
    }
}

/// A table, its partitions and the tables that inherit from it, quoted; each after its parent.
pub(crate) async fn with_descendants(connection: &mut PostgresConnection, table: &str) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Relation {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let relations: Vec<Relation> = diesel::sql_query(
        "WITH RECURSIVE part (oid, depth) AS (SELECT $1::pg_catalog.regclass::pg_catalog.oid, 0 \
         UNION SELECT i.inhrelid, p.depth + 1 FROM part p JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid) \
         SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM part p \
         JOIN pg_catalog.pg_class c ON c.oid = p.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         GROUP BY 1 ORDER BY pg_catalog.min(p.depth), 1",
    )
    .bind::<Text, _>(table)
    .load(connection)
    .await?;
    Ok(relations.into_iter().map(|relation| relation.name).collect())
}
