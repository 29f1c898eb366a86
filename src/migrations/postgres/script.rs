//! A migration, read and ready to be sent.

use std::{collections::HashMap, sync::Arc};

use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
};

use super::session_effects;
use crate::{
    backend::{
        migration_sql::{checksum, record},
        tasks::blocking,
    },
    migrations::{Direction, MigrationSourceError},
    translate,
};

/// A source of migrations, shared with the threads on which they are read.
pub(crate) type Source = Arc<dyn MigrationSource<Pg> + Send + Sync>;

/// Migrations in the order of their versions.
pub(crate) struct Plan {
    pub(crate) migrations: Vec<Planned>,
    source: Source,
}

/// One migration, by its name and metadata. Its contents are read only when the migration is about to run.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) version: String,
    /// Version and title.
    pub(crate) name: String,
    pub(crate) in_transaction: bool,
}

/// A migration in one direction, ready to be run.
pub(crate) struct Script {
    pub(crate) migration: Planned,
    pub(crate) direction: Direction,
    pub(crate) body: Body,
    /// The checksum of the SQL that is applied; Rust code has none.
    pub(crate) checksum: Option<String>,
    /// Whether the migration may leave something on the session, by its text.
    pub(crate) affects_session: bool,
    /// Whether the migration may leave something that can't be removed, so that the next migration needs a new session.
    pub(crate) needs_new_session: bool,
}

/// What a migration does.
pub(crate) enum Body {
    /// It sends SQL, one message after the other.
    Sql(Vec<String>),
    /// It is Rust code that needs a connection (or that fails, which running it will report).
    Code(Source),
}

impl Plan {
    /// Lists the migrations, on a blocking thread, because they may be files.
    pub(crate) async fn read(
        source: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<Self, MigrationSourceError> {
        let source: Source = Arc::new(source);
        blocking(move || {
            let mut migrations: Vec<Planned> = match source.migrations() {
                Ok(migrations) => migrations.iter().map(|migration| planned(&**migration)).collect(),
                Err(error) => return Err(MigrationSourceError::Unreadable(error)),
            };
            migrations.sort_by(|a, b| a.version.cmp(&b.version));
            match migrations.windows(2).find(|pair| pair[0].version == pair[1].version) {
                Some([twice, ..]) => Err(MigrationSourceError::DuplicateVersion {
                    version: twice.version.clone(),
                }),
                _ => Ok(Self { migrations, source }),
            }
        })
        .await
    }

    /// The migration of a version.
    pub(super) fn find(&self, version: &str) -> Option<&Planned> {
        let found = self
            .migrations
            .binary_search_by(|migration| migration.version.as_str().cmp(version));
        found.ok().map(|index| &self.migrations[index])
    }

    /// The checksums of several versions, as far as these are SQL.
    pub(super) async fn checksums(
        &self,
        versions: Vec<String>,
    ) -> Result<HashMap<String, String>, MigrationSourceError> {
        if versions.is_empty() {
            return Ok(HashMap::new());
        }
        let source = Arc::clone(&self.source);
        blocking(move || {
            let migrations = source.migrations().map_err(MigrationSourceError::Unreadable)?;
            let checksums = migrations.iter().filter_map(|migration| {
                let version = migration.name().version().to_string();
                let sql = versions
                    .contains(&version)
                    .then(|| record(|recorder| migration.run(recorder)).ok())??;
                (!sql.is_empty()).then(|| (version, checksum::of(&sql)))
            });
            Ok(checksums.collect())
        })
        .await
    }

    /// Reads the contents of the migrations of these versions, in one direction. No others are read, because reading a
    /// migration written in Rust means calling it, with a connection that executes nothing.
    ///
    /// Fails if a migration that runs in a transaction would end the transaction, and if a migration that must be
    /// reverted has no `down.sql`.
    pub(crate) async fn prepare(
        &self,
        versions: Vec<String>,
        direction: Direction,
    ) -> Result<Vec<Script>, MigrationSourceError> {
        let source = Arc::clone(&self.source);
        blocking(move || {
            let migrations = match source.migrations() {
                Ok(migrations) => migrations,
                Err(error) => return Err(MigrationSourceError::Unreadable(error)),
            };
            let by_version = |version: &String| {
                migrations
                    .iter()
                    .find(|migration| migration.name().version().to_string() == *version)
            };
            let script = |version: String| match by_version(&version) {
                Some(migration) => Script::read(&**migration, direction, &source),
                None => Err(MigrationSourceError::Gone { version }),
            };
            versions.into_iter().map(script).collect()
        })
        .await
    }
}

impl Script {
    fn read(
        migration: &dyn Migration<Pg>,
        direction: Direction,
        source: &Source,
    ) -> Result<Self, MigrationSourceError> {
        let recorded = record(|recorder| match direction {
            Direction::Up => migration.run(recorder),
            Direction::Down => migration.revert(recorder),
        });
        if direction == Direction::Down {
            require_way_back(migration, &recorded)?;
        }
        let body = match recorded {
            // If nothing was recorded, the code may have done nothing because the connection's type was unknown to it.
            Ok(sql) if !sql.is_empty() => Body::Sql(sql),
            _ => Body::Code(Arc::clone(source)),
        };
        let migration = planned(migration);
        if let (true, Body::Sql(sql)) = (migration.in_transaction, &body)
            && let Some(keyword) = sql
                .iter()
                .find_map(|sql| translate::transaction_control(sql).map(|(word, _)| word))
        {
            return Err(MigrationSourceError::TransactionControl {
                name: migration.name,
                keyword,
            });
        }
        let checksum = match (&body, direction) {
            (Body::Sql(sql), Direction::Up) => Some(checksum::of(sql)),
            _ => None,
        };
        let (affects_session, needs_new_session) = match &body {
            Body::Sql(sql) => (
                sql.iter().any(|sql| session_effects::affects_session(sql)),
                sql.iter().any(|sql| session_effects::needs_new_session(sql)),
            ),
            Body::Code(_) => (true, false),
        };
        Ok(Self {
            migration,
            direction,
            body,
            checksum,
            affects_session,
            needs_new_session,
        })
    }
}

/// An empty script would succeed, and its version row would be removed, while everything that the migration created
/// stays.
fn require_way_back(
    migration: &dyn Migration<Pg>,
    recorded: &diesel::migration::Result<Vec<String>>,
) -> Result<(), MigrationSourceError> {
    let reason = match recorded {
        Ok(sql) if !sql.is_empty() && sql.iter().all(|sql| sql.trim().is_empty()) => "its down.sql is empty".to_owned(),
        #[cfg(feature = "toml")]
        Err(error) if error.is::<crate::migrations::MigrationFolderError>() => error.to_string(),
        _ => return Ok(()),
    };
    Err(MigrationSourceError::Irreversible {
        name: migration.name().to_string(),
        reason,
    })
}

fn planned(migration: &dyn Migration<Pg>) -> Planned {
    Planned {
        version: migration.name().version().to_string(),
        name: migration.name().to_string(),
        in_transaction: migration.metadata().run_in_transaction(),
    }
}
