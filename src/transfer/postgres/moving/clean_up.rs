//! What is removed and checked after the switch.

use std::error::Error as _;

use tokio_postgres::Error;

use super::{
    MoveReport,
    journal::{remove, run_with_table_locks},
    site::Site,
    split_objects::checks,
    state::{Run, Sessions},
};
use crate::{LifecycleError, backend::postgres::driver::DriverSession};

impl Run<'_> {
    /// Removes what the move needed, and checks the foreign keys that were left unchecked. The tenant is in service
    /// meanwhile.
    pub(super) async fn clean_up(&self, source: &Site, target: &Site, sessions: &Sessions<'_>, moved: &mut MoveReport) {
        // The quick steps come first. The later steps may take long, and another call can continue them.
        if let Some(archive) = moved.archive.clone() {
            let archived = Site {
                schema: archive,
                ..source.clone()
            };
            self.clean_up_archive(&archived, sessions.guard, moved).await;
        }
        self.clean_up_target(target, sessions.writer, moved).await;
    }

    /// Drops the schema at the source, if that was asked for; otherwise removes the triggers that record writes there.
    pub(super) async fn clean_up_archive(&self, archived: &Site, session: &DriverSession, moved: &mut MoveReport) {
        if !self.options.drops_source {
            return self.attempt(session, &remove(archived), moved).await;
        }
        let archive = &archived.schema;
        match archived.pool.purge_archive(archive).await {
            Ok(()) | Err(LifecycleError::NotFound { .. }) => moved.archive = None,
            Err(error) => moved
                .left
                .push(format!("drop_tenant({archive:?}) at the source: {error}")),
        }
    }

    /// As long as anything is left to do, here or at the source, the record of it stays for another call.
    pub(super) async fn clean_up_target(&self, target: &Site, writer: &DriverSession, moved: &mut MoveReport) {
        match checks(target, writer).await {
            Ok(checks) => {
                for check in checks {
                    self.attempt(writer, &check, moved).await;
                }
            }
            Err(error) => moved.left.push(format!("to check foreign keys: {}", reason(&error))),
        }
        if moved.left.is_empty() {
            self.attempt(writer, &remove(target), moved).await;
        }
    }

    pub(super) async fn attempt(&self, session: &DriverSession, sql: &str, moved: &mut MoveReport) {
        let done = match run_with_table_locks(session, sql, self.options.wait).await {
            Ok(true) => session.execute("COMMIT").await.map(|()| true),
            done => done,
        };
        match done {
            Ok(true) => {}
            Ok(false) => moved.left.push(format!("{sql}: the tables were in use")),
            Err(error) => moved.left.push(format!("{sql}: {}", reason(&error))),
        }
    }
}

/// The driver's own message only says that the server refused.
fn reason(error: &Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
