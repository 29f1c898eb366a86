//! Reads an export, and creates a tenant from it.

use tokio::io::AsyncRead;

use super::{
    head::Head,
    target::{Count, Target},
};
use crate::{
    IntoSchemaName, LifecycleError, LifecycleEvent, SchemaName, TenantPool, TlsConnector,
    backend::postgres::driver::{Dial, With, dial},
    transfer::{FormatError, ImportError, ImportReport, ImportRequest, reader::Reader},
};

/// # Importing a tenant
impl TenantPool {
    /// Creates a tenant from an export by [`export_tenant`](Self::export_tenant), under any name, in any database.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::open("client1.tenant").await?;
    /// let imported = pool.import_tenant("client2").from(file).await?;
    /// println!("{} rows of what was {}", imported.rows, imported.exported_as);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The tenant is imported completely or not at all, in one transaction, which is committed only after the checksum
    /// at the end of the export was verified. No trigger fires; keys, indexes and foreign keys are created after all
    /// rows. The tenant keeps its migration versions, so that [`migrate_tenant`](Self::migrate_tenant) continues from
    /// there. A tenant that was suspended is suspended again. The role that imports owns everything.
    ///
    /// **Import only exports that you trust**: their statements are run with all rights of the role.
    pub fn import_tenant(&self, tenant: impl IntoSchemaName) -> ImportRequest<'_> {
        ImportRequest::new(self, self.new_tenant_name(tenant))
    }
}

impl ImportRequest<'_> {
    /// How to connect with TLS: needed if [`establish_with`](crate::TenantPoolBuilder::establish_with) makes the pool's
    /// connections. Default: without TLS.
    ///
    /// The connector is used with the pool's own configuration, for the one connection that imports.
    pub fn tls<T: TlsConnector>(mut self, tls: T) -> Self {
        self.dial = Some(Box::new(With(tls)));
        self
    }

    /// Imports the tenant from a reader. No byte after the end of the export is read.
    ///
    /// # Errors
    /// [`ImportError`]; there is then no tenant. A schema of that name that exists already is not touched. A future
    /// that is dropped leaves no tenant either.
    pub async fn from<R: AsyncRead + Unpin>(self, reader: R) -> Result<ImportReport, ImportError> {
        let tenant = self.tenant?;
        let Some(dial) = dial(self.pool.migration_connector(), self.dial) else {
            return Err(ImportError::NeedsTls { tenant });
        };
        let format = |source: FormatError| ImportError::Format {
            tenant: tenant.clone(),
            source,
        };
        let mut reader = Reader::begin(reader).await.map_err(format)?;
        let head = Head::read(&mut reader).await.map_err(format)?;
        let event = LifecycleEvent::Import { tenant: tenant.clone() };
        let imported = import(self.pool, &tenant, &*dial, &head, &mut reader);
        let Count { tables, rows } = self.pool.hooked(&event, imported).await?;
        Ok(ImportReport {
            exported_as: head.tenant,
            server_version: head.server_version,
            exported_by: head.written_by,
            tables,
            rows,
            versions: head.versions,
        })
    }
}

async fn import<R: AsyncRead + Unpin>(
    pool: &TenantPool,
    tenant: &SchemaName,
    dial: &dyn Dial,
    head: &Head,
    reader: &mut Reader<R>,
) -> Result<Count, ImportError> {
    let session = dial.dial(pool.migration_connector()).await;
    let session = session.map_err(|source| LifecycleError::Connect {
        operation: LifecycleEvent::Import { tenant: tenant.clone() },
        source,
    })?;
    let target = Target {
        session: &session,
        pool,
        tenant,
    };
    let _forget = pool.forget_afterwards(tenant);
    target.begin().await?;
    let made = target.make(head, reader).await;
    let ended = match &made {
        Ok(_) => session.execute("COMMIT").await.map_err(target.server()),
        // The earlier error is returned: without a connection the server rolls back by itself.
        Err(_) => {
            let _ = session.execute("ROLLBACK").await;
            Ok(())
        }
    };
    session.close().await;
    ended.and(made)
}
