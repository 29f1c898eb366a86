use std::{fs, path::Path};

use diesel_tenants::{
    TenantPool,
    migrations::{MigrationFolder, MigrationFolderError, TenantOutcome},
};
use diesel_tenants_test_support::Server;

use crate::{migrations::Folder, store::chain};

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
        matches!(error_, MigrationFolderError::NoUpScript { .. }) && told.contains("3_three is no migration"),
        "{told}"
    );

    for script in ["up.sql", "down.sql"] {
        let script = format!("2026-11-21-000001_one/{script}");
        let (error_, told) = error(|path| fs::write(path.join(&script), " \n").unwrap());
        assert!(
            matches!(error_, MigrationFolderError::Empty { .. }) && told.contains(&script),
            "{told}"
        );
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

#[tokio::test]
async fn a_missing_down_script_is_an_error_once_it_is_needed() {
    let folder = two();
    let down = folder.path().join("2026-11-21-000002_two/down.sql");
    fs::remove_file(&down).unwrap();
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let migrations = MigrationFolder::read(folder.path()).unwrap();
    pool.create_tenant("client1", migrations.clone()).await.unwrap();
    pool.migrate_shared(migrations.clone()).await.unwrap();

    let report = pool
        .revert_tenants(migrations, diesel_tenants::Revert::Last(1))
        .run()
        .await
        .unwrap();
    let TenantOutcome::Failed(error) = &report.tenants[0].outcome else {
        panic!("{report:?}")
    };
    let told = chain(error);
    assert!(
        told.contains("2026-11-21-000002_two can't be reverted: it holds no down.sql"),
        "{told}"
    );
    let rows = database.query_strings("SELECT to_regclass('client1.two')::text");
    assert_eq!(rows, [[Some("client1.two".to_owned())]]);
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
