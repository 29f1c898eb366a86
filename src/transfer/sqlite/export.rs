//! Writes one tenant's file as bytes.

use std::io::{self, Read};

use tokio::io::AsyncWrite;

use super::head::Head;
use crate::{
    IntoSchemaName, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FILE_LOCK_TIMEOUT, FileError, Snapshot},
    },
    pool::SqliteError,
    transfer::{ExportError, ExportReport, ExportRequest, export_request::must_be_here, format::Tag, writer::Writer},
};

/// How many bytes of the file are in memory at a time.
const PIECE: usize = 256 * 1024;

/// # Exporting a tenant
impl TenantPool<Sqlite> {
    /// Exports a tenant as a stream of bytes for [`import_tenant`](Self::import_tenant): a copy of its file, with the
    /// versions of its migrations.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Sqlite>) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::create("client1.tenant").await?;
    /// let exported = pool.export_tenant("client1").to(file).await?;
    /// println!("{} rows of {} tables, {} bytes", exported.rows, exported.tables, exported.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The export is as of one moment. The tenant may be in use: reads and writes don't wait. Migrating, renaming or
    /// dropping the tenant waits while the file is copied, within the folder, which needs as much room on the disk for
    /// the time of the export. Suspended tenants can be exported too, and archived ones by the name of their archive.
    pub fn export_tenant(&self, tenant: impl IntoSchemaName) -> ExportRequest<'_, Sqlite> {
        ExportRequest::new(self, tenant)
    }
}

impl ExportRequest<'_, Sqlite> {
    /// Exports the tenant to a writer, which is flushed at the end, but not shut down.
    ///
    /// # Errors
    /// [`ExportError`]. The written part lacks the end of an export, so it can't be imported. The same holds if the
    /// future is dropped; its copy of the file is then removed.
    pub async fn to<W: AsyncWrite + Unpin>(self, writer: W) -> Result<ExportReport, ExportError> {
        let (pool, tenant) = self.into_parts();
        let tenant = must_be_here(pool, tenant?).await?;
        let (folder, name) = (pool.folder(), tenant.clone());
        let snapshot = blocking(move || folder.snapshot(&name, FILE_LOCK_TIMEOUT)).await;
        let snapshot = snapshot.map_err(|error| match error {
            FileError::Missing { .. } => ExportError::UnknownTenant { tenant: tenant.clone() },
            error => unread(&tenant, error),
        })?;
        write(&tenant, snapshot, writer).await
    }
}

async fn write<W: AsyncWrite + Unpin>(
    tenant: &SchemaName,
    mut snapshot: Snapshot,
    writer: W,
) -> Result<ExportReport, ExportError> {
    let unwritten = |source: io::Error| ExportError::Write {
        tenant: tenant.clone(),
        source,
    };
    let head = Head {
        tenant: tenant.as_str().to_owned(),
        sqlite_version: u32::try_from(libsqlite3_sys::SQLITE_VERSION_NUMBER).unwrap_or_default(),
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        is_suspended: snapshot.is_suspended,
        versions: std::mem::take(&mut snapshot.versions)
            .into_iter()
            .map(Into::into)
            .collect(),
    };
    let mut writer = Writer::begin(writer).await.map_err(unwritten)?;
    head.write(&mut writer).await.map_err(unwritten)?;
    let counts = snapshot.counts;
    let mut written = 0;
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        let read = blocking(move || {
            piece.clear();
            let read = (&mut snapshot.file).take(PIECE as u64).read_to_end(&mut piece);
            read.map(|_| (snapshot, piece))
        });
        let copy = std::path::Path::new("the copy of the tenant's file");
        (snapshot, piece) = read
            .await
            .map_err(|error| unread(tenant, FileError::io("read", copy, error)))?;
        if piece.is_empty() {
            break;
        }
        writer.rows(&piece).await.map_err(unwritten)?;
        written += piece.len() as i64;
    }
    writer.end_rows(written).await.map_err(unwritten)?;
    writer.checksum(Tag::End).await.map_err(unwritten)?;
    writer.flush().await.map_err(unwritten)?;
    Ok(ExportReport {
        tables: counts.tables,
        rows: counts.rows,
        bytes: writer.written(),
        versions: head.versions,
    })
}

fn unread(tenant: &SchemaName, error: FileError) -> ExportError {
    ExportError::File {
        tenant: tenant.clone(),
        source: Box::new(SqliteError::file(error)),
    }
}
