//! The example `store`, as users run it.

use std::process::Command;

use diesel_tenants_test_support::Server;

/// What the example prints. Cargo builds examples along with the tests.
fn printed(arguments: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/store");
    let run = Command::new(example)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn the_store_prints_the_same_table_on_both_databases() {
    let in_a_temporary_folder = printed(&[]);
    assert!(in_a_temporary_folder.contains("│ Ada   ┆ Tesla  ┆       5000 ┆        1 ┆  5000 │"));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("data").display());
    assert_eq!(printed(&["--database-url", &url]), in_a_temporary_folder);
    // What is there already stays.
    assert_eq!(printed(&["--database-url", &url]), in_a_temporary_folder);
    let database = Server::shared().database();
    assert_eq!(printed(&["--database-url", database.url()]), in_a_temporary_folder);
}
