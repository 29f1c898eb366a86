//! Writes one tenant as bytes: structure, rows, versions of migrations.

use std::{io, pin::pin, time::Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use tokio::io::AsyncWrite;
use tokio_postgres::error::SqlState;

use super::{rows::Table, source::Source};
use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        TableLock,
        catalog::schema::has_name,
        driver::{Dial, DriverSession},
        lock_times::EXPORT_LOCK_TIMEOUT,
        set_lock_timeout,
    },
    lifecycle::keep_from_migrating,
    transfer::{ExportError, ExportReport, format::Tag, writer::Writer},
};

/// An export in progress.
pub(super) struct Export<'a> {
    pub(super) pool: &'a TenantPool,
    pub(super) tenant: &'a SchemaName,
}

impl Export<'_> {
    pub(super) async fn run<W: AsyncWrite + Unpin>(
        &self,
        dial: &dyn Dial,
        writer: W,
    ) -> Result<ExportReport, ExportError> {
        let mut held = self.hold().await?;
        let exported = match self.begin(dial).await {
            Ok((session, source)) => self.write_all(session, source, &mut held, writer).await,
            Err(error) => Err(error),
        };
        end(held).await;
        exported
    }

    async fn write_all<W: AsyncWrite + Unpin>(
        &self,
        session: DriverSession,
        source: Source,
        held: &mut PostgresConnection,
        writer: W,
    ) -> Result<ExportReport, ExportError> {
        let Source {
            head,
            tables,
            sequences,
            oid,
            connection,
            ..
        } = source;
        // The other session has the snapshot by now.
        end(connection).await;

        let mut writer = Writer::begin(writer).await.map_err(self.unwritten())?;
        head.write(&mut writer).await.map_err(self.unwritten())?;
        let mut rows = 0;
        for table in &tables {
            rows += self.copy(&session, table, &mut writer).await?;
        }
        for sequence in &sequences {
            let written = writer.section(Tag::Sequence, &sequence.fields()).await;
            written.map_err(self.unwritten())?;
        }
        self.require_name(held, oid).await?;
        writer.checksum(Tag::End).await.map_err(self.unwritten())?;
        writer.flush().await.map_err(self.unwritten())?;
        session.close().await;
        Ok(ExportReport {
            tables: tables.len(),
            rows,
            bytes: writer.written(),
            versions: head.versions,
        })
    }

    /// A connection with a transaction during which the tenant can't be migrated, renamed or dropped.
    async fn hold(&self) -> Result<PostgresConnection, ExportError> {
        let mut held = Source::connect(self.pool, self.tenant).await?;
        // The connection is idle while rows are copied.
        let begun = held.batch_execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0");
        begun.await.map_err(self.structure())?;
        let kept = keep_from_migrating(&mut held, self.tenant, self.pool.migration_lock_timeout()).await;
        kept.map_err(|source| ExportError::Begin {
            tenant: self.tenant.clone(),
            source,
        })?;
        Ok(held)
    }

    /// What is copied, and a session with the same snapshot. Both sessions hold locks on all tables.
    ///
    /// If another session queues between the two locks to TRUNCATE or change a table, all three would wait for each
    /// other. So that session goes first, and the export begins again.
    async fn begin(&self, dial: &dyn Dial) -> Result<(DriverSession, Source), ExportError> {
        let started = Instant::now();
        let patience = self.pool.migration_lock_timeout();
        loop {
            let (session, lock) = self.session(dial).await?;
            let connection = Source::connect(self.pool, self.tenant).await?;
            let locked = session
                .begin_locked(&format!("{}; {lock}", set_lock_timeout(patience)))
                .await;
            locked.map_err(|source| self.rows("the tables", source))?;
            let asked = Instant::now();
            let locks = format!("{}; {lock}", set_lock_timeout(EXPORT_LOCK_TIMEOUT));
            match Source::read(connection, self.tenant, &locks, true).await {
                Ok(source) => {
                    let seen = session.see(&source.snapshot).await;
                    seen.map_err(|source| self.rows("the moment", source))?;
                    return Ok((session, source));
                }
                // Diesel doesn't show the server's error codes.
                Err(ExportError::Structure {
                    source: DieselError::DatabaseError(DatabaseErrorKind::Unknown, _),
                    ..
                }) if asked.elapsed() >= EXPORT_LOCK_TIMEOUT && started.elapsed() < patience => {
                    session.close().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A session, and the statement that locks all tables.
    async fn session(&self, dial: &dyn Dial) -> Result<(DriverSession, String), ExportError> {
        let session = dial.dial(self.pool.migration_connector()).await;
        let session = session.map_err(|source| ExportError::Connect {
            tenant: self.tenant.clone(),
            source,
        })?;
        let failed = |source| self.rows("the tables", source);
        let found = session
            .query(&TableLock::Changing.query(), &[&self.tenant.as_str()])
            .await;
        let lock: Option<String> = match found.map_err(failed)?.as_slice() {
            [row] => row.try_get(0).map_err(failed)?,
            _ => None,
        };
        Ok((session, lock.unwrap_or_default()))
    }

    /// Copies the rows of a table, and counts them.
    async fn copy<W: AsyncWrite + Unpin>(
        &self,
        session: &DriverSession,
        table: &Table,
        writer: &mut Writer<W>,
    ) -> Result<u64, ExportError> {
        let failed = |source| self.rows(&format!("the rows of {}", table.name), source);
        let written = writer.section(Tag::Table, &table.fields()).await;
        written.map_err(self.unwritten())?;
        let copied = session.client().copy_out(&table.copy_out(self.tenant)).await;
        let mut stream = pin!(copied.map_err(failed)?);
        let mut count = 0;
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(failed)?;
            // Newlines in values are escaped.
            count += bytes.iter().filter(|&&byte| byte == b'\n').count() as i64;
            writer.rows(&bytes).await.map_err(self.unwritten())?;
        }
        writer.end_rows(count).await.map_err(self.unwritten())?;
        Ok(count.unsigned_abs())
    }

    /// Fails unless the tenant still has its name: everything was read by that name, and may have been another
    /// tenant's.
    async fn require_name(&self, held: &mut PostgresConnection, oid: u32) -> Result<(), ExportError> {
        let has_name = has_name(held, oid, self.tenant).await;
        if has_name.map_err(self.structure())? {
            Ok(())
        } else {
            Err(ExportError::Gone {
                tenant: self.tenant.clone(),
            })
        }
    }

    fn rows(&self, object: &str, source: tokio_postgres::Error) -> ExportError {
        let tenant = self.tenant.clone();
        match source.code() {
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => ExportError::Gone { tenant },
            _ => ExportError::Rows {
                tenant,
                object: object.to_owned(),
                source,
            },
        }
    }

    fn structure(&self) -> impl Fn(diesel::result::Error) -> ExportError {
        |source| ExportError::Structure {
            tenant: self.tenant.clone(),
            source,
        }
    }

    fn unwritten(&self) -> impl Fn(io::Error) -> ExportError {
        |source| ExportError::Write {
            tenant: self.tenant.clone(),
            source,
        }
    }
}

/// Ends a transaction that only read, so that its locks are released when this returns. Without a connection the server
/// ends it by itself.
async fn end(mut connection: PostgresConnection) {
    let _ = connection.batch_execute("ROLLBACK").await;
}
