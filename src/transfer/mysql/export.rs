//! Writes one tenant's database as bytes.

use std::io;

use mysql_async::Conn;
use tokio::io::AsyncWrite;

use super::head::{Head, fields_of_table};
use crate::{
    IntoSchemaName, Mysql, SchemaName, TenantPool,
    backend::mysql::{
        Session, SessionError,
        lifecycle::{OperationError, positions, row_tables, structure},
        locks::{LOCK_TIMEOUT, Lock},
        migrations::recorded,
        registry::Entry,
        rows::{self, RowTable},
    },
    pool::MysqlError,
    tenancy::TenantStatus,
    transfer::{
        ExportError, ExportReport, ExportRequest,
        export_request::must_be_here,
        format::{Fields, Tag},
        writer::Writer,
    },
};

/// # Exporting a tenant
impl TenantPool<Mysql> {
    /// Exports a tenant as a stream of bytes for [`import_tenant`](Self::import_tenant): its structure, its rows, and
    /// the versions of its migrations.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::create("client1.tenant").await?;
    /// let exported = pool.export_tenant("client1").to(file).await?;
    /// println!("{} rows of {} tables, {} bytes", exported.rows, exported.tables, exported.bytes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The rows are as of one moment. The tenant may be in use: reads and writes of rows don't wait. Migrating, renaming
    /// or dropping the tenant waits until the export is done. Suspended tenants can be exported too, and archived ones
    /// by the name of their archive. Rows pass through this process one by one; the longest row and the structure are
    /// held in memory whole. An export needs three connections, none of them from the pool.
    ///
    /// Only tables of InnoDB can be exported, without system versioning, and only what leads to no other database than
    /// the tenant's and the shared one.
    pub fn export_tenant(&self, tenant: impl IntoSchemaName) -> ExportRequest<'_, Mysql> {
        ExportRequest::new(self, tenant)
    }
}

impl ExportRequest<'_, Mysql> {
    /// Exports the tenant to a writer, which is flushed at the end, but not shut down.
    ///
    /// # Errors
    /// [`ExportError`]. The written part lacks the end of an export, so it can't be imported. The same holds if the
    /// future is dropped; its sessions on the server then end.
    pub async fn to<W: AsyncWrite + Unpin>(self, writer: W) -> Result<ExportReport, ExportError> {
        let (pool, tenant) = self.into_parts();
        let tenant = must_be_here(pool, tenant?).await?;
        let mut export = Export::begin(pool, tenant).await?;
        export.write(writer).await
    }
}

/// A tenant that is being exported, whose lock keeps its structure as it is.
struct Export {
    tenant: SchemaName,
    lock: Lock,
    session: Session,
    /// Sees the rows of one moment.
    rows: Conn,
    head: Head,
    tables: Vec<RowTable>,
}

impl Export {
    async fn begin(pool: &TenantPool<Mysql>, tenant: SchemaName) -> Result<Self, ExportError> {
        let failed = |error: OperationError| unread(&tenant, error);
        let of_session = |error: SessionError| failed(error.into());
        let of_query = |error: diesel::result::Error| failed(error.into());
        let server = pool.mysql_server();
        let shared = pool.shared_schema();
        let lock = Lock::acquire(&server, &[&tenant], LOCK_TIMEOUT)
            .await
            .map_err(of_session)?;
        let mut session = server.open().await.map_err(of_session)?;
        let entry = Entry::find(&mut session, shared, &tenant).await.map_err(of_query)?;
        let Some(entry) = entry.filter(|entry| entry.operation.is_none()) else {
            return Err(ExportError::UnknownTenant { tenant });
        };
        let opened = pool.mysql().connector.driver().await;
        let mut rows = opened.map_err(|error| of_session(SessionError::Connect(error)))?;
        let begun = rows::begin_reading(&mut rows).await;
        begun.map_err(|source| ExportError::RowsMysql {
            tenant: tenant.clone(),
            object: "a snapshot".to_owned(),
            source,
        })?;
        // After the snapshot: a table that is changed between the two is an error when its rows are read.
        let structure = structure(&mut session, &tenant, shared).await.map_err(failed)?;
        let tables = row_tables(&mut session, &tenant, &structure).await.map_err(of_query)?;
        let versions = recorded(&mut session, &tenant).await.map_err(of_query)?.applied;
        let head = Head {
            tenant: tenant.as_str().to_owned(),
            shared: shared.as_str().to_owned(),
            server: server_version(&mut session).await.map_err(of_query)?,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            is_suspended: match &entry.archive {
                Some(archive) => archive.suspended,
                None => entry.status == TenantStatus::Suspended,
            },
            versions: versions.into_iter().map(Into::into).collect(),
            structure,
        };
        let objects = head.oversized();
        if !objects.is_empty() {
            return Err(ExportError::Unsupported { tenant, objects });
        }
        Ok(Self {
            tenant,
            lock,
            session,
            rows,
            head,
            tables,
        })
    }

    async fn write<W: AsyncWrite + Unpin>(&mut self, writer: W) -> Result<ExportReport, ExportError> {
        let tenant = self.tenant.clone();
        let unwritten = |source: io::Error| ExportError::Write {
            tenant: tenant.clone(),
            source,
        };
        let mut writer = Writer::begin(writer).await.map_err(unwritten)?;
        self.head.write(&mut writer).await.map_err(unwritten)?;
        let mut count = 0;
        for table in std::mem::take(&mut self.tables) {
            count += self.write_rows(&table, &mut writer).await?;
            // Also keeps the server from closing the connections, which are idle meanwhile.
            let confirmed = self.lock.confirm().await;
            confirmed.map_err(|error| unread(&tenant, error.into()))?;
        }
        let positions = positions(&mut self.session, &tenant, &self.head.structure).await;
        for (name, next) in positions.map_err(|error| unread(&tenant, error.into()))? {
            let fields = Fields::default().text(&name).long(next).flag(false);
            writer.section(Tag::Sequence, &fields).await.map_err(unwritten)?;
        }
        writer.checksum(Tag::End).await.map_err(unwritten)?;
        writer.flush().await.map_err(unwritten)?;
        Ok(ExportReport {
            tables: self
                .head
                .structure
                .tables
                .iter()
                .filter(|table| !table.is_sequence())
                .count(),
            rows: count.unsigned_abs(),
            bytes: writer.written(),
            versions: self.head.versions.clone(),
        })
    }

    /// Writes a table's rows, and returns how many there were.
    async fn write_rows<W: AsyncWrite + Unpin>(
        &mut self,
        table: &RowTable,
        writer: &mut Writer<W>,
    ) -> Result<i64, ExportError> {
        let tenant = &self.tenant;
        let unwritten = |source: io::Error| ExportError::Write {
            tenant: tenant.clone(),
            source,
        };
        let refused = |source: mysql_async::Error| ExportError::RowsMysql {
            tenant: tenant.clone(),
            object: format!("the rows of {}", table.name),
            source,
        };
        let fields = fields_of_table(table);
        writer.section(Tag::Table, &fields).await.map_err(unwritten)?;
        let mut count = 0;
        if !table.columns.is_empty() {
            let mut found = rows::read(&mut self.rows, tenant, table).await.map_err(refused)?;
            let mut bytes = Vec::new();
            while let Some(row) = found.next().await.map_err(refused)? {
                bytes.clear();
                rows::encode(row, &mut bytes);
                writer.rows(&bytes).await.map_err(unwritten)?;
                count += 1;
            }
        }
        writer.end_rows(count).await.map_err(unwritten)?;
        Ok(count)
    }
}

async fn server_version(session: &mut Session) -> diesel::QueryResult<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }

    let rows: Vec<Row> = session.rows("SELECT VERSION() AS version").await?;
    Ok(rows.into_iter().next().map(|row| row.version).unwrap_or_default())
}

fn unread(tenant: &SchemaName, error: OperationError) -> ExportError {
    ExportError::Mysql {
        tenant: tenant.clone(),
        source: MysqlError::life(error),
    }
}
