//! A database on its way to another name, and what the registry and the directory say of it at each step.

use diesel_tenants_translate::SchemaName;

use super::OperationError;
use crate::{
    backend::mysql::{
        Server,
        locks::{LOCK_TIMEOUT, Lock},
        registry::{Archive, Entry, Operation, Step},
    },
    tenancy::{DirectoryChange, TenantStatus},
};

/// A move under way.
pub(super) struct Move {
    pub(super) from: SchemaName,
    pub(super) to: SchemaName,
    pub(super) step: Step,
    /// The status that the database has afterwards.
    pub(super) status: TenantStatus,
    /// The note of the archive that it becomes, or was.
    pub(super) archive: Option<Archive>,
}

impl Move {
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        match &entry.operation {
            Some(Operation::MoveTo { to, step, status }) => Some(Self {
                from: entry.name.clone(),
                to: to.clone(),
                step: *step,
                status: *status,
                archive: entry.archive.clone(),
            }),
            _ => None,
        }
    }

    /// Locks the other database as well. Two moves in opposite directions would wait for each other, so the second lock
    /// is only waited for if it comes later in the order.
    pub(super) async fn lock(&self, server: &Server, lock: Lock) -> Result<(Lock, Option<Lock>), OperationError> {
        if self.to > self.from {
            let other = Lock::acquire(server, &[&self.to], LOCK_TIMEOUT).await?;
            return Ok((lock, Some(other)));
        }
        drop(lock.release().await?);
        Ok((
            Lock::acquire(server, &[&self.from, &self.to], LOCK_TIMEOUT).await?,
            None,
        ))
    }

    pub(super) fn entry(&self) -> Entry {
        Entry {
            archive: self.archive.clone(),
            ..Entry::under(
                &self.from,
                Operation::MoveTo {
                    to: self.to.clone(),
                    step: self.step,
                    status: self.status,
                },
            )
        }
    }

    /// The entry as it was before the move.
    pub(super) fn entry_before(&self) -> Entry {
        let (status, archive) = match (&self.archive, self.status) {
            (Some(archive), TenantStatus::Archived) => (archive.status(), None),
            (Some(archive), _) => (TenantStatus::Archived, Some(archive.clone())),
            (None, status) => (status, None),
        };
        Entry {
            archive,
            ..Entry::new(&self.from, status)
        }
    }

    /// The entry of the new name after the move.
    pub(super) fn entry_afterwards(&self) -> Entry {
        Entry {
            archive: self.archive.clone().filter(|_| self.status == TenantStatus::Archived),
            ..Entry::new(&self.to, self.status)
        }
    }

    pub(super) fn directory_change(&self) -> DirectoryChange<'_> {
        let (from, to) = (&self.from, &self.to);
        match (&self.archive, self.status) {
            (_, TenantStatus::Archived) => DirectoryChange::Archived {
                tenant: from,
                archive: to,
            },
            (Some(archive), _) => DirectoryChange::Restored {
                archive: from,
                tenant: to,
                suspended: archive.suspended,
            },
            (None, _) => DirectoryChange::Renamed { from, to },
        }
    }
}
