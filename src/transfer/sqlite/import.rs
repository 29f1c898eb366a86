//! Reads the export of a file, and makes a new tenant's file of it.

use tokio::io::AsyncRead;

use super::head::Head;
use crate::{
    IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{Counts, FILE_LOCK_TIMEOUT, Received},
    },
    lifecycle::of_file,
    tenancy::LifecycleEvent,
    transfer::{FormatError, ImportError, ImportReport, ImportRequest, format::Tag, reader::Reader},
};

/// # Importing a tenant
impl TenantPool<Sqlite> {
    /// Creates a tenant from an export by [`export_tenant`](Self::export_tenant), under any name, in any folder.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Sqlite>) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::open("client1.tenant").await?;
    /// let imported = pool.import_tenant("client2").from(file).await?;
    /// println!("{} rows of what was {}", imported.rows, imported.exported_as);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The tenant is imported completely or not at all: its file gets its name when it is complete and on the disk, the
    /// checksum at the end of the export was verified, and SQLite has checked the file. The tenant keeps its migration
    /// versions, so that [`migrate_tenant`](Self::migrate_tenant) continues from there. A tenant that was suspended is
    /// suspended again.
    ///
    /// **Import only exports that you trust**: the file may have triggers and views.
    pub fn import_tenant(&self, tenant: impl IntoSchemaName) -> ImportRequest<'_, Sqlite> {
        ImportRequest::new(self, self.new_tenant_name(tenant))
    }
}

impl ImportRequest<'_, Sqlite> {
    /// Imports the tenant from a reader. No byte after the end of the export is read.
    ///
    /// # Errors
    /// [`ImportError`]; there is then no tenant. A file of that name that exists already is not touched. A future that
    /// is dropped before all is read leaves no tenant either.
    pub async fn from<R: AsyncRead + Unpin>(self, reader: R) -> Result<ImportReport, ImportError> {
        let (pool, tenant) = self.into_parts();
        let tenant = tenant?;
        let format = |source: FormatError| ImportError::Format {
            tenant: tenant.clone(),
            source,
        };
        let mut reader = Reader::begin(reader).await.map_err(format)?;
        let head = Head::read(&mut reader).await.map_err(format)?;
        // Before much is read in vain. What decides is the look when the file is complete.
        if pool.has_tenant(&tenant).await? {
            return Err(LifecycleError::AlreadyExists { tenant }.into());
        }
        let received = receive(pool, &tenant, &mut reader).await?;
        let event = LifecycleEvent::Import { tenant: tenant.clone() };
        let (name, is_suspended) = (tenant.clone(), head.is_suspended);
        let versions = head
            .versions
            .iter()
            .map(|version| (version.version.clone(), version.checksum.clone()));
        let versions: Vec<_> = versions.collect();
        let import = pool.add_tenant(&event, &tenant, move |folder| {
            folder.import(&name, received, &versions, is_suspended, FILE_LOCK_TIMEOUT)
        });
        let Counts { tables, rows } = import.await?;
        Ok(ImportReport {
            exported_as: head.tenant,
            server_version: head.sqlite_version,
            exported_by: head.written_by,
            tables,
            rows,
            versions: head.versions,
        })
    }
}

/// The file, when all of it has arrived, and nothing was changed on its way.
async fn receive<R: AsyncRead + Unpin>(
    pool: &TenantPool<Sqlite>,
    tenant: &SchemaName,
    reader: &mut Reader<R>,
) -> Result<Received, ImportError> {
    let event = LifecycleEvent::Import { tenant: tenant.clone() };
    let format = |source: FormatError| ImportError::Format {
        tenant: tenant.clone(),
        source,
    };
    let (folder, name) = (pool.folder(), tenant.clone());
    let received = blocking(move || folder.receive(&name, FILE_LOCK_TIMEOUT)).await;
    let mut received = received.map_err(|error| of_file(&event, error))?;
    let mut length = 0;
    loop {
        let (tag, payload) = reader.section().await.map_err(format)?;
        match tag {
            Tag::Rows => {
                length += payload.len() as i64;
                let written = blocking(move || received.write(&payload).map(|()| received)).await;
                received = written.map_err(|error| of_file(&event, error))?;
            }
            Tag::TableEnd => {
                let expected = reader.take(&payload, |fields| fields.long()).map_err(format)?;
                if expected != length {
                    return Err(format(reader.damaged("its file has another length than it says")));
                }
                break;
            }
            _ => return Err(format(reader.damaged("its sections are not in order"))),
        }
    }
    match reader.section().await.map_err(format)?.0 {
        Tag::End => Ok(received),
        _ => Err(format(reader.damaged("its sections are not in order"))),
    }
}
