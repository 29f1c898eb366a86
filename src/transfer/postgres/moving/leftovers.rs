//! The remains of moves that did not finish.

use std::sync::Arc;

use tokio_postgres::Error;

use super::{
    MoveError, MoveReport,
    journal::{remove, stop},
    site::{Complete, Found, Site, lock},
    state::{Run, Sessions},
};
use crate::{
    LifecycleError, SchemaName, TenantStatus,
    backend::postgres::{
        driver::{Dial, DriverSession},
        journal,
    },
    tenancy::Tables,
};

impl Run<'_> {
    /// Removes the remains of an earlier move, or continues that move if it was past the switch.
    pub(super) async fn clear(
        &self,
        source: &Site,
        target: &Site,
        sessions: &Sessions<'_>,
        dial: &dyn Dial,
    ) -> Result<Option<MoveReport>, MoveError> {
        let Sessions { home, guard, writer } = *sessions;
        let read = self.server("to look for remains of an unfinished move");
        let there = source.status(guard).await.map_err(&read)?;
        let here = target.status(writer).await.map_err(&read)?;
        let left = here.as_ref().and_then(Found::complete);
        let Some(there) = there else {
            // The source was renamed, but the directory was not updated.
            if let Some(complete) = left
                && find_journal(guard, &complete.id).await.map_err(&read)?.is_some()
            {
                let told = self.tell(home).await;
                told.map_err(|source| self.untold(source))?;
                let mut moved = MoveReport::default();
                self.clean_up_again(target, writer, &complete, dial, &mut moved).await;
                return Ok(Some(moved));
            }
            return Err(self.not_found());
        };
        if !matches!(there.status, TenantStatus::Active | TenantStatus::Suspended) || !there.has_versions {
            return Err(self.not_found());
        }
        self.require_independence(source).await?;
        if let Some(complete) = there.complete() {
            // The move that brought the tenant here was not tidied up. Remains at its former place don't prevent this
            // move.
            self.clean_up_source(&complete, dial, &mut MoveReport::default()).await;
            let mut moved = MoveReport::default();
            self.clean_up_target(source, guard, &mut moved).await;
            if !moved.left.is_empty() {
                return Err(MoveError::Unfinished {
                    tenant: self.tenant.clone(),
                    left: moved.left,
                });
            }
        }
        if let Some(here) = &here {
            let is_ours = left.is_some_and(|left| there.journal == Some(left.id));
            if here.status != TenantStatus::Unfinished && !is_ours {
                return Err(MoveError::Lifecycle(LifecycleError::AlreadyExists {
                    tenant: target.schema.clone(),
                }));
            }
        }
        self.give_up(source, target, sessions).await?;
        Ok(None)
    }

    /// Removes what a move created before its switch. If the target's schema can't be removed now, the record of its
    /// owner stays at the source.
    pub(super) async fn give_up(&self, source: &Site, target: &Site, sessions: &Sessions<'_>) -> Result<(), MoveError> {
        let Sessions { guard, writer, .. } = *sessions;
        let failed = self.server("to remove what the unfinished move left");
        // Outside a transaction, ROLLBACK only gives a warning.
        guard.execute("ROLLBACK").await.map_err(&failed)?;
        let cleared = self.clear_target(target, writer).await;
        let sql = if cleared.is_ok() { remove(source) } else { stop(source) };
        self.run_with_table_locks(guard, &sql).await?;
        guard.execute("COMMIT").await.map_err(&failed)?;
        cleared
    }

    pub(super) async fn clear_target(&self, target: &Site, writer: &DriverSession) -> Result<(), MoveError> {
        let failed = self.server("to remove what the unfinished move left at the target");
        writer.execute("ROLLBACK").await.map_err(&failed)?;
        if target
            .status(writer)
            .await
            .map_err(&failed)?
            .is_some_and(|here| here.is_left())
        {
            self.run_with_table_locks(writer, &format!("DROP SCHEMA {} CASCADE", target.schema.quoted()))
                .await?;
            writer.execute("COMMIT").await.map_err(failed)?;
        }
        Ok(())
    }

    /// Tidies up after a move to this place that was abandoned after the switch. After a move away from here that was
    /// abandoned before the switch, the triggers are removed; the record of who owns the schema at its target stays for
    /// the next move there.
    pub(super) async fn already_there(
        &self,
        home: &Arc<DriverSession>,
        dial: &dyn Dial,
    ) -> Result<MoveReport, MoveError> {
        let mut moved = MoveReport::default();
        let schema = match &self.to.tables {
            Tables::Schema(schema) => schema,
            Tables::Rows(_) => return Ok(moved),
        };
        let site = self.site(self.to, schema).await?;
        let session = match self.to.database() {
            Some(_) => &self.hold(&site, dial).await?,
            None if schema == self.tenant => home,
            // No move leaves this state.
            None => return Ok(moved),
        };
        let here = site.status(session).await;
        let Some(here) = here.map_err(self.server("to look for remains of an unfinished move"))? else {
            return Ok(moved);
        };
        match here.complete() {
            Some(complete) => self.clean_up_again(&site, session, &complete, dial, &mut moved).await,
            None => self.attempt(session, &stop(&site), &mut moved).await,
        }
        Ok(moved)
    }

    /// Tidies up both ends of a move that had reached its switch.
    async fn clean_up_again(
        &self,
        target: &Site,
        session: &DriverSession,
        complete: &Complete,
        dial: &dyn Dial,
        moved: &mut MoveReport,
    ) {
        self.clean_up_source(complete, dial, moved).await;
        self.clean_up_target(target, session, moved).await;
    }

    /// Tidies up the tenant's former place, if the schema there still exists.
    async fn clean_up_source(&self, complete: &Complete, dial: &dyn Dial, moved: &mut MoveReport) {
        if let Err(error) = self.try_tidy_source(complete, dial, moved).await {
            moved.left.push(format!("to clean up where it came from: {error}"));
        }
    }

    async fn try_tidy_source(
        &self,
        complete: &Complete,
        dial: &dyn Dial,
        moved: &mut MoveReport,
    ) -> Result<(), MoveError> {
        let pool = match &complete.database {
            Some(database) => self.pool.database_of(database, self.event).await?,
            None => self.pool.clone(),
        };
        let mut site = Site {
            pool,
            schema: self.tenant.clone(),
        };
        let session = site.connect(dial, self.event).await?;
        let failed = self.server("to look for remains at the source");
        let Some(schema) = find_journal(&session, &complete.id).await.map_err(&failed)? else {
            return Ok(());
        };
        site.schema = SchemaName::new(&schema)?;
        let found = site.status(&session).await.map_err(&failed)?;
        if found.is_some_and(|found| found.status == TenantStatus::Archived) {
            moved.archive = Some(site.schema.clone());
            if self.options.drops_source {
                self.clean_up_archive(&site, &session, moved).await;
                return Ok(());
            }
        }
        // The archive may have been restored meanwhile, and be in use.
        lock(
            &session,
            &site.schema,
            site.pool.migration_lock_timeout(),
            self.event,
            &failed,
        )
        .await?;
        self.attempt(&session, &remove(&site), moved).await;
        Ok(())
    }
}

/// The schema in this database that is the source of a move, whatever its name is now.
async fn find_journal(session: &DriverSession, id: &str) -> Result<Option<String>, Error> {
    let found = session.query(&journal::schema_query(), &[&id]).await?;
    found.first().map(|row| row.try_get(0)).transpose()
}
