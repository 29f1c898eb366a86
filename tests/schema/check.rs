//! Files on disk: written, compared, and left alone.

use std::fs;

use diesel_tenants::rust_schema::RustSchema;

use crate::setting::{Sql, empty};

async fn schema(tenant: &str) -> RustSchema {
    let (pool, _database) = empty().await;
    let shared = Sql::of("CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)");
    pool.rust_schema()
        .from_migrations(shared, Sql::of(tenant))
        .await
        .unwrap()
}

const ORDERS: &str = "CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES public.users)";

#[tokio::test]
async fn a_folder_is_made_with_modules_and_is_up_to_date_then() {
    let schema = schema(ORDERS).await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("src/schema");
    let missing = schema.check(&folder).unwrap();
    assert_eq!(
        missing.iter().map(|file| file.is_missing).collect::<Vec<_>>(),
        [true, true]
    );

    let files = ["shared.rs", "tenant.rs", "mod.rs"].map(|file| folder.join(file));
    assert_eq!(schema.write(&folder).unwrap(), files);
    assert_eq!(schema.check(&folder).unwrap(), []);
    assert!(
        fs::read_to_string(&files[2])
            .unwrap()
            .contains("pub mod shared;\npub mod tenant;\n")
    );
    assert_eq!(
        schema.write(&folder).unwrap(),
        [""; 0].map(|_| folder.clone()),
        "nothing is touched twice"
    );
}

#[tokio::test]
async fn a_module_of_the_callers_stays() {
    let schema = schema(ORDERS).await;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("schema");
    fs::write(root.path().join("schema.rs"), "pub mod shared; pub mod tenant;").unwrap();
    schema.write(&folder).unwrap();
    assert!(!folder.join("mod.rs").exists());

    let folder = root.path().join("other");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mod.rs"), "mine").unwrap();
    schema.write(&folder).unwrap();
    assert_eq!(fs::read_to_string(folder.join("mod.rs")).unwrap(), "mine");
}

#[tokio::test]
async fn a_file_behind_the_migrations_is_shown_as_a_diff_of_what_changed_only() {
    let before = schema(ORDERS).await;
    let after = schema(&format!("{ORDERS}; ALTER TABLE orders ADD COLUMN note text")).await;
    let folder = tempfile::tempdir().unwrap();
    before.write(folder.path()).unwrap();
    let outdated = after.check(folder.path()).unwrap();
    let [file] = outdated.as_slice() else {
        panic!("{outdated:?}")
    };
    assert_eq!(file.path, folder.path().join("tenant.rs"));
    assert!(!file.is_missing);
    let diff = file.to_string();
    let changed: Vec<&str> = diff
        .lines()
        .skip(2)
        .filter(|line| line.starts_with(['+', '-']))
        .collect();
    assert_eq!(changed, ["+        note -> Nullable<Text>,"], "{diff}");
    assert!(
        diff.starts_with(&format!("--- {}\n+++ ", file.path.display())),
        "{diff}"
    );
}

#[tokio::test]
async fn how_lines_end_is_no_difference_and_what_is_no_text_is() {
    let schema = schema(ORDERS).await;
    let folder = tempfile::tempdir().unwrap();
    schema.write(folder.path()).unwrap();
    let shared = folder.path().join("shared.rs");
    fs::write(&shared, schema.shared().replace('\n', "\r\n")).unwrap();
    assert_eq!(schema.check(folder.path()).unwrap(), []);
    fs::write(&shared, b"\xff").unwrap();
    assert_eq!(schema.check(folder.path()).unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let schema = schema(ORDERS).await;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("shared.rs")).unwrap();
    let error = schema.check(folder.path()).unwrap_err();
    assert!(
        error.to_string().starts_with("can't read /") && error.to_string().ends_with("shared.rs"),
        "{error}"
    );
}
