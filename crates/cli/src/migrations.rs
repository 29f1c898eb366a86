//! Migrations, as a subcommand chooses them.

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationSource, Result},
};
use diesel_tenants::migrations::{ChosenMigrations, MigrationFolder, NoMigrations};

/// Migrations for any kind of database.
#[derive(Clone)]
pub enum Migrations {
    None,
    /// All of a folder.
    All(MigrationFolder),
    /// Those of a folder that have these versions.
    Versions(MigrationFolder, Vec<String>),
}

impl<DB: Backend> MigrationSource<DB> for Migrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        match self {
            Self::None => NoMigrations.migrations(),
            Self::All(folder) => folder.migrations(),
            Self::Versions(folder, versions) => {
                ChosenMigrations::with_versions(folder.clone(), versions.clone()).migrations()
            }
        }
    }
}
