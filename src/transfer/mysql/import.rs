//! Reads the export of a database, and makes a new tenant's database of it.

use mysql_async::{Conn, prelude::Queryable};
use tokio::io::AsyncRead;

use super::head::{Head, table};
use crate::{
    IntoSchemaName, LifecycleError, Mysql, SchemaName, TenantPool,
    backend::mysql::{
        SessionError,
        lifecycle::{Importing, OperationError},
        locks::LOCK_TIMEOUT,
        rows::{self, Inserts, RowTable},
        to_the_end,
    },
    lifecycle::of_life,
    tenancy::{LifecycleEvent, TenantStatus},
    transfer::{FormatError, ImportError, ImportReport, ImportRequest, format::Tag, reader::Reader},
};

/// How many bytes of rows are written in one transaction, about.
const TRANSACTION: usize = 16 * 1024 * 1024;

/// # Importing a tenant
impl TenantPool<Mysql> {
    /// Creates a tenant from an export by [`export_tenant`](Self::export_tenant), under any name, on any server.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::open("client1.tenant").await?;
    /// let imported = pool.import_tenant("client2").from(file).await?;
    /// println!("{} rows of what was {}", imported.rows, imported.exported_as);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nobody can check the tenant out before it is complete and the checksum at the end of the export was verified. If
    /// the process dies meanwhile, the same call begins anew, and [`sweep`](Self::sweep) removes what was left. No
    /// trigger fires. The tenant keeps its migration versions, so that [`migrate_tenant`](Self::migrate_tenant)
    /// continues from there. A tenant that was suspended is suspended again. Views, triggers, routines and events keep
    /// the accounts that defined them.
    ///
    /// **Import only exports that you trust**: their statements are run with all rights of the account. They can name
    /// the tenant's own database and the shared one, and no others.
    pub fn import_tenant(&self, tenant: impl IntoSchemaName) -> ImportRequest<'_, Mysql> {
        ImportRequest::new(self, self.new_tenant_name(tenant))
    }
}

impl ImportRequest<'_, Mysql> {
    /// Imports the tenant from a reader. No byte after the end of the export is read.
    ///
    /// # Errors
    /// [`ImportError`]; there is then no tenant. A database of that name that exists already is not touched. If the
    /// future is dropped, what there is of the tenant is removed.
    pub async fn from<R: AsyncRead + Unpin>(self, reader: R) -> Result<ImportReport, ImportError> {
        let (pool, tenant) = self.into_parts();
        let tenant = tenant?;
        let format = |source: FormatError| ImportError::Format {
            tenant: tenant.clone(),
            source,
        };
        let mut reader = Reader::begin(reader).await.map_err(format)?;
        let head = Head::read(&mut reader).await.map_err(format)?;
        let event = LifecycleEvent::Import { tenant: tenant.clone() };
        let import = Import { pool, tenant, event };
        let imported = import.run(&head, &mut reader);
        let rows = pool.between_hooks(&import.event, imported).await?;
        Ok(ImportReport {
            server_version: head.server_version(),
            tables: head
                .structure
                .tables
                .iter()
                .filter(|table| !table.is_sequence())
                .count(),
            exported_as: head.tenant,
            exported_by: head.written_by,
            rows: rows.unsigned_abs(),
            versions: head.versions,
        })
    }
}

struct Import<'a> {
    pool: &'a TenantPool<Mysql>,
    tenant: SchemaName,
    event: LifecycleEvent,
}

/// What is removed if the import ends too early.
struct Unfinished(Option<Importing>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(importing) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Without a runtime, the next attempt or a sweep removes it.
            runtime.spawn(importing.undo());
        }
    }
}

impl Import<'_> {
    fn of_life(&self, error: OperationError) -> ImportError {
        let error: LifecycleError = of_life(&self.event, self.pool.shared_schema(), error);
        error.into()
    }

    fn of_format(&self, source: FormatError) -> ImportError {
        ImportError::Format {
            tenant: self.tenant.clone(),
            source,
        }
    }

    /// Returns how many rows there were.
    async fn run<R: AsyncRead + Unpin>(&self, head: &Head, reader: &mut Reader<R>) -> Result<i64, ImportError> {
        let names = [&head.tenant, &head.shared].map(|name| SchemaName::new(name));
        let [Ok(former), Ok(former_shared)] = names else {
            return Err(self.of_format(reader.damaged("it names no tenant")));
        };
        let server = self.pool.recording_server();
        let begun = {
            let (server, tenant, structure) = (server.clone(), self.tenant.clone(), head.structure.clone());
            to_the_end(async move {
                Importing::begin(&server, &tenant, [&former, &former_shared], &structure, LOCK_TIMEOUT).await
            })
        };
        let mut unfinished = Unfinished(Some(begun.await.map_err(|error| self.of_life(error))?));
        let written = match &mut unfinished.0 {
            Some(importing) => self.write(head, importing, reader).await,
            None => unreachable!("it is taken only below"),
        };
        let status = match head.is_suspended {
            true => TenantStatus::Suspended,
            false => TenantStatus::Active,
        };
        let Some(mut importing) = unfinished.0.take() else {
            unreachable!("nothing has taken it")
        };
        let (pool, names) = (self.pool.clone(), [self.tenant.clone()]);
        let count = match written {
            Ok(count) => count,
            Err(error) => {
                to_the_end(importing.undo()).await;
                return Err(error);
            }
        };
        let finished = to_the_end(async move {
            let finished = importing.finish(status).await;
            if finished.is_err() {
                importing.undo().await;
            }
            pool.forget(&names);
            finished
        });
        finished.await.map_err(|error| self.of_life(error))?;
        Ok(count)
    }

    /// Writes all rows, and verifies the end of the export.
    async fn write<R: AsyncRead + Unpin>(
        &self,
        head: &Head,
        importing: &mut Importing,
        reader: &mut Reader<R>,
    ) -> Result<i64, ImportError> {
        let opened = self.pool.mysql().connector.driver().await;
        let mut connection = opened.map_err(|error| self.of_life(SessionError::Connect(error).into()))?;
        let begun = rows::begin_writing(&mut connection).await;
        begun.map_err(|source| self.of_rows("the tables", source))?;
        let mut count = 0;
        loop {
            let (tag, payload) = reader.section().await.map_err(|error| self.of_format(error))?;
            match tag {
                Tag::Table => {
                    let table = reader.take(&payload, table).map_err(|error| self.of_format(error))?;
                    let is_known = head.structure.tables.iter().any(|known| known.name == table.name);
                    if !is_known {
                        return Err(self.of_format(reader.damaged("it has rows of a table that it doesn't have")));
                    }
                    count += self.write_table(&table, &mut connection, importing, reader).await?;
                }
                Tag::Sequence => {
                    let taken = reader.take(&payload, |fields| {
                        Some((fields.text()?, fields.long()?, fields.flag()?))
                    });
                    let (name, next, _) = taken.map_err(|error| self.of_format(error))?;
                    let set = importing.set_position(&name, next).await;
                    set.map_err(|error| self.of_life(error))?;
                }
                Tag::End => break,
                _ => return Err(self.of_format(reader.damaged("its sections are not in order"))),
            }
        }
        // Whatever it says at its end: all rows are committed.
        let _ = connection.disconnect().await;
        Ok(count)
    }

    async fn write_table<R: AsyncRead + Unpin>(
        &self,
        table: &RowTable,
        connection: &mut Conn,
        importing: &mut Importing,
        reader: &mut Reader<R>,
    ) -> Result<i64, ImportError> {
        let refused = |source| self.of_rows(&table.name, source);
        let mut inserts = Inserts::into(&self.tenant, table);
        let mut uncommitted = 0;
        connection.query_drop("START TRANSACTION").await.map_err(refused)?;
        let expected = loop {
            let (tag, payload) = reader.section().await.map_err(|error| self.of_format(error))?;
            match tag {
                Tag::Rows => {
                    for statement in inserts.take(&payload) {
                        uncommitted += statement.len();
                        connection.query_drop(statement).await.map_err(refused)?;
                    }
                }
                Tag::TableEnd => {
                    let taken = reader.take(&payload, |fields| fields.long());
                    break taken.map_err(|error| self.of_format(error))?;
                }
                _ => return Err(self.of_format(reader.damaged("its sections are not in order"))),
            }
            if uncommitted > TRANSACTION {
                connection.query_drop("COMMIT").await.map_err(refused)?;
                let confirmed = importing.confirm().await;
                confirmed.map_err(|error| self.of_life(error))?;
                connection.query_drop("START TRANSACTION").await.map_err(refused)?;
                uncommitted = 0;
            }
        };
        match inserts.end() {
            Some(Some(last)) => connection.query_drop(last).await.map_err(refused)?,
            Some(None) => {}
            None => return Err(self.of_format(reader.damaged("a row is not complete"))),
        }
        connection.query_drop("COMMIT").await.map_err(refused)?;
        if inserts.rows != expected {
            return Err(self.of_format(reader.damaged("a table has another number of rows than it says")));
        }
        Ok(expected)
    }

    fn of_rows(&self, table: &str, source: mysql_async::Error) -> ImportError {
        ImportError::RowsMysql {
            tenant: self.tenant.clone(),
            table: table.to_owned(),
            source,
        }
    }
}
