//! Migrations in Rust.

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    sqlite::Sqlite,
};

use super::*;

/// A migration in Rust, by its name.
struct Code(&'static str);

impl Migration<Sqlite> for Code {
    fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
        let connection = connection
            .downcast_mut::<SqliteConnection>()
            .ok_or("a connection of SQLite is needed")?;
        connection.transaction(|connection| {
            diesel::sql_query("CREATE TABLE IF NOT EXISTS code (text TEXT)").execute(connection)
        })?;
        match self.0 {
            "01_good" => diesel::sql_query("INSERT INTO code VALUES ('good')")
                .execute(connection)
                .map(drop)?,
            "01_attaches" => connection.batch_execute("ATTACH ':memory:' AS x")?,
            "01_commits" => connection.batch_execute("COMMIT; BEGIN")?,
            "01_rolls_back" => connection.batch_execute("ROLLBACK")?,
            _ => return Err("it failed".into()),
        }
        Ok(())
    }

    fn revert(&self, _: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
        Ok(())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Code {}

impl MigrationName for Code {
    fn version(&self) -> MigrationVersion<'_> {
        "01".into()
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl MigrationSource<Sqlite> for Code {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
        Ok(vec![Box::new(Code(self.0))])
    }
}

#[test]
fn a_migration_in_rust_has_the_connection_and_is_held_to_the_same() {
    let (_guard, folder) = store();
    let tenant = name("client1");
    for (code, message) in [
        ("01_fails", "the file is as it was before"),
        ("01_attaches", "the file is as it was before"),
        ("01_rolls_back", "the migration ended its transaction"),
        ("01_commits", "the migration ended its transaction"),
    ] {
        let error = folder
            .migrate(&tenant, &Plan::read(&Code(code)).unwrap(), WAIT)
            .unwrap_err();
        let error = error.source().unwrap().to_string();
        assert!(error.contains(message), "{code}: {error}");
        let versions = texts(&folder, "SELECT version AS text FROM __diesel_schema_migrations");
        assert_eq!(versions, [""; 0], "{code}");
    }
    let good = Plan::read(&Code("01_good")).unwrap();
    assert_eq!(folder.migrate(&tenant, &good, WAIT).unwrap(), ["01"]);
    assert_eq!(texts(&folder, "SELECT text FROM code"), ["good"]);
    assert_eq!(folder.revert(&tenant, &good, 1, WAIT).unwrap(), ["01"]);
}

#[test]
fn a_panic_in_a_migration_leaves_the_file_and_its_lock_free() {
    struct Panics;
    impl MigrationSource<Sqlite> for Panics {
        fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Sqlite>>>> {
            Ok(vec![Box::new(Self)])
        }
    }
    impl Migration<Sqlite> for Panics {
        fn run(&self, connection: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
            if let Some(connection) = connection.downcast_mut::<SqliteConnection>() {
                connection.batch_execute("CREATE TABLE half (a)")?;
                panic!("in the middle");
            }
            Ok(())
        }
        fn revert(&self, _: &mut dyn BoxableConnection<Sqlite>) -> diesel::migration::Result<()> {
            Ok(())
        }
        fn metadata(&self) -> &dyn MigrationMetadata {
            &Code("01_panics")
        }
        fn name(&self) -> &dyn MigrationName {
            &Code("01_panics")
        }
    }

    let (_guard, folder) = store();
    let panics = Plan::read(&Panics).unwrap();
    let run = std::panic::AssertUnwindSafe(|| folder.migrate(&name("client1"), &panics, WAIT));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!(tables(&folder), [""; 0]);
    assert_eq!(migrate(&folder, &[("01_a", "CREATE TABLE a (b)")]).unwrap(), ["01"]);
}
