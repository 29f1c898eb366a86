//! Tables that many tenants share: each row belongs to one tenant.

use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};

use crate::{
    ConnectError, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::row_security::{IdColumn, with_descendants},
};

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

/// # Preparing tables that tenants share
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
                    let found = IdColumn::find(connection, schema, &table, column).await;
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
