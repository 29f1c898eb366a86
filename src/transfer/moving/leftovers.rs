//! What moves that did not come to their end have left.

use std::sync::Arc;

use super::{
    MoveError, Moved,
    journal::{remove, stop},
    run::{Run, Sessions},
    site::{COMPLETE, Found, Site},
};
use crate::{
    LifecycleError, TenantStatus,
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
            if here.as_ref().is_some_and(Found::is_complete) {
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
            // The move that brought it here was not tidied up. What can't be checked now is moved unchecked.
            self.tidy_target(source, guard, &mut Moved::default()).await;
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

    /// Tidies up after a move to this place that was given up late, or after one away from it that was given up early.
    pub(super) async fn already_there(&self, home: &Arc<Session>, dial: &dyn Dial) -> Result<Moved, MoveError> {
        let mut moved = Moved::default();
        let Some(schema) = self.to.schema_name() else {
            return Ok(moved);
        };
        let site = self.site(self.to, schema).await?;
        let session = match self.to.database() {
            Some(_) => &self.hold(&site, dial).await?,
            None => home,
        };
        self.tidy_target(&site, session, &mut moved).await;
        Ok(moved)
    }
}
