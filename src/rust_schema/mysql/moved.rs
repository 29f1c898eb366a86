//! Migrations that are run in other databases than they name.
//!
//! A tenant's migration names the shared database (`REFERENCES public.users`). In a scratch database it must mean the
//! scratch database of the shared tables.

use diesel::{
    connection::BoxableConnection,
    migration::{self, Migration, MigrationMetadata, MigrationName, MigrationSource},
    mysql::Mysql,
};

use crate::{
    SchemaName,
    backend::{migration_sql::record, mysql::lifecycle::renamed},
};

/// Migrations with another name for the shared database.
pub(super) struct Moved<S> {
    pub(super) source: S,
    pub(super) shared: SchemaName,
    pub(super) scratch: SchemaName,
}

struct MovedMigration {
    migration: Box<dyn Migration<Mysql>>,
    texts: Vec<String>,
}

/// Why a migration can't be run in a scratch database.
#[derive(Debug, thiserror::Error)]
enum NotMovable {
    #[error(
        "the migration {name} is written in Rust, and may name the shared database, which a scratch database must not \
         touch: read a live tenant (`from_tenant`, `--tenant`)"
    )]
    Code { name: String },
    #[error("the migration {name} can't be run in a scratch database: {reason}")]
    Unreadable { name: String, reason: String },
}

impl<S: MigrationSource<Mysql>> MigrationSource<Mysql> for Moved<S> {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn Migration<Mysql>>>> {
        let migrations = self.source.migrations()?.into_iter();
        migrations
            .map(|migration| {
                let moved: Box<dyn Migration<Mysql>> =
                    Box::new(MovedMigration::of(migration, &self.shared, &self.scratch)?);
                Ok(moved)
            })
            .collect()
    }
}

impl MovedMigration {
    fn of(migration: Box<dyn Migration<Mysql>>, shared: &SchemaName, scratch: &SchemaName) -> Result<Self, NotMovable> {
        let name = || migration.name().to_string();
        let texts = match record(|recorder| migration.run(recorder)) {
            Ok(texts) if !texts.is_empty() => texts,
            _ => return Err(NotMovable::Code { name: name() }),
        };
        let moved = texts.iter().map(|sql| {
            let moved = renamed(sql, &[(shared, scratch)]);
            moved.map_err(|reason| NotMovable::Unreadable { name: name(), reason })
        });
        let texts = moved.collect::<Result<_, NotMovable>>()?;
        Ok(Self { migration, texts })
    }
}

impl Migration<Mysql> for MovedMigration {
    fn run(&self, connection: &mut dyn BoxableConnection<Mysql>) -> migration::Result<()> {
        for sql in &self.texts {
            connection.batch_execute(sql)?;
        }
        Ok(())
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Mysql>) -> migration::Result<()> {
        Err("a scratch database is dropped, and nothing in it is reverted".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self.migration.metadata()
    }

    fn name(&self) -> &dyn MigrationName {
        self.migration.name()
    }
}
