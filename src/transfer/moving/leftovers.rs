//! What moves that did not come to their end have left.

use std::sync::Arc;

use tokio_postgres::Error;

use super::{
    MoveError, Moved,
    journal::{remove, stop},
    run::{Run, Sessions},
    site::{COMPLETE, Site},
};
use crate::{
    LifecycleError, TenantStatus,
    structure::JOURNAL,
    transfer::{session::Session, tls::Dial},
};

impl Run<'_> {
    /// Clears away what an earlier move left, or goes on where it was past the point of return.
    pub(super) async fn clear(
        &self,
        source: &Site,
        target: &Site,
        sessions: &Sessions<'_>,
    ) -> Result<Option<Moved>, MoveError> {
        let Sessions { home, guard, writer } = *sessions;
        let read = self.server("to see what is there");
        let there = source.status(guard).await.map_err(&read)?;
        let here = target.status(writer).await.map_err(&read)?;
        let left = here.as_ref().and_then(|here| here.journal.as_deref());
        let Some(there) = there else {
            // The source was renamed, and then nobody told the directory.
            if let Some(id) = left.and_then(|left| left.strip_prefix(COMPLETE))
                && has_journal(guard, id).await.map_err(&read)?
            {
                let told = self.tell(home).await;
                told.map_err(|source| self.untold(source))?;
                let mut moved = Moved::default();
                self.tidy_target(target, writer, &mut moved).await;
                return Ok(Some(moved));
            }
            return Err(self.not_found());
        };
        if !matches!(there.status, TenantStatus::Active | TenantStatus::Suspended) || !there.has_versions {
            return Err(self.not_found());
        }
        self.require_independence(source).await?;
        if there.is_complete() {
            // The move that brought it here was not tidied up.
            let mut moved = Moved::default();
            self.tidy_target(source, guard, &mut moved).await;
            if !moved.left.is_empty() {
                return Err(MoveError::Unfinished {
                    tenant: self.tenant.clone(),
                    left: moved.left,
                });
            }
        }
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
    pub(super) async fn give_up(&self, source: &Site, target: &Site, sessions: &Sessions<'_>) -> Result<(), MoveError> {
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

    pub(super) async fn clear_target(&self, target: &Site, writer: &Session) -> Result<(), MoveError> {
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

    /// Tidies up after a move to this place that was given up late. After one away from it that was given up early, the triggers go; what tells whose
    /// a schema at its target is, stays for the next move there.
    pub(super) async fn already_there(&self, home: &Arc<Session>, dial: &dyn Dial) -> Result<Moved, MoveError> {
        let mut moved = Moved::default();
        let Some(schema) = self.to.schema_name() else {
            return Ok(moved);
        };
        let site = self.site(self.to, schema).await?;
        let session = match self.to.database() {
            Some(_) => &self.hold(&site, dial).await?,
            None if schema == self.tenant => home,
            // No move makes that.
            None => return Ok(moved),
        };
        let here = site.status(session).await;
        match here.map_err(self.server("to see what is there"))? {
            Some(here) if here.is_complete() => self.tidy_target(&site, session, &mut moved).await,
            _ => self.attempt(session, &stop(&site), &mut moved).await,
        }
        Ok(moved)
    }
}

/// Whether a schema of the database, whatever its name is by now, is the source of a move.
async fn has_journal(session: &Session, id: &str) -> Result<bool, Error> {
    let sql =
        "SELECT FROM pg_catalog.pg_class c WHERE c.relname = $1 AND pg_catalog.obj_description(c.oid, 'pg_class') = $2";
    let found = session.query(sql, &[&JOURNAL, &id]).await?;
    Ok(!found.is_empty())
}
