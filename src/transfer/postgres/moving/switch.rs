//! The switch: the moment in which a tenant goes from its old place to the new one.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_postgres::Error;

use super::{
    MoveError,
    site::{Complete, Site},
    split_objects::Split,
    state::{Run, Sessions},
};
use crate::{
    SchemaName, TenantStatus,
    backend::{
        archive_name,
        postgres::{
            TableLock,
            catalog::{schema::EXISTS, sequences::sequences_by},
            clock::NOW,
            driver::{Dial, DriverSession},
            quote::literal,
            set_lock_timeout,
            structure::{Followers, follow},
            version_table,
        },
    },
    tenancy::{ArchiveNote, DirectoryChange, DirectoryEntry, PLACED},
    transfer::postgres::target::Target,
};

/// How a move stopped.
pub(super) enum Stop {
    /// Before the switch: what was created can be removed.
    Before(MoveError),
    /// During the switch: the state must be examined before anything is removed.
    Within(MoveError),
}

impl From<MoveError> for Stop {
    fn from(error: MoveError) -> Self {
        Self::Before(error)
    }
}

impl Run<'_> {
    /// Locks out writes, and returns the time from which they wait. Statements that wait continue once the transaction
    /// ends, and then look the schema up by its name, which is gone.
    pub(super) async fn pause(&self, guard: &DriverSession, source: &Site) -> Result<Instant, MoveError> {
        let failed = self.server("to lock its tables");
        let rows = guard
            .query(&TableLock::Writing.query(), &[&source.schema.as_str()])
            .await
            .map_err(&failed)?;
        let lock: Option<String> = rows.first().map_or(Ok(None), |row| row.try_get(0)).map_err(&failed)?;
        self.run_with_table_locks(guard, &lock.unwrap_or_default()).await?;
        let paused = Instant::now();
        // From here on, no lock may make it wait forever.
        guard
            .execute(&set_lock_timeout(self.options.wait))
            .await
            .map_err(failed)?;
        Ok(paused)
    }

    /// Creates the rest at the target: positions of sequences, and everything that fires on a write.
    pub(super) async fn finish(
        &self,
        entry: &DirectoryEntry,
        source: &Site,
        target: &Site,
        sessions: &Sessions<'_>,
        split: &Split,
    ) -> Result<(), MoveError> {
        let Sessions { guard, writer, .. } = *sessions;
        let positions = sequences_by(guard, &source.schema)
            .await
            .map_err(self.server("to read its sequences"))?;
        let id = source.status(guard).await.map_err(self.server("to read its journal"))?;
        let id = id.and_then(|there| there.journal).unwrap_or_default();
        let status = match self.to.database() {
            // In the pool's own database the schema's comment holds the status as well as the directory; elsewhere only
            // the directory does.
            None => entry.status.comment(),
            Some(_) => literal(PLACED),
        };
        let failed = self.server("to create the remaining objects at the target");
        writer
            .begin("ISOLATION LEVEL READ COMMITTED, READ WRITE")
            .await
            .map_err(&failed)?;
        let complete = Complete {
            id,
            database: entry.placement.database().map(str::to_owned),
        };
        let mark = format!(
            "{}; {}; COMMENT ON TABLE {} IS {}{}",
            target.path(true),
            version_table::mark(&target.schema, &status),
            target.journal(),
            literal(&complete.comment()),
            split.note_unchecked(target)
        );
        writer.execute(&mark).await.map_err(&failed)?;
        for sequence in positions {
            writer.execute(&sequence.set(&target.schema)).await.map_err(&failed)?;
        }
        let creating = Target {
            session: writer,
            pool: &target.pool,
            tenant: &target.schema,
        };
        let made = creating.make_all(&split.late).await;
        made.map_err(|source| MoveError::Make {
            tenant: self.tenant.clone(),
            source,
        })?;
        writer.execute("COMMIT").await.map_err(failed)
    }

    /// Renames the schema at the source, and updates the directory. If both are in one database, this is one
    /// transaction. Otherwise the two are committed one right after the other, and the update of the directory is
    /// repeated if it fails. Returns the new name of the source's schema.
    pub(super) async fn switch(
        &self,
        entry: &DirectoryEntry,
        source: &Site,
        target: &Site,
        sessions: &Sessions<'_>,
        dial: &dyn Dial,
    ) -> Result<SchemaName, Stop> {
        let Sessions { home, guard, .. } = *sessions;
        let failed = self.server("to switch to the new place");
        // Guards, so that caches forget the tenant even if the future is dropped while the server is working.
        let _forget = (
            self.pool.forget_afterwards(self.tenant),
            source.pool.forget_afterwards(&source.schema),
            target.pool.forget_afterwards(&target.schema),
        );
        let archive = self.rename(entry, source, guard).await?;
        let is_home = entry.placement.database().is_none();
        let note = self.note();
        if is_home {
            guard.execute(&note).await.map_err(&failed)?;
        } else {
            home.begin("").await.map_err(&failed)?;
            let note = format!("{}; {note}", set_lock_timeout(self.options.wait));
            home.execute(&note).await.map_err(&failed)?;
        }
        // In a task of its own: if the move's future is dropped now, the switch still runs to its end.
        let (guard, home) = (Arc::clone(guard), Arc::clone(home));
        let commits = tokio::spawn(async move {
            let switched = guard.execute("COMMIT").await;
            let told = match &switched {
                Ok(()) if is_home => Ok(()),
                Ok(()) => home.execute("COMMIT").await,
                Err(_) => home.execute("ROLLBACK").await,
            };
            (switched, told)
        });
        let told = match commits.await {
            Ok((Err(source), _)) => return Err(Stop::Within(failed(source))),
            Ok((Ok(()), Ok(()))) => Ok(()),
            Ok((Ok(()), Err(source))) => self.tell_again(source, dial).await,
            Err(_) => {
                return Err(Stop::Within(MoveError::Interrupted {
                    tenant: self.tenant.clone(),
                }));
            }
        };
        told.map(|()| archive).map_err(Stop::Within)
    }

    fn note(&self) -> String {
        self.pool.note(&DirectoryChange::Moved {
            tenant: self.tenant,
            placement: self.to,
        })
    }

    /// Updates the directory, in a transaction of its own.
    pub(super) async fn tell(&self, home: &DriverSession) -> Result<(), Error> {
        home.begin("").await?;
        home.execute(&self.note()).await?;
        home.execute("COMMIT").await?;
        drop(self.pool.forget_afterwards(self.tenant));
        Ok(())
    }

    /// Tells the directory of a switch that it could not be told of, for `source`.
    async fn tell_again(&self, mut source: Error, dial: &dyn Dial) -> Result<(), MoveError> {
        let home = Site {
            pool: self.pool.clone(),
            schema: self.tenant.clone(),
        };
        let mut tries = 0;
        loop {
            tries += 1;
            // Without a connection, the last answer is the reason: what counts is that the directory doesn't know.
            if let Ok(session) = home.connect(dial, self.event).await {
                match self.tell(&session).await {
                    Ok(()) => return Ok(()),
                    Err(again) => source = again,
                }
            }
            if tries == 10 {
                return Err(self.untold(source));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Renames the source's schema to an archive's name, in the transaction that locks out writes.
    async fn rename(
        &self,
        entry: &DirectoryEntry,
        source: &Site,
        guard: &DriverSession,
    ) -> Result<SchemaName, MoveError> {
        let failed = self.server("to rename the schema at the source");
        let rows = guard.query(NOW, &[]).await.map_err(&failed)?;
        let (since, stamp): (i64, String) = match rows.first() {
            Some(row) => (row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?),
            None => Default::default(),
        };
        let mut number = 1;
        let archive = loop {
            let archive = archive_name::for_schema(&source.schema, &stamp, number)?;
            if guard
                .query(EXISTS, &[&archive.as_str()])
                .await
                .map_err(&failed)?
                .is_empty()
            {
                break archive;
            }
            number += 1;
        };
        let note = ArchiveNote {
            since: since.unsigned_abs(),
            suspended: entry.status == TenantStatus::Suspended,
            tenant: source.schema.clone(),
            dropping: false,
        };
        let rename = format!(
            "ALTER SCHEMA {} RENAME TO {}; {}",
            source.schema.quoted(),
            archive.quoted(),
            version_table::mark(&archive, &note.comment())
        );
        guard.execute(&rename).await.map_err(&failed)?;
        let query = Followers::All.query();
        for row in guard
            .query(&query, &[&source.schema.as_str(), &archive.as_str()])
            .await
            .map_err(&failed)?
        {
            let (routine, settings): (String, Vec<String>) =
                (row.try_get(0).map_err(&failed)?, row.try_get(1).map_err(&failed)?);
            for statement in follow(&routine, &settings, &source.schema, &archive) {
                guard.execute(&statement).await.map_err(&failed)?;
            }
        }
        Ok(archive)
    }
}
