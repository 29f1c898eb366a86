//! Starts an export.

use tokio::io::AsyncWrite;

use super::export::Export;
use crate::{
    IntoSchemaName, TenantPool, TlsConnector,
    backend::postgres::driver::{With, dial},
    transfer::{ExportError, ExportReport, ExportRequest, export_request::must_be_here},
};

/// # Exporting a tenant
impl TenantPool {
    /// Exports a tenant as a stream of bytes for [`import_tenant`](Self::import_tenant): its structure, its rows, and
    /// the versions of its migrations.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::create("client1.tenant").await?;
    /// let exported = pool.export_tenant("client1").to(file).await?;
    /// println!("{} rows of {} tables, {} bytes", exported.rows, exported.tables, exported.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The export is as of one moment. The tenant may be in use: reads and writes of rows don't wait. Migrating,
    /// renaming or dropping the tenant waits until the export is done. Suspended tenants can be exported too, and
    /// archived ones by the name of their archive. Rows pass through this process in pieces of 64 KiB; the longest row
    /// and the structure are held in memory whole.
    ///
    /// An export needs three connections at first and two later on, none of them from the pool.
    pub fn export_tenant(&self, tenant: impl IntoSchemaName) -> ExportRequest<'_> {
        ExportRequest::new(self, tenant)
    }
}

impl ExportRequest<'_> {
    /// How to connect with TLS: needed if [`establish_with`](crate::TenantPoolBuilder::establish_with) makes the pool's
    /// connections. Default: without TLS.
    ///
    /// The connector is used with the pool's own configuration, for the one connection that copies rows.
    pub fn tls<T: TlsConnector>(mut self, tls: T) -> Self {
        self.dial = Some(Box::new(With(tls)));
        self
    }

    /// Exports the tenant to a writer, which is flushed at the end, but not shut down.
    ///
    /// # Errors
    /// [`ExportError`]. The written part lacks the end of an export, so it can't be imported. The same holds if the
    /// future is dropped; its sessions on the server then end.
    pub async fn to<W: AsyncWrite + Unpin>(self, writer: W) -> Result<ExportReport, ExportError> {
        let tenant = must_be_here(self.pool, self.tenant?).await?;
        let Some(dial) = dial(self.pool.migration_connector(), self.dial) else {
            return Err(ExportError::NeedsTls { tenant });
        };
        let export = Export {
            pool: self.pool,
            tenant: &tenant,
        };
        export.run(&*dial, writer).await
    }
}
