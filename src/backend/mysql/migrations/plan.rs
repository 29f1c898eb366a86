use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use diesel::{migration::MigrationSource, mysql::Mysql};

use super::{MigrationProblem, Owner, script::Script};
use crate::backend::{migration_sql::Direction, tasks::blocking};

/// A source of migrations, shared with the threads on which they are read.
pub(crate) type Source = Arc<dyn MigrationSource<Mysql> + Send + Sync>;

/// Migrations in the order of their versions. Their contents are read when they are about to run.
#[derive(Clone)]
pub(crate) struct Plan {
    versions: Arc<[String]>,
    source: Source,
    /// The migrations that were read last: most tenants of a fleet lack the same ones.
    read: Arc<Mutex<Option<Read>>>,
}

/// Migrations that were read, and for what.
struct Read {
    versions: Vec<String>,
    direction: Direction,
    is_shared: bool,
    scripts: Arc<Vec<Script>>,
}

impl Plan {
    /// Lists the migrations, on a blocking thread, because they may be files.
    pub(crate) async fn read(source: Source) -> Result<Self, MigrationProblem> {
        blocking(move || {
            let migrations = source.migrations().map_err(MigrationProblem::Unreadable)?;
            let names = migrations
                .iter()
                .map(|migration| migration.name().version().to_string());
            let mut versions: Vec<String> = names.collect();
            versions.sort();
            match versions.windows(2).find(|pair| pair[0] == pair[1]) {
                Some([twice, ..]) => Err(MigrationProblem::DuplicateVersion { version: twice.clone() }),
                _ => Ok(Self {
                    versions: versions.into(),
                    source,
                    read: Arc::default(),
                }),
            }
        })
        .await
    }

    /// The versions, oldest first.
    pub(crate) fn versions(&self) -> &[String] {
        &self.versions
    }

    /// The versions that are not among those applied, oldest first.
    pub(crate) fn lacked_by(&self, applied: &[String]) -> Vec<String> {
        let lacked = self.versions.iter().filter(|version| !applied.contains(version));
        lacked.cloned().collect()
    }

    /// Reads the migrations of these versions, in one direction. Fails if one of them does what is refused, or can't be
    /// reverted.
    pub(super) async fn scripts(
        &self,
        versions: Vec<String>,
        direction: Direction,
        owner: &Owner,
    ) -> Result<Arc<Vec<Script>>, MigrationProblem> {
        if versions.is_empty() {
            return Ok(Arc::default());
        }
        let is_shared = matches!(owner, Owner::Shared(_));
        let latest = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = &*latest()
            && (&read.versions, read.direction, read.is_shared) == (&versions, direction, is_shared)
        {
            return Ok(Arc::clone(&read.scripts));
        }
        let scripts = Arc::new(self.read_scripts(versions.clone(), direction, owner).await?);
        *latest() = Some(Read {
            versions,
            direction,
            is_shared,
            scripts: Arc::clone(&scripts),
        });
        Ok(scripts)
    }

    async fn read_scripts(
        &self,
        versions: Vec<String>,
        direction: Direction,
        owner: &Owner,
    ) -> Result<Vec<Script>, MigrationProblem> {
        let (source, owner) = (Arc::clone(&self.source), owner.clone());
        blocking(move || {
            let migrations = source.migrations().map_err(MigrationProblem::Unreadable)?;
            let script = |version: String| {
                let found = migrations
                    .iter()
                    .find(|migration| migration.name().version().to_string() == version);
                match found {
                    Some(migration) => Script::read(&**migration, direction, &source, &owner),
                    None => Err(MigrationProblem::UnknownVersion { version }),
                }
            };
            versions.into_iter().map(script).collect()
        })
        .await
    }

    /// The checksums of these versions, as far as they are SQL. No others are read, because to read a migration written
    /// in Rust means to call it.
    pub(crate) async fn checksums(
        &self,
        versions: Vec<String>,
        owner: &Owner,
    ) -> Result<HashMap<String, String>, MigrationProblem> {
        let scripts = self.read_scripts(versions, Direction::Up, owner).await?;
        let checksum = |script: Script| Some((script.version, script.checksum?));
        Ok(scripts.into_iter().filter_map(checksum).collect())
    }

    /// Checks that all migrations could be applied, by their texts.
    pub(crate) async fn check(&self, owner: &Owner) -> Result<(), MigrationProblem> {
        self.scripts(self.versions.to_vec(), Direction::Up, owner)
            .await
            .map(drop)
    }
}
