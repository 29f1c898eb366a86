//! The example `store`, as users run it.

use std::process::{Command, Output};

use diesel_tenants_test_support::Server;

/// Runs the example. Cargo builds examples along with the tests.
fn run(arguments: &[&str]) -> Output {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/store");
    let mut example = Command::new(example);
    example.args(arguments).env_remove("DATABASE_URL").output().unwrap()
}

/// What the example prints.
fn printed(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn the_store_prints_the_same_table_on_every_database() {
    let in_a_temporary_folder = printed(&[]);
    assert!(in_a_temporary_folder.contains("│ Ada   ┆ Tesla  ┆       5000 ┆        1 ┆  5000 │"));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("data").display());
    assert_eq!(printed(&["--database-url", &url]), in_a_temporary_folder);
    // What is there already stays.
    assert_eq!(printed(&["--database-url", &url]), in_a_temporary_folder);
    let database = Server::shared().database();
    assert_eq!(printed(&["--database-url", database.url()]), in_a_temporary_folder);
    #[cfg(feature = "mysql")]
    for url in mysql_urls() {
        assert_eq!(printed(&["--database-url", &url]), in_a_temporary_folder);
    }
}

/// Two times the same server, since what is there already stays.
#[cfg(feature = "mysql")]
fn mysql_urls() -> [String; 2] {
    let url = diesel_tenants_test_support::MariaDb::shared().url();
    [url.replacen("mysql:", "mariadb:", 1), url]
}

#[test]
fn the_store_tells_what_it_does_not_know() {
    let refused = run(&["--oracle"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && message.contains("--mysql"), "{message}");
}
