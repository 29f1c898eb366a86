use tokio_postgres::{Error, error::SqlState};

use super::{
    MoveError, Moved,
    copy::Copied,
    journal::{insist, make, remove, stop},
    replay::Ends,
    request::Options,
    site::{COMPLETE, Keyed, Site, lock},
    switch::Stop,
};
use crate::{
    ExportError, LifecycleError, LifecycleEvent, Placement, SchemaName, TenantPool, TenantStatus,
    lifecycle::dependents,
    pool::{DirectoryChange, DirectoryEntry},
    transfer::{
        session::Session,
        tls::{Dial, dial},
    },
};

/// A round that had no more changes is small: the next one may be the last.
const SMALL_ROUND: u64 = 1_000;

/// Where a tenant is written to faster than it is replayed, locking writes out has to end it.
const MOST_ROUNDS: usize = 50;

/// A move, from its begin to its end.
pub(super) struct Run<'a> {
    pub(super) pool: &'a TenantPool,
    pub(super) tenant: &'a SchemaName,
    pub(super) to: &'a Placement,
    pub(super) event: &'a LifecycleEvent,
    pub(super) options: Options,
    pub(super) dial: Option<Box<dyn Dial>>,
}

/// Sessions that hold the locks of a move.
pub(super) struct Sessions<'a> {
    /// In the pool's own database.
    pub(super) home: &'a Session,
    /// In the tenant's old database: what is done there is done by it.
    pub(super) guard: &'a Session,
    /// In its new one.
    pub(super) writer: &'a Session,
}

impl Run<'_> {
    pub(super) async fn run(mut self) -> Result<Moved, MoveError> {
        let Some(dial) = dial(self.pool, self.dial.take()) else {
            return Err(MoveError::NeedsTls {
                tenant: self.tenant.clone(),
            });
        };
        let dial = &*dial;
        let home = Site {
            pool: self.pool.clone(),
            schema: self.tenant.clone(),
        };
        let home = self.hold(&home, dial).await?;
        let entry = self.pool.known(self.tenant, self.event).await?;
        let entry = entry.filter(|entry| entry.status.is_tenant());
        let entry = entry.ok_or_else(|| self.not_found())?;
        if entry.placement == *self.to {
            return self.already_there(dial).await;
        }
        let (source, target) = self.sites(&entry.placement).await?;
        self.probe(&home).await?;
        // In the pool's own database a tenant's schema has its name, which is locked already.
        let guard = match entry.placement.database() {
            Some(_) => Some(self.hold(&source, dial).await?),
            None => None,
        };
        let writer = match self.to.database() {
            Some(_) => Some(self.hold(&target, dial).await?),
            None => None,
        };
        let sessions = Sessions {
            home: &home,
            guard: guard.as_ref().unwrap_or(&home),
            writer: writer.as_ref().unwrap_or(&home),
        };
        if let Some(moved) = self.clear(&source, &target, &sessions).await? {
            return Ok(moved);
        }
        let moved = self.across(&entry, &source, &target, &sessions, dial).await;
        match moved {
            Ok(moved) => Ok(moved),
            Err(Stop::Before(error)) => {
                // The error is the one to tell. What can't be cleaned up now, the next call cleans up.
                let _ = self.give_up(&source, &target, &sessions).await;
                Err(error)
            }
            Err(Stop::Within(error)) => Err(error),
        }
    }

    async fn across(
        &self,
        entry: &DirectoryEntry,
        source: &Site,
        target: &Site,
        sessions: &Sessions<'_>,
        dial: &dyn Dial,
    ) -> Result<Moved, Stop> {
        let Sessions { guard, writer, .. } = *sessions;
        let read = self.server("to read its tables");
        let tables = source.tables(guard).await.map_err(&read)?;
        self.require_keys(&tables)?;
        let journaled: &[Keyed] = if self.options.pauses_writes { &[] } else { &tables };
        self.insist(guard, &make(source, journaled)).await?;
        guard
            .execute("COMMIT")
            .await
            .map_err(self.server("to make the journal"))?;
        let mut paused = None;
        if self.options.pauses_writes {
            paused = Some(self.pause(guard, source).await?);
        }
        let Copied {
            tables: count,
            rows,
            split,
        } = self.copy(source, target, writer, dial).await?;
        let reader = source.connect(dial, self.event).await.map_err(MoveError::from)?;
        let ends = Ends {
            source,
            reader: &reader,
            read: tables,
            target,
            writer,
            written: target.tables(writer).await.map_err(&read)?,
        };
        let mut changes = 0;
        for _ in 0..MOST_ROUNDS {
            let round = self.replay(&ends).await?;
            changes += round;
            if round <= SMALL_ROUND {
                break;
            }
        }
        let paused = match paused {
            Some(paused) => paused,
            None => self.pause(guard, source).await?,
        };
        changes += self.replay(&ends).await?;
        let now = source.tables(guard).await.map_err(&read)?;
        if now.len() != ends.read.len() || !now.iter().zip(&ends.read).all(|(one, other)| one.is_like(other)) {
            return Err(Stop::Before(MoveError::Changed {
                tenant: self.tenant.clone(),
            }));
        }
        self.finish(entry, source, target, sessions, &split).await?;
        let archive = self.switch(entry, source, target, sessions, dial).await?;
        let paused = paused.elapsed();
        let mut moved = Moved {
            tables: count,
            rows,
            changes,
            paused,
            archive: Some(archive),
            left: Vec::new(),
        };
        self.tidy(source, target, sessions, split.checks(&target.schema), &mut moved)
            .await;
        Ok(moved)
    }

    /// A session that keeps everybody else from a schema.
    async fn hold(&self, site: &Site, dial: &dyn Dial) -> Result<Session, MoveError> {
        let session = site.connect(dial, self.event).await?;
        let patience = site.pool.migration_lock_timeout();
        let failed = self.server("to lock it");
        lock(&session, &site.schema, patience, self.event, failed).await?;
        Ok(session)
    }

    async fn sites(&self, from: &Placement) -> Result<(Site, Site), MoveError> {
        let unmovable = |why| MoveError::Unmovable {
            tenant: self.tenant.clone(),
            from: Box::new(from.clone()),
            to: Box::new(self.to.clone()),
            why,
        };
        let (Some(old), Some(new)) = (from.schema_name(), self.to.schema_name()) else {
            return Err(unmovable("only schemas can be moved, not rows of shared tables"));
        };
        if from.database() == self.to.database() {
            return Err(unmovable(
                "both are in one database; `rename_tenant` gives it another name",
            ));
        }
        if self.to.database().is_none() && new != self.tenant {
            return Err(MoveError::Lifecycle(LifecycleError::OtherName {
                tenant: self.tenant.clone(),
                placement: self.to.clone(),
            }));
        }
        let (source, target) = (self.site(from, old).await?, self.site(self.to, new).await?);
        if [&source, &target]
            .iter()
            .any(|site| site.schema == *site.pool.shared_schema())
        {
            return Err(unmovable(
                "a database's shared schema stays; export the tenant, and import it",
            ));
        }
        Ok((source, target))
    }

    async fn site(&self, placement: &Placement, schema: &SchemaName) -> Result<Site, MoveError> {
        let pool = match placement.database() {
            Some(database) => self.pool.database_of(database, self.event).await?,
            None => self.pool.clone(),
        };
        Ok(Site {
            pool,
            schema: schema.clone(),
        })
    }

    /// Whether the directory would let the tenant live there.
    async fn probe(&self, home: &Session) -> Result<(), MoveError> {
        let change = DirectoryChange::Moved {
            tenant: self.tenant,
            placement: self.to,
        };
        if !self.pool.can_record(&change) {
            return Err(MoveError::Lifecycle(LifecycleError::NoDirectory {
                operation: self.event.clone(),
            }));
        }
        let failed = self.server("to note it in the directory");
        home.begin("").await.map_err(&failed)?;
        let noted = home.execute(&self.pool.note(&change)).await;
        home.execute("ROLLBACK").await.map_err(&failed)?;
        noted.map_err(|source| match source.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => MoveError::PlaceTaken {
                tenant: self.tenant.clone(),
                to: Box::new(self.to.clone()),
                source,
            },
            _ => failed(source),
        })
    }

    /// Clears away what an earlier move left, or goes on where it was past the point of return.
    async fn clear(&self, source: &Site, target: &Site, sessions: &Sessions<'_>) -> Result<Option<Moved>, MoveError> {
        let Sessions { home, guard, writer } = *sessions;
        let read = self.server("to see what is there");
        let there = source.status(guard).await.map_err(&read)?;
        let here = target.status(writer).await.map_err(&read)?;
        let left = here.as_ref().and_then(|here| here.journal.as_deref());
        let Some(there) = there else {
            // The source was renamed, and then nobody told the directory.
            if left.is_some_and(|left| left.starts_with(COMPLETE)) {
                let told = self.tell(home).await;
                told.map_err(|source| self.untold(source))?;
                let mut moved = Moved::default();
                self.tidy_target(target, writer, Vec::new(), &mut moved).await;
                return Ok(Some(moved));
            }
            return Err(self.not_found());
        };
        if !matches!(there.status, TenantStatus::Active | TenantStatus::Suspended) || !there.has_versions {
            return Err(self.not_found());
        }
        self.require_independence(source).await?;
        if let Some(here) = &here {
            let is_ours = there
                .journal
                .is_some_and(|id| left == Some(format!("{COMPLETE}{id}").as_str()));
            if here.status != TenantStatus::Unfinished && !is_ours {
                return Err(MoveError::Lifecycle(LifecycleError::AlreadyExists {
                    tenant: target.schema.clone(),
                }));
            }
        }
        self.give_up(source, target, sessions).await?;
        Ok(None)
    }

    /// Takes away what a move made before its switch. While it can't be taken away at the target, what tells whose it is stays at the source.
    async fn give_up(&self, source: &Site, target: &Site, sessions: &Sessions<'_>) -> Result<(), MoveError> {
        let Sessions { guard, writer, .. } = *sessions;
        let failed = self.server("to clean up");
        // Outside of a transaction that is a warning.
        guard.execute("ROLLBACK").await.map_err(&failed)?;
        let cleared = self.clear_target(target, writer).await;
        let sql = if cleared.is_ok() { remove(source) } else { stop(source) };
        self.insist(guard, &sql).await?;
        guard.execute("COMMIT").await.map_err(&failed)?;
        cleared
    }

    async fn clear_target(&self, target: &Site, writer: &Session) -> Result<(), MoveError> {
        let failed = self.server("to clean up the target");
        writer.execute("ROLLBACK").await.map_err(&failed)?;
        if target
            .status(writer)
            .await
            .map_err(&failed)?
            .is_some_and(|here| here.is_left())
        {
            self.insist(writer, &format!("DROP SCHEMA {} CASCADE", target.schema.quoted()))
                .await?;
            writer.execute("COMMIT").await.map_err(failed)?;
        }
        Ok(())
    }

    async fn already_there(&self, dial: &dyn Dial) -> Result<Moved, MoveError> {
        let mut moved = Moved::default();
        if let (Some(schema), Some(_)) = (self.to.schema_name(), self.to.database()) {
            let target = self.site(self.to, schema).await?;
            let writer = self.hold(&target, dial).await?;
            self.tidy_target(&target, &writer, Vec::new(), &mut moved).await;
        }
        Ok(moved)
    }

    fn require_keys(&self, tables: &[Keyed]) -> Result<(), MoveError> {
        let without = tables.iter().filter(|keyed| keyed.key.is_empty());
        let tables: Vec<String> = without.map(|keyed| keyed.table.name.clone()).collect();
        if tables.is_empty() || self.options.pauses_writes {
            return Ok(());
        }
        Err(MoveError::NoPrimaryKey {
            tenant: self.tenant.clone(),
            tables,
        })
    }

    /// What is in other schemas would be left behind, and could be a way to the old tables that needs no name.
    async fn require_independence(&self, source: &Site) -> Result<(), MoveError> {
        let connected = source.pool.migration_connector().connect().await;
        let mut connection = connected.map_err(|source| LifecycleError::Connect {
            operation: self.event.clone(),
            source,
        })?;
        let objects = dependents(&mut connection, &source.schema).await;
        let objects = objects.map_err(|error| MoveError::Read {
            tenant: self.tenant.clone(),
            source: ExportError::Structure {
                tenant: source.schema.clone(),
                source: error,
            },
        })?;
        if objects.is_empty() {
            return Ok(());
        }
        Err(MoveError::Referenced {
            tenant: self.tenant.clone(),
            objects,
        })
    }

    /// Leaves a transaction open.
    pub(super) async fn insist(&self, session: &Session, sql: &str) -> Result<(), MoveError> {
        let waited = self.options.wait;
        match insist(session, sql, waited).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MoveError::InUse {
                tenant: self.tenant.clone(),
                waited,
            }),
            Err(source) => Err(self.server("to lock its tables, or change what is noted of them,")(
                source,
            )),
        }
    }

    pub(super) fn server(&self, attempt: &'static str) -> impl Fn(Error) -> MoveError {
        move |source| MoveError::Server {
            tenant: self.tenant.clone(),
            attempt,
            source,
        }
    }

    pub(super) fn untold(&self, source: Error) -> MoveError {
        MoveError::Untold {
            tenant: self.tenant.clone(),
            to: Box::new(self.to.clone()),
            source,
        }
    }

    fn not_found(&self) -> MoveError {
        MoveError::Lifecycle(LifecycleError::NotFound {
            tenant: self.tenant.clone(),
        })
    }
}
