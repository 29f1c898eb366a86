//! What the tests share: databases, and the files to compare with.

use std::path::{Path, PathBuf};

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion, Result as Migrated},
    pg::Pg,
};
use diesel_migrations::FileBasedMigrations;
use diesel_tenants::{TenantPool, rust_schema::RustSchema};
use diesel_tenants_test_support::{Database, Server};

pub fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn migrations(path: &str) -> FileBasedMigrations {
    FileBasedMigrations::from_path(folder(path)).unwrap()
}

pub async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(1).build().await.unwrap();
    (pool, database)
}

/// Compares with the files in the folder, or writes them, if asked to.
#[track_caller]
pub fn assert_is(schema: &RustSchema, path: &str) {
    let folder = folder(path);
    if std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty()) {
        schema.write(&folder).unwrap();
        return;
    }
    let outdated = schema.check(&folder).unwrap();
    let differences: String = outdated.iter().map(ToString::to_string).collect();
    assert!(
        outdated.is_empty(),
        "{path} is not what is generated; UPDATE=1 writes it anew:\n{differences}"
    );
    for (file, text) in [("shared.rs", schema.shared()), ("tenant.rs", schema.tenant())] {
        assert_eq!(std::fs::read_to_string(folder.join(file)).unwrap(), text, "to the byte");
    }
}

/// One migration, or none, of this SQL.
#[derive(Debug, Clone)]
pub struct Sql(pub String);

impl Sql {
    pub fn of(sql: &str) -> Self {
        Self(sql.to_owned())
    }
}

impl MigrationSource<Pg> for Sql {
    fn migrations(&self) -> Migrated<Vec<Box<dyn Migration<Pg>>>> {
        let migration: Box<dyn Migration<Pg>> = Box::new(self.clone());
        Ok((!self.0.is_empty()).then_some(migration).into_iter().collect())
    }
}

impl Migration<Pg> for Sql {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> Migrated<()> {
        Ok(connection.batch_execute(&self.0)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Pg>) -> Migrated<()> {
        Err("not reverted by any test".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Sql {}

impl MigrationName for Sql {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from("1")
    }
}

impl std::fmt::Display for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("1")
    }
}
