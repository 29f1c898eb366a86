use diesel::{
    backend::Backend,
    connection::BoxableConnection,
    migration::{self, MigrationSource},
};

use super::Direction;

/// Calls a migration that is Rust code. It is looked for in its source again, since it can't be sent between threads.
pub(crate) fn call_version<DB: Backend>(
    source: &dyn MigrationSource<DB>,
    version: &str,
    direction: Direction,
    connection: &mut dyn BoxableConnection<DB>,
) -> migration::Result<()> {
    let migrations = source.migrations()?;
    let migration = migrations
        .iter()
        .find(|migration| migration.name().version().to_string() == version)
        .ok_or("the migration is gone from its source")?;
    match direction {
        Direction::Up => migration.run(connection),
        Direction::Down => migration.revert(connection),
    }
}
