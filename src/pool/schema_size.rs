use super::{CheckoutError, Target, TenantPool};
use crate::{IntoSchemaName, backend::postgres::schema_size};

/// The size of a schema; see [`TenantPool::schema_size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SchemaSize {
    /// How many tables, including partitions, materialized views and the version table.
    pub tables: u64,
    /// How many bytes these tables take on the server's disk, with their indexes.
    pub bytes: u64,
}

/// # Measuring a schema
impl TenantPool {
    /// The number of tables and bytes in a schema of the pool's own database: a tenant's, an archive's, a spare's or
    /// the shared schema. `None` if there is no such schema.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// for tenant in pool.tenants().await? {
    ///     if let Some(size) = pool.schema_size(&tenant.name).await? {
    ///         println!("{}: {} tables, {} bytes", tenant.name, size.tables, size.bytes);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CheckoutError`], if no schema can have that name, there is no connection for the query, or the server refuses
    /// it.
    pub async fn schema_size(&self, schema: impl IntoSchemaName) -> Result<Option<SchemaSize>, CheckoutError> {
        let schema = schema.into_schema_name()?;
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let found = schema_size(&schema, untranslated).await;
        waiting.answered(found.is_ok());
        let found = found.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })?;
        Ok(found.map(|(tables, bytes)| SchemaSize {
            tables: tables.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
        }))
    }
}
