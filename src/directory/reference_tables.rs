//! Shared tables on Citus.

use diesel::result::Error as DieselError;
use diesel_async::AsyncConnection;

use crate::{
    ConnectError, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::{catalog::extensions::has_extension, citus},
};

/// Why shared tables could not be made reference tables. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceTablesError {
    /// A table can't have the name that was given.
    #[error("can't make a table a reference table")]
    InvalidName(#[from] SchemaNameError),
    /// No connection could be made.
    #[error("can't connect to make reference tables")]
    Connect(#[from] ConnectError),
    /// The database doesn't have the extension Citus.
    #[error(
        "can't make reference tables: this database has no extension `citus`; connect to the coordinator, and run \
             `CREATE EXTENSION citus`"
    )]
    NotCitus,
    /// There is no such table.
    #[error("can't make table {table:?} a reference table: schema {schema:?} has no such table")]
    Missing {
        /// The shared schema.
        schema: SchemaName,
        /// The table.
        table: String,
    },
    /// The server refused.
    #[error("can't make table {table:?} a reference table")]
    Refused {
        /// The table.
        table: String,
        /// What the server answered.
        source: DieselError,
    },
    /// The catalogs could not be read, or the transaction could not begin or end.
    #[error("can't make reference tables")]
    Transaction(#[from] DieselError),
}

/// # Preparing shared tables on Citus
impl TenantPool {
    /// On Citus with `citus.enable_schema_based_sharding`: has every node keep a copy of these tables of the shared
    /// schema. Tenants' foreign keys can't reference other shared tables, and joins with other shared tables don't run
    /// on the tenant's node. Repeating the call changes nothing.
    ///
    /// List a table after the tables that its foreign keys reference. All tables are changed in one transaction, on a
    /// connection outside the pool, which must lead to the coordinator.
    ///
    /// # Errors
    /// [`ReferenceTablesError`]; nothing is changed then.
    pub async fn make_reference_tables<'a>(
        &self,
        tables: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ReferenceTablesError> {
        let named = |table: &str| Ok((table.to_owned(), SchemaName::new(table)?));
        let tables = tables
            .into_iter()
            .map(named)
            .collect::<Result<Vec<_>, SchemaNameError>>()?;
        let schema = self.shared_schema();
        let mut connection = self.migration_connector().connect().await?;
        connection
            .transaction(async |connection| {
                if !has_extension(connection, citus::EXTENSION).await? {
                    return Err(ReferenceTablesError::NotCitus);
                }
                for (table, quoted) in tables {
                    let name = format!("{}.{}", schema.quoted(), quoted.quoted());
                    match citus::is_reference_table(connection, &name).await? {
                        Some(true) => {}
                        Some(false) => {
                            let made = citus::make_reference_table(connection, &name).await;
                            made.map_err(|source| ReferenceTablesError::Refused { table, source })?;
                        }
                        None => {
                            return Err(ReferenceTablesError::Missing {
                                schema: schema.clone(),
                                table,
                            });
                        }
                    }
                }
                Ok(())
            })
            .await
    }
}
