use super::{Backend, CheckoutError, TenantPool};
use crate::IntoSchemaName;

/// The size of a schema; see [`TenantPool::schema_size`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SchemaSize {
    /// How many tables, including partitions, materialized views and the tables of migrations.
    pub tables: u64,
    /// How many bytes these tables take on disk, with their indexes.
    pub bytes: u64,
}

/// # Measuring a schema
impl<B: Backend> TenantPool<B> {
    /// The number of tables and bytes in a schema of the pool's own database: a tenant's, an archive's, a spare's or,
    /// on PostgreSQL, the shared schema. `None` if there is no such schema.
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
        let size = B::size_of(self, &schema.into_schema_name()?).await?;
        Ok(size.map(|(tables, bytes)| SchemaSize { tables, bytes }))
    }
}
