//! The course of a move, step by step.

use super::{
    MoveError, MoveReport,
    copy::Copied,
    journal::{journal_id, make},
    replay::Ends,
    site::{KeyedTable, Site},
    state::{Run, Sessions},
    switch::Stop,
};
use crate::{
    backend::postgres::driver::{Dial, dial},
    tenancy::DirectoryEntry,
};

/// A round with at most this many changes is small: the next round may be the last.
const SMALL_ROUND: u64 = 1_000;

/// If a tenant is written faster than the changes are replayed, only locking out writes can end the rounds.
const MOST_ROUNDS: usize = 50;

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
            let tidied = self.already_there(&home, dial).await?;
            return Ok(MoveReport {
                already_there: true,
                ..tidied
            });
        }
        self.require_expected(&entry).await?;
        let (source, target) = self.sites(&entry.placement).await?;
        self.probe(&home).await?;
        // In the pool's own database the tenant's schema has the tenant's name, which is locked already.
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
                // The move's error is returned. What can't be cleaned up now is cleaned up by the next call.
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
        let journaled: &[KeyedTable] = if self.options.pauses_writes { &[] } else { &tables };
        let id = journal_id(guard).await.map_err(&read)?;
        self.run_with_table_locks(guard, &make(source, journaled, &id)).await?;
        guard
            .execute("COMMIT")
            .await
            .map_err(self.server("to create the journal of changes"))?;
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
            already_there: false,
            tables: count,
            rows,
            changes,
            paused,
            archive: Some(archive),
            left: Vec::new(),
        };
        self.clean_up(source, target, sessions, &mut moved).await;
        Ok(moved)
    }
}
