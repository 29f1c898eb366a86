//! What the tests of this room share.

use std::path::Path;

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    sqlite::Sqlite,
};
use diesel_tenants_translate::SchemaName;

use super::Folder;
use crate::backend::sqlite::migrations::Plan;

/// A folder that is removed afterwards.
pub(crate) fn folder() -> (tempfile::TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    let folder = at(root.path());
    (root, folder)
}

pub(crate) fn at(root: &Path) -> Folder {
    Folder::open(root, name("public")).unwrap()
}

/// Keeps a tenant's file from being opened, as a rename does.
pub(crate) fn moving(folder: &Folder, tenant: &SchemaName) -> impl Drop + use<> {
    struct Held(Option<super::path_locks::Moving>);

    impl Drop for Held {
        fn drop(&mut self) {
            drop(self.0.take());
        }
    }

    Held(folder.try_moving(&folder.path_of(tenant).unwrap()).unwrap())
}

pub(crate) fn name(name: &str) -> SchemaName {
    name.parse().unwrap()
}

/// Migrations with the given names and SQL. One whose name ends in `_outside` runs outside a transaction.
pub(crate) fn plan(migrations: &[(&'static str, &'static str)]) -> Plan {
    Plan::read(&source(migrations)).unwrap()
}

/// A source of the same.
pub(crate) fn source(migrations: &[(&'static str, &'static str)]) -> Texts {
    let texts = migrations.iter().map(|(name, up)| Text { name, up, down: "" });
    Texts(texts.collect())
}

/// Migrations with the given names, SQL, and SQL that reverts them.
pub(crate) fn reversible(migrations: &[(&'static str, &'static str, &'static str)]) -> Plan {
    let texts = migrations.iter().map(|(name, up, down)| Text { name, up, down });
    Plan::read(&Texts(texts.collect())).unwrap()
}

pub(crate) struct Texts(Vec<Text>);

#[derive(Clone)]
struct Text {
    name: &'static str,
    up: &'static str,
    down: &'static str,
}

impl MigrationSource<Sqlite> for Texts {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(self.0.iter().map(|text| Box::new(text.clone()) as _).collect())
    }
}

impl Migration<Sqlite> for Text {
    fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(self.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Text {
    fn run_in_transaction(&self) -> bool {
        !self.name.ends_with("_outside")
    }
}

impl MigrationName for Text {
    fn version(&self) -> MigrationVersion<'_> {
        self.name.split('_').next().unwrap_or_default().into()
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
