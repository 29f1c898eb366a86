use std::sync::Arc;

use tokio_postgres::Error;

use super::{
    MoveError, MoveReport,
    copy::Copied,
    journal::{insist, journal_id, make},
    replay::Ends,
    request::Options,
    site::{Keyed, Site, lock},
    switch::Stop,
};
use crate::{
    LifecycleError, LifecycleEvent, Placement, SchemaName, TenantPool,
    backend::postgres::driver::{Dial, Session, dial},
    tenancy::DirectoryEntry,
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
    pub(super) home: &'a Arc<Session>,
    /// In the tenant's old database: what is done there is done by it.
    pub(super) guard: &'a Arc<Session>,
    /// In its new one.
    pub(super) writer: &'a Arc<Session>,
}

impl Run<'_> {
    pub(super) async fn run(mut self) -> Result<MoveReport, MoveError> {
        let Some(dial) = dial(self.pool.migration_connector(), self.dial.take()) else {
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
            return self.already_there(&home, dial).await;
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
        if let Some(moved) = self.clear(&source, &target, &sessions, dial).await? {
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
    ) -> Result<MoveReport, Stop> {
        let Sessions { guard, writer, .. } = *sessions;
        let read = self.server("to read its tables");
        let tables = source.tables(guard).await.map_err(&read)?;
        self.require_keys(&tables).await?;
        let journaled: &[Keyed] = if self.options.pauses_writes { &[] } else { &tables };
        let id = journal_id(guard).await.map_err(&read)?;
        self.insist(guard, &make(source, journaled, &id)).await?;
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
        changes += self.replay_rest(guard, &ends).await?;
        let now = source.tables(guard).await.map_err(&read)?;
        if now.len() != ends.read.len() || !now.iter().zip(&ends.read).all(|(one, other)| one.is_like(other)) {
            return Err(Stop::Before(MoveError::Changed {
                tenant: self.tenant.clone(),
            }));
        }
        self.finish(entry, source, target, sessions, &split).await?;
        let archive = self.switch(entry, source, target, sessions, dial).await?;
        let paused = paused.elapsed();
        let mut moved = MoveReport {
            tables: count,
            rows,
            changes,
            paused,
            archive: Some(archive),
            left: Vec::new(),
        };
        self.tidy(source, target, sessions, &mut moved).await;
        Ok(moved)
    }

    /// A session that keeps everybody else from a schema.
    pub(super) async fn hold(&self, site: &Site, dial: &dyn Dial) -> Result<Arc<Session>, MoveError> {
        if site.pool.migration_connector().may_be_pooled() {
            return Err(MoveError::NeedsSession {
                tenant: self.tenant.clone(),
            });
        }
        let session = site.connect(dial, self.event).await?;
        let patience = site.pool.migration_lock_timeout();
        let failed = self.server("to lock it");
        lock(&session, &site.schema, patience, self.event, failed).await?;
        Ok(Arc::new(session))
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

    pub(super) fn not_found(&self) -> MoveError {
        MoveError::Lifecycle(LifecycleError::NotFound {
            tenant: self.tenant.clone(),
        })
    }
}
