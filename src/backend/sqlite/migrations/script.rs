use diesel::{migration::Migration, sqlite::Sqlite};

use super::{MigrationProblem, rules};
use crate::backend::migration_sql::{Direction, checksum, record};

/// A migration in one direction, ready to be run.
pub(super) struct Script<'a> {
    pub(super) version: String,
    /// Version and title.
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) in_transaction: bool,
    pub(super) body: Body<'a>,
    /// The checksum of the SQL that is applied; Rust code has none.
    pub(super) checksum: Option<String>,
}

/// What a migration does.
pub(super) enum Body<'a> {
    /// It sends SQL, one text after the other.
    Sql(Vec<String>),
    /// It is Rust code that needs a connection (or that fails, which running it will report).
    Code(&'a dyn Migration<Sqlite>),
}

impl<'a> Script<'a> {
    /// Reads a migration. Fails if its SQL does what is [refused](rules), or if it must be reverted and can't be.
    pub(super) fn read(migration: &'a dyn Migration<Sqlite>, direction: Direction) -> Result<Self, MigrationProblem> {
        let recorded = record(|recorder| match direction {
            Direction::Up => migration.run(recorder),
            Direction::Down => migration.revert(recorder),
        });
        let name = migration.name().to_string();
        let in_transaction = migration.metadata().run_in_transaction();
        let body = match recorded {
            // An empty script would succeed, and its version row would be removed, while all that was created stays.
            Ok(sql)
                if direction == Direction::Down && !sql.is_empty() && sql.iter().all(|sql| sql.trim().is_empty()) =>
            {
                let reason = "its down.sql is empty".to_owned();
                return Err(MigrationProblem::Irreversible { name, reason });
            }
            // If nothing was recorded, the code may have done nothing because the connection's type was unknown to it.
            Ok(sql) if !sql.is_empty() => Body::Sql(sql),
            Err(error) if direction == Direction::Down && is_no_way_back(&*error) => {
                let reason = error.to_string();
                return Err(MigrationProblem::Irreversible { name, reason });
            }
            _ => Body::Code(migration),
        };
        let mut sum = None;
        if let Body::Sql(sql) = &body {
            sql.iter()
                .try_for_each(|sql| rules::check(&name, sql, in_transaction))?;
            sum = (direction == Direction::Up).then(|| checksum::of(sql));
        }
        Ok(Self {
            version: migration.name().version().to_string(),
            name,
            direction,
            in_transaction,
            body,
            checksum: sum,
        })
    }
}

/// Whether the source itself says that a migration can't be reverted.
fn is_no_way_back(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(
        error.downcast_ref(),
        Some(diesel_migrations::MigrationError::NoMigrationRevertFile)
    )
}
