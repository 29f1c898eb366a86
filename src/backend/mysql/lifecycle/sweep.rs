//! Finishes what processes have left that died in the middle of an operation.

use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::{OperationError, create, database, drop_tenant, rename};
use crate::backend::mysql::{
    Server, SessionError,
    locks::Lock,
    registry::{Entry, Operation, Step, prepare},
};

/// What a sweep did to one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Swept {
    /// What was left of a tenant that was being made, or dropped, is gone.
    Removed(SchemaName),
    /// A rename, archiving or restoring is finished.
    Moved { from: SchemaName, to: SchemaName },
}

/// Finishes all interrupted operations that nobody is at work on. Returns what it did.
pub(crate) async fn sweep(server: &Server, wait: Duration) -> Result<Vec<Swept>, OperationError> {
    let mut session = server.open().await?;
    prepare(&mut session, server.shared()).await?;
    let mut swept = Vec::new();
    for Entry { name, operation, .. } in Entry::all(&mut session.connection, server.shared()).await? {
        if operation.is_none() {
            continue;
        }
        let lock = match Lock::acquire(server, &[&name], Duration::from_secs(1)).await {
            // Somebody is at work on it.
            Err(SessionError::Locked { .. }) => continue,
            lock => lock?,
        };
        let Some(entry) = Entry::find(&mut session, server.shared(), &name).await? else {
            continue;
        };
        match &entry.operation {
            Some(Operation::Make { step }) => {
                // The server may still be at the last statement of a client that is gone.
                match session.hold(&name, Duration::from_secs(1)).await {
                    Err(SessionError::Locked { .. }) => continue,
                    held => held?,
                }
                // A database that is there although the library has not noted that it made it may be another's.
                if *step == Step::Begun && !database::is_empty(&mut session, &name).await? {
                    Entry::change(&mut session, server.shared(), &[], &[&name]).await?;
                } else {
                    create::undo(&mut session, server, &name).await?;
                }
                session.let_go(&name).await?;
                swept.push(Swept::Removed(name));
            }
            Some(Operation::Drop) => {
                drop(lock.release().await?);
                drop_tenant(server, &name, wait).await?;
                swept.push(Swept::Removed(name));
            }
            Some(Operation::MoveTo { to, .. }) => {
                let to = to.clone();
                rename::finish(server, &entry, lock, wait).await?;
                swept.push(Swept::Moved { from: name, to });
            }
            // The entry of the other database says the same.
            Some(Operation::MoveFrom { .. }) | None => {}
        }
    }
    Ok(swept)
}

/// The error of an operation on a database on which another one was not finished.
pub(super) fn unfinished(entry: &Entry) -> OperationError {
    let (what, remedy) = match &entry.operation {
        Some(Operation::Make { .. }) => ("made".to_owned(), "make it again, or drop it,".to_owned()),
        Some(Operation::Drop) => ("dropped".to_owned(), "drop it again".to_owned()),
        Some(Operation::MoveTo { to, .. }) => {
            let what = format!("renamed or archived, to {:?}", to.as_str());
            (what, "repeat that".to_owned())
        }
        Some(Operation::MoveFrom { from }) => {
            let what = format!("filled from {:?}, which is being renamed", from.as_str());
            (what, "repeat that".to_owned())
        }
        None => ("changed".to_owned(), "wait".to_owned()),
    };
    OperationError::Unfinished {
        database: entry.name.clone(),
        what,
        remedy,
    }
}
