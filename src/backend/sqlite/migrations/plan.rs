use std::collections::HashMap;

use diesel::{
    migration::{Migration, MigrationSource},
    sqlite::Sqlite,
};

use super::{
    MigrationProblem,
    script::{Body, Script},
};
use crate::backend::migration_sql::Direction;

/// Migrations in the order of their versions.
pub(crate) struct Plan {
    migrations: Vec<Box<dyn Migration<Sqlite>>>,
}

impl Plan {
    /// No migrations.
    pub(crate) fn none() -> Self {
        Self { migrations: Vec::new() }
    }

    pub(crate) fn read(source: &dyn MigrationSource<Sqlite>) -> Result<Self, MigrationProblem> {
        let mut migrations = source.migrations().map_err(MigrationProblem::Unreadable)?;
        migrations.sort_by_cached_key(|migration| version(&**migration));
        match migrations
            .windows(2)
            .find(|pair| version(&*pair[0]) == version(&*pair[1]))
        {
            Some([twice, ..]) => Err(MigrationProblem::DuplicateVersion {
                version: version(&**twice),
            }),
            _ => Ok(Self { migrations }),
        }
    }

    /// The versions, oldest first.
    pub(crate) fn versions(&self) -> impl Iterator<Item = String> {
        self.migrations.iter().map(|migration| version(&**migration))
    }

    /// The checksums of these versions, as far as they are SQL. No others are read, because to read a migration written
    /// in Rust means to call it.
    pub(crate) fn checksums(&self, versions: &[String]) -> HashMap<String, String> {
        let scripts = versions
            .iter()
            .filter_map(|version| self.find(version))
            .filter_map(|migration| {
                let script = Script::read(migration, Direction::Up).ok()?;
                Some((script.version, script.checksum?))
            });
        scripts.collect()
    }

    pub(super) fn find(&self, wanted: &str) -> Option<&dyn Migration<Sqlite>> {
        let found = self
            .migrations
            .iter()
            .find(|migration| version(&***migration) == wanted);
        found.map(|migration| &**migration)
    }

    /// Reads the migrations of these versions, in one direction.
    pub(super) fn scripts(
        &self,
        versions: &[String],
        direction: Direction,
    ) -> Result<Vec<Script<'_>>, MigrationProblem> {
        let script = |version: &String| match self.find(version) {
            Some(migration) => Script::read(migration, direction),
            None => Err(MigrationProblem::UnknownVersion {
                version: version.clone(),
            }),
        };
        versions.iter().map(script).collect()
    }

    /// Checks that all migrations could be applied, by their texts.
    pub(crate) fn check(&self) -> Result<(), MigrationProblem> {
        self.migrations
            .iter()
            .try_for_each(|migration| Script::read(&**migration, Direction::Up).map(drop))
    }
}

fn version(migration: &dyn Migration<Sqlite>) -> String {
    migration.name().version().to_string()
}

impl Script<'_> {
    /// Whether it is SQL that mentions this word, in any case of letters.
    pub(super) fn mentions(&self, word: &str) -> bool {
        match &self.body {
            Body::Sql(sql) => sql.iter().any(|sql| sql.to_ascii_lowercase().contains(word)),
            Body::Code(_) => true,
        }
    }
}
