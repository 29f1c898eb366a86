//! The first copy, as of one moment.

use super::{
    MoveError,
    pipe::{End, pipe},
    site::Site,
    split_objects::Split,
    state::Run,
};
use crate::{
    ExportError, TenantStatus,
    backend::postgres::{
        driver::{Dial, DriverSession},
        journal, set_lock_timeout,
        structure::Structure,
        version_table,
    },
    transfer::postgres::{head::Head, rows::Table, source::Source, target::Target},
};

/// How many tables and rows were copied, and which objects are still to be created.
pub(super) struct Copied {
    pub(super) tables: usize,
    pub(super) rows: u64,
    pub(super) split: Split,
}

/// What the source has at one moment, and a session that sees that moment.
struct Reading {
    head: Head,
    tables: Vec<Table>,
    structure: Structure,
    reader: DriverSession,
}

impl Run<'_> {
    /// Creates the schema at the target, with all rows, in one transaction, and marks it as unfinished.
    pub(super) async fn copy(
        &self,
        source: &Site,
        target: &Site,
        writer: &DriverSession,
        dial: &dyn Dial,
    ) -> Result<Copied, MoveError> {
        let Reading {
            head,
            tables,
            structure,
            reader,
        } = self.begin_reading(source, target, dial).await?;
        let creating = Target {
            session: writer,
            pool: &target.pool,
            tenant: &target.schema,
        };
        let made = |source| MoveError::Make {
            tenant: self.tenant.clone(),
            source,
        };
        let split = Split::of(structure);
        let Head { before, .. } = &head;
        let failed = self.server("to create the tenant's schema");
        writer
            .begin("ISOLATION LEVEL READ COMMITTED, READ WRITE")
            .await
            .map_err(&failed)?;
        creating.require(&head).await.map_err(made)?;
        let (schema, path) = (target.schema.quoted(), target.path(true));
        let create = format!(
            "CREATE SCHEMA {schema}; {path}; CREATE TABLE {} (name pg_catalog.text, key pg_catalog.jsonb)",
            journal::table(&target.schema)
        );
        writer.execute(&create).await.map_err(&failed)?;
        creating.make_all(before).await.map_err(made)?;
        let mut rows = 0;
        for table in &tables {
            let (from, to) = (table.copy_out(&source.schema), table.copy_in(&target.schema));
            rows += pipe(&reader, &from, writer, &to).await.map_err(|end| self.end(end))?;
        }
        creating.make_all(&split.early).await.map_err(made)?;
        let mark = version_table::mark(&target.schema, &TenantStatus::Unfinished.comment());
        let mark = format!("{mark}; COMMIT");
        writer.execute(&mark).await.map_err(&failed)?;
        reader
            .execute("COMMIT")
            .await
            .map_err(self.server("to read the tenant"))?;
        reader.close().await;
        Ok(Copied {
            tables: tables.len(),
            rows,
            split,
        })
    }

    async fn begin_reading(&self, source: &Site, target: &Site, dial: &dyn Dial) -> Result<Reading, MoveError> {
        let read = |source: ExportError| MoveError::Read {
            tenant: self.tenant.clone(),
            source,
        };
        let patience = set_lock_timeout(self.options.wait);
        let connection = Source::connect(&source.pool, &source.schema).await.map_err(&read)?;
        let Source {
            head,
            tables,
            structure,
            snapshot,
            // Its transaction is open until the reader sees the same moment.
            connection: _connection,
            ..
        } = Source::read(connection, &source.schema, &patience, source.schema != target.schema)
            .await
            .map_err(read)?;
        let reader = source.connect(dial, self.event).await?;
        let failed = self.server("to read the tenant");
        reader.begin_locked(&patience).await.map_err(&failed)?;
        reader.see(&snapshot).await.map_err(failed)?;
        Ok(Reading {
            head,
            tables,
            structure,
            reader,
        })
    }

    pub(super) fn end(&self, end: End) -> MoveError {
        match end {
            End::Source(source) => self.server("to read rows")(source),
            End::Target(source) => self.server("to write rows")(source),
        }
    }
}
