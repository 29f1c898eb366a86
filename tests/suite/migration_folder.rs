use std::{fs, path::Path};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{
    Revert, TenantPool,
    migrations::{MigrationFolder, MigrationFolderError},
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

fn two() -> Folder {
    Folder::of(&[
        ("2026-11-21-000002_two", "CREATE TABLE two ()", "DROP TABLE two"),
        ("2026-11-21-000001_one", "CREATE TABLE one ()", "DROP TABLE one"),
    ])
}

/// The error of a folder in which something was changed.
fn error(change: impl FnOnce(&Path)) -> (MigrationFolderError, String) {
    let folder = two();
    change(folder.path());
    let error = MigrationFolder::read(folder.path()).unwrap_err();
    let told = chain(&error);
    (error, told)
}

#[test]
fn migrations_are_read_in_the_order_of_their_versions() {
    let folder = two();
    fs::write(folder.path().join("README.md"), "not a migration").unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let migrations = MigrationFolder::read(folder.path()).unwrap();
    let versions: Vec<&str> = migrations.versions().collect();
    assert_eq!(versions, ["20261121000001", "20261121000002"], "as Diesel writes them");
}

#[test]
fn metadata_is_taken_by_its_word_or_not_at_all() {
    for (text, told) in [
        ("", "missing field `run_in_transaction`"),
        ("run_in_transaction = 1", "invalid type"),
        (
            "run_in_transaction = true\nrun_in_transactions = true",
            "unknown field `run_in_transactions`",
        ),
        ("run_in_transaction", "TOML parse error"),
    ] {
        let (error, chain) = error(|path| fs::write(path.join("2026-11-21-000002_two/metadata.toml"), text).unwrap());
        assert!(matches!(error, MigrationFolderError::Metadata { .. }), "{error:?}");
        assert!(
            chain.contains("2026-11-21-000002_two/metadata.toml") && chain.contains(told),
            "{chain}"
        );
    }
    let (error, _) = error(|path| fs::create_dir(path.join("2026-11-21-000002_two/metadata.toml")).unwrap());
    assert!(matches!(error, MigrationFolderError::File { .. }), "{error:?}");
}

#[test]
fn what_is_wrong_with_a_migration_names_its_file() {
    let (error_, told) = error(|path| fs::create_dir(path.join("3_three")).unwrap());
    assert!(
        matches!(error_, MigrationFolderError::NoUpScript { .. }) && told.contains("3_three is not a migration"),
        "{told}"
    );

    let empty = "2026-11-21-000001_one/up.sql";
    let (error_, told) = error(|path| fs::write(path.join(empty), " \n").unwrap());
    assert!(
        matches!(error_, MigrationFolderError::Empty { .. }) && told.contains(&format!("{empty} is empty")),
        "{told}"
    );
    for script in ["up.sql", "down.sql"] {
        let script = format!("2026-11-21-000001_one/{script}");
        let (error_, told) = error(|path| fs::write(path.join(&script), b"SELECT '\xff'").unwrap());
        assert!(
            matches!(error_, MigrationFolderError::NotUtf8 { .. }) && told.contains(&script),
            "{told}"
        );
    }

    let (error_, told) = error(|path| {
        let again = path.join("20261121-000002_again");
        fs::create_dir(&again).unwrap();
        fs::write(again.join("up.sql"), "SELECT 1").unwrap();
    });
    assert!(
        matches!(error_, MigrationFolderError::DuplicateVersion { .. }),
        "{error_:?}"
    );
    assert!(
        told.contains("000002_again") && told.contains("000002_two") && told.contains("the same version"),
        "{told}"
    );

    for name in ["_no_version", &format!("{}_long", "9".repeat(51))] {
        let (error_, _) = error(|path| fs::create_dir(path.join(name)).unwrap());
        assert!(matches!(error_, MigrationFolderError::Version { .. }), "{error_:?}");
    }

    let missing = MigrationFolder::read("no/such/folder").unwrap_err();
    assert!(matches!(missing, MigrationFolderError::Folder { .. }), "{missing:?}");
}

/// Whether the tenant has its second table, and is recorded to have it.
fn second(database: &Database, schema: &str) -> String {
    let sql = format!(
        "SELECT concat_ws(' ', to_regclass('{schema}.two'), (SELECT count(*) FROM {schema}.__diesel_schema_migrations))"
    );
    database.query_strings(&sql)[0][0].clone().unwrap()
}

#[tokio::test]
async fn a_missing_or_empty_down_script_is_an_error_once_it_is_needed() {
    for (text, told) in [
        (
            None,
            "2026-11-21-000002_two has no down.sql: write one that undoes up.sql",
        ),
        (
            Some(" \n\t"),
            "2026-11-21-000002_two/down.sql is empty: write SQL that undoes up.sql",
        ),
    ] {
        let folder = two();
        let down = folder.path().join("2026-11-21-000002_two/down.sql");
        match text {
            Some(text) => fs::write(down, text).unwrap(),
            None => fs::remove_file(down).unwrap(),
        }
        let database = Server::shared().database();
        let pool = TenantPool::builder(database.url()).build().await.unwrap();
        let migrations = MigrationFolder::read(folder.path()).unwrap();
        // Whatever doesn't revert it doesn't ask for it.
        pool.create_tenant("client1", migrations.clone()).await.unwrap();
        pool.migrate_shared(migrations.clone()).await.unwrap();
        assert!(
            pool.migrate_tenants(migrations.clone())
                .run()
                .await
                .unwrap()
                .is_success()
        );
        let status = pool.migration_status(migrations.clone()).await.unwrap();
        assert!(status.tenants[0].pending.is_empty());

        let nothing_was = "migration 2026-11-21-000002_two can't be reverted, and nothing was reverted: ";
        for revert in [Revert::Last(1), Revert::All] {
            let error = pool.revert_tenants(migrations.clone(), revert).run().await.unwrap_err();
            let chain = chain(&error);
            assert!(chain.contains(nothing_was) && chain.contains(told), "{chain}");
        }
        let error = pool
            .revert_tenant("client1", migrations.clone(), Revert::Last(1))
            .await
            .unwrap_err();
        assert!(chain(&error).contains(told), "{}", chain(&error));
        let error = pool
            .revert_shared(migrations.clone(), Revert::Last(1))
            .await
            .unwrap_err();
        assert!(chain(&error).contains(told), "{}", chain(&error));
        assert_eq!(second(&database, "client1"), "client1.two 2");
    }
}

/// Diesel runs an empty script that was embedded, and removes the version row.
#[tokio::test]
async fn an_embedded_migration_with_an_empty_down_script_is_not_taken_for_reverted() {
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/suite/empty_down");
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.create_tenant("client1", MIGRATIONS).await.unwrap();
    let error = pool.revert_tenants(MIGRATIONS, Revert::All).run().await.unwrap_err();
    let told = chain(&error);
    assert!(
        told.contains("migration 0001_one can't be reverted, and nothing was reverted: its down.sql is empty"),
        "{told}"
    );
    assert_eq!(second(&database, "client1"), "client1.two 2");
}

#[tokio::test]
async fn files_that_change_afterwards_change_nothing() {
    let folder = two();
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let migrations = MigrationFolder::read(folder.path()).unwrap();
    fs::write(
        folder.path().join("2026-11-21-000002_two/up.sql"),
        "CREATE TABLE other ()",
    )
    .unwrap();
    pool.create_tenant("client1", migrations).await.unwrap();
    let rows = database.query_strings("SELECT to_regclass('client1.two')::text, to_regclass('client1.other')::text");
    assert_eq!(rows, [[Some("client1.two".to_owned()), None]]);
}
