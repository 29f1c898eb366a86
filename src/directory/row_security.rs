//! Tables that many tenants share: each row belongs to one tenant.

use diesel::{
    OptionalExtension, QueryableByName,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::{ConnectError, SchemaName, SchemaNameError, TenantPool, backend::postgres::quote::literal};

/// Why tables could not be put under row-level security. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowSecurityError {
    /// A table or a column can't have the name that was given.
    #[error("can't put a table under row-level security")]
    InvalidName(#[from] SchemaNameError),
    /// No connection could be made.
    #[error("can't connect to put tables under row-level security")]
    Connect(#[from] ConnectError),
    /// There is no such table, or it has no such column.
    #[error(
        "can't put table {table:?} under row-level security: schema {schema:?} has no such table with a column \
             {column:?}"
    )]
    Missing {
        /// The shared schema.
        schema: SchemaName,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A row has no tenant id, or the server refused something else.
    #[error("can't put table {table:?} under row-level security")]
    Refused {
        /// The table.
        table: String,
        /// What the server answered.
        source: DieselError,
    },
    /// The transaction could not begin or end.
    #[error("can't put tables under row-level security")]
    Transaction(#[from] DieselError),
}

impl TenantPool {
    /// Puts tables of the shared schema under row-level security: a tenant that is [placed](crate::Placement::rows)
    /// there sees and changes only the rows with its tenant id, and a session without a tenant sees none. Repeating the
    /// call changes nothing.
    ///
    /// `column` holds the tenant id, in any type that can be read from text. An id that the type would write in another
    /// way (`07` in an integer, a text too long for a `varchar(8)`) sees no rows and adds none: in the type's spelling
    /// it could be another tenant's id. The column becomes `NOT NULL`, and its default is the running checkout's
    /// tenant, so that `INSERT` needn't name it. The policies also hold for the table's owner (`FORCE`), and no other
    /// policy can show a tenant more, because one of them is `RESTRICTIVE`. Superusers and roles with `BYPASSRLS` see
    /// everything: a pool refuses to hand such connections to tenants.
    ///
    /// Partitions, and tables that inherit, get the same policies: a query that names a partition doesn't meet its
    /// parent's policies. After adding a partition, call this again. Until then a pool whose role may use the partition
    /// refuses checkouts for its tenants, with an [error](crate::CheckoutError::UnprotectedRows) that names the
    /// partition, at most a second after it was added. The same holds if views, materialized views or foreign tables
    /// would show the role more.
    ///
    /// All tables are changed in one transaction, on a connection outside the pool, whose role must own the tables.
    ///
    /// # Errors
    /// [`RowSecurityError`]; nothing is changed then.
    pub async fn enable_row_security<'a>(
        &self,
        tables: impl IntoIterator<Item = &'a str>,
        column: &str,
    ) -> Result<(), RowSecurityError> {
        // All names in PostgreSQL follow the rules of schema names, except that only a schema's may not begin with
        // `pg_`, which no column needs.
        let quoted_column = SchemaName::new(column)?;
        let tables = tables
            .into_iter()
            .map(|table| Ok((table.to_owned(), SchemaName::new(table)?)))
            .collect::<Result<Vec<_>, SchemaNameError>>()?;
        let schema = self.shared_schema();
        let setting = self.row_setting();
        let mut connection = self.migration_connector().connect().await?;
        connection
            .transaction(async |connection| {
                for (table, quoted_table) in tables {
                    let found = find_column(connection, schema, &table, column).await;
                    let found = found.map_err(|source| RowSecurityError::Refused {
                        table: table.clone(),
                        source,
                    })?;
                    let Some(id_column) = found else {
                        return Err(RowSecurityError::Missing {
                            schema: schema.clone(),
                            table,
                            column: column.to_owned(),
                        });
                    };
                    let name = format!("{}.{}", schema.quoted(), quoted_table.quoted());
                    let refused = |table: String| |source| RowSecurityError::Refused { table, source };
                    let found = with_descendants(connection, &name).await;
                    for relation in found.map_err(refused(table))? {
                        let sql = id_column.policies(&relation, quoted_column.quoted(), setting);
                        let done = connection.batch_execute(&sql).await;
                        done.map_err(refused(relation))?;
                    }
                }
                Ok(())
            })
            .await
    }
}

/// The column that holds the tenant id.
#[derive(QueryableByName)]
struct IdColumn {
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

/// `None` if there is no such column.
async fn find_column(
    connection: &mut AsyncPgConnection,
    schema: &SchemaName,
    table: &str,
    column: &str,
) -> Result<Option<IdColumn>, DieselError> {
    diesel::sql_query(
        "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) AS id_type, \
         (t.typname = 'text' OR t.typname = 'varchar' AND a.atttypmod < 0) AND exact.types AS keeps_texts, \
         exact.types AS tells_texts_apart FROM pg_catalog.pg_attribute a \
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid CROSS JOIN LATERAL (SELECT \
             t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace \
             AND t.typname IN ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar', 'name') \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic) \
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

/// A table, its partitions and the tables that inherit from it, quoted; each after its parent.
async fn with_descendants(connection: &mut AsyncPgConnection, table: &str) -> Result<Vec<String>, DieselError> {
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

impl IdColumn {
    fn policies(&self, table: &str, column: &str, setting: &str) -> String {
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
        for (name, kind) in [("tenant_rows", "PERMISSIVE"), ("tenant_rows_only", "RESTRICTIVE")] {
            sql += &format!(
                "DROP POLICY IF EXISTS {name} ON {table};\n\
                 CREATE POLICY {name} ON {table} AS {kind} USING ({own}) WITH CHECK ({own});\n"
            );
        }
        sql
    }
}
