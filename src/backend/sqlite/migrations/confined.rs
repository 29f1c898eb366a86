use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{SqliteConnection, connection::SimpleConnection};
use diesel_tenants_translate::SchemaName;

use super::MigrationProblem;
use crate::backend::sqlite::files::{Access, SCRATCH, attach_readable, open};

/// Whether what a migration writes must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    Durable,
    /// The file is not in its place yet, and is written to the disk as a whole, or thrown away.
    Scratch,
}

/// The file that is migrated, and the shared file that its migrations may read.
#[derive(Debug, Clone)]
pub(crate) struct Confined {
    path: PathBuf,
    shared: Option<(SchemaName, PathBuf)>,
    durability: Durability,
    /// How long statements wait for locks.
    wait: Duration,
}

impl Confined {
    /// Migrations of this file alone: the shared one's.
    pub(crate) fn to_shared(path: &Path, durability: Durability, wait: Duration) -> Self {
        Self {
            path: path.to_owned(),
            shared: None,
            durability,
            wait,
        }
    }

    /// Migrations of a tenant's file, which may read the shared file, if there is one.
    pub(crate) fn to_tenant(
        path: &Path,
        shared: &SchemaName,
        shared_path: &Path,
        durability: Durability,
        wait: Duration,
    ) -> Self {
        let shared = shared_path.exists().then(|| (shared.clone(), shared_path.to_owned()));
        Self {
            path: path.to_owned(),
            shared,
            durability,
            wait,
        }
    }

    /// The shared schema, if its file is attached.
    pub(super) fn shared(&self) -> Option<&SchemaName> {
        self.shared.as_ref().map(|(schema, _)| schema)
    }

    /// How many files a connection has: more mean that a migration attached one.
    pub(super) fn files(&self) -> usize {
        1 + usize::from(self.shared.is_some())
    }

    /// A connection that stays open while migrations run on others. So the log of the file is emptied once, when this
    /// one is closed, and not after each migration.
    pub(super) fn keeper(&self) -> Result<SqliteConnection, MigrationProblem> {
        let mut connection = self.connect()?;
        if self.durability == Durability::Durable {
            // A file that another program made may have another mode, in which readers wait for writers.
            connection.batch_execute("PRAGMA main.journal_mode = WAL")?;
        }
        Ok(connection)
    }

    /// A new connection, with nothing of the one before.
    pub(super) fn connect(&self) -> Result<SqliteConnection, MigrationProblem> {
        let access = match self.durability {
            Durability::Durable => Access::Write,
            Durability::Scratch => Access::Create,
        };
        let opened = open(&self.path, access, self.wait);
        let mut connection = opened.map_err(|error| MigrationProblem::Open(Box::new(error)))?;
        connection.batch_execute("PRAGMA foreign_keys = ON")?;
        if self.durability == Durability::Scratch {
            connection.batch_execute(SCRATCH)?;
        }
        if let Some((schema, path)) = &self.shared {
            connection.batch_execute(&attach_readable(schema.quoted(), path))?;
        }
        Ok(connection)
    }
}
