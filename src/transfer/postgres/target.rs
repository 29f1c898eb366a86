//! The schema that an import creates, in one transaction.

use std::{io::Cursor, pin::pin};

use futures_util::SinkExt;
use tokio::io::AsyncRead;
use tokio_postgres::{CopyInSink, Error};

use super::{
    head::{CreateStatements, Head},
    rows::Table,
    transactions::begin,
};
use crate::{
    LifecycleError, LifecycleEvent, SchemaName, TenantPool,
    backend::postgres::{
        LockSpan,
        catalog::{dependents::new_dependents_query, requirements::missing, schema::status_query, sequences::Sequence},
        driver::DriverSession,
        lock_by, search_path,
        structure::render,
        version_table,
    },
    tenancy::{DirectoryChange, TenantStatus},
    transfer::{ImportError, format::Tag, reader::Reader},
};

/// How many tables and rows there were.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) tables: usize,
    pub(super) rows: u64,
}

pub(super) struct Target<'a> {
    pub(super) session: &'a DriverSession,
    pub(super) pool: &'a TenantPool,
    pub(super) tenant: &'a SchemaName,
}

impl Target<'_> {
    /// Begins a transaction during which no other session creates, migrates or drops a tenant of that name.
    pub(super) async fn begin(&self) -> Result<(), ImportError> {
        let lock_timeout = self.pool.migration_lock_timeout();
        let begin = begin("ISOLATION LEVEL READ COMMITTED, READ WRITE");
        let locked = lock_by(self.session, self.tenant, LockSpan::Transaction, lock_timeout, &begin);
        match locked.await.map_err(self.server())? {
            true => Ok(()),
            false => Err(ImportError::Lifecycle(LifecycleError::Locked {
                operation: LifecycleEvent::Import {
                    tenant: self.tenant.clone(),
                },
                waited: lock_timeout,
            })),
        }
    }

    /// Creates the tenant of an export whose head has been read.
    pub(super) async fn make<R: AsyncRead + Unpin>(
        &self,
        head: &Head,
        reader: &mut Reader<R>,
    ) -> Result<Count, ImportError> {
        let create = self.create_schema().await?;
        self.require(head).await?;
        let mut path = vec![self.tenant.clone()];
        path.extend_from_slice(self.pool.migration_connector().extension_schemas());
        let create = format!("{create}; SET LOCAL search_path = {}", search_path(&path));
        self.session.execute(&create).await.map_err(self.server())?;
        self.make_all(&head.before).await?;
        let count = self.fill(reader).await?;
        self.make_all(&head.after).await?;
        if head.is_suspended {
            let mark = version_table::mark(self.tenant, &TenantStatus::Suspended.comment());
            self.session.execute(&mark).await.map_err(self.server())?;
        }
        self.require_independence(head).await?;
        let mut note = self.pool.note(&DirectoryChange::Added { tenant: self.tenant });
        if head.is_suspended {
            note += &self.pool.note(&DirectoryChange::Suspended { tenant: self.tenant });
        }
        self.session.execute(&note).await.map_err(self.server())?;
        Ok(count)
    }

    /// The statement that creates the schema, and replaces what an abandoned creation may have left.
    async fn create_schema(&self) -> Result<String, ImportError> {
        let schema = self.tenant.quoted();
        let found = self.session.query(&status_query(), &[&self.tenant.as_str()]).await;
        let Some(row) = found.map_err(self.server())?.pop() else {
            return Ok(format!("CREATE SCHEMA {schema}"));
        };
        let comment: Option<String> = row.try_get(0).map_err(self.server())?;
        match TenantStatus::of_comment(comment.as_deref()) {
            TenantStatus::Unfinished => Ok(format!("DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")),
            _ => Err(ImportError::Lifecycle(LifecycleError::AlreadyExists {
                tenant: self.tenant.clone(),
            })),
        }
    }

    /// Fails if something is missing that the tenant's objects need; the error names it.
    pub(super) async fn require(&self, head: &Head) -> Result<(), ImportError> {
        let missing = missing(self.session, &head.requirements).await;
        let objects = missing.map_err(self.server())?;
        if objects.is_empty() {
            return Ok(());
        }
        Err(ImportError::Missing {
            tenant: self.tenant.clone(),
            from: head.tenant.clone(),
            objects,
        })
    }

    pub(super) async fn make_all(&self, objects: &[CreateStatements]) -> Result<(), ImportError> {
        for CreateStatements { object, statements } in objects {
            let made = self.session.execute(&render(statements, self.tenant)).await;
            made.map_err(|source| ImportError::Structure {
                tenant: self.tenant.clone(),
                object: object.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Fills tables and sets sequences, up to the end of the export, where its checksum is verified.
    async fn fill<R: AsyncRead + Unpin>(&self, reader: &mut Reader<R>) -> Result<Count, ImportError> {
        let mut count = Count::default();
        loop {
            let (tag, payload) = reader.section().await.map_err(self.format())?;
            match tag {
                Tag::Table => {
                    let table = reader.take(&payload, Table::of).map_err(self.format())?;
                    count.rows += self.fill_table(&table, reader).await?;
                    count.tables += 1;
                }
                Tag::Sequence => {
                    let sequence = reader.take(&payload, Sequence::of).map_err(self.format())?;
                    let set = self.session.execute(&sequence.set(self.tenant)).await;
                    set.map_err(|source| ImportError::Structure {
                        tenant: self.tenant.clone(),
                        object: format!("sequence {}", sequence.name),
                        source,
                    })?;
                }
                Tag::End => return Ok(count),
                _ => return Err(self.format()(reader.damaged("its sections are not in order"))),
            }
        }
    }

    async fn fill_table<R: AsyncRead + Unpin>(
        &self,
        table: &Table,
        reader: &mut Reader<R>,
    ) -> Result<u64, ImportError> {
        let failed = |source| ImportError::Rows {
            tenant: self.tenant.clone(),
            table: table.name.clone(),
            source,
        };
        let copy = self.session.client().copy_in(&table.copy_in(self.tenant)).await;
        let mut sink = pin!(copy.map_err(failed)?);
        loop {
            let (tag, payload) = reader.section().await.map_err(self.format())?;
            match tag {
                Tag::Rows => send(&mut sink, payload).await.map_err(failed)?,
                Tag::TableEnd => {
                    let expected = reader.take(&payload, |fields| fields.long()).map_err(self.format())?;
                    let written = sink.finish().await.map_err(failed)?;
                    if i64::try_from(written) != Ok(expected) {
                        return Err(self.format()(
                            reader.damaged("a table has not as many rows as it should"),
                        ));
                    }
                    return Ok(written);
                }
                _ => return Err(self.format()(reader.damaged("its sections are not in order"))),
            }
        }
    }

    /// Fails if a created object leads to the tenant that was exported. That would be a bug of this library, and must
    /// not become a leak between tenants.
    async fn require_independence(&self, head: &Head) -> Result<(), ImportError> {
        if head.tenant == self.tenant.as_str() {
            return Ok(());
        }
        let mut objects = Vec::new();
        let found = self.session.query(&new_dependents_query(), &[&head.tenant]).await;
        for row in found.map_err(self.server())? {
            objects.push(row.try_get(0).map_err(self.server())?);
        }
        if objects.is_empty() {
            return Ok(());
        }
        Err(ImportError::Entangled {
            tenant: self.tenant.clone(),
            from: head.tenant.clone(),
            objects,
        })
    }

    pub(super) fn server(&self) -> impl Fn(Error) -> ImportError {
        |source| ImportError::Server {
            tenant: self.tenant.clone(),
            source,
        }
    }

    fn format(&self) -> impl Fn(crate::transfer::FormatError) -> ImportError {
        |source| ImportError::Format {
            tenant: self.tenant.clone(),
            source,
        }
    }
}

type Sink = CopyInSink<Cursor<Vec<u8>>>;

/// Sends bytes, and waits until the connection has taken them, so that they don't pile up in memory.
async fn send(sink: &mut std::pin::Pin<&mut Sink>, bytes: Vec<u8>) -> Result<(), Error> {
    sink.send(Cursor::new(bytes)).await
}
