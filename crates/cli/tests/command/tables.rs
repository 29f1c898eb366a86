//! Tables, on a terminal and elsewhere. `script`, of util-linux, is a terminal for whatever it runs.

use std::process::{Command, Stdio};

use crate::project::Project;

/// What the command shows on a terminal of so many columns.
fn on_terminal(project: &Project, columns: u16, arguments: &[&str]) -> String {
    let quoted: Vec<String> = arguments
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    let line = format!(
        "stty rows 24 cols {columns} && '{}' {}",
        env!("CARGO_BIN_EXE_diesel-tenants"),
        quoted.join(" ")
    );
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(project.path())
        .env("DATABASE_URL", project.database.url())
        .env("TERM", "xterm")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

/// Lines that are part of a table with a frame.
fn framed(shown: &str) -> Vec<&str> {
    let is_framed = |line: &&str| line.starts_with(['┌', '│', '╞', '├', '└']);
    shown.lines().filter(is_framed).collect()
}

#[test]
fn tables_fit_the_terminal_that_they_are_shown_on() {
    let long = "a_tenant_whose_name_is_as_long_as_the_names_of_schemas_may_be";
    let project = Project::with_tenants(&["client1", long]);
    project.migration("tenant_migrations/20261129000001_orders", "CREATE TABLE orders ()", "");
    project.run(&["tenant", "archive", "client1"]).well();
    for columns in [132, 80, 40, 20] {
        for arguments in [
            &["doctor"][..],
            &["status"],
            &["tenant", "list", "--all"],
            &["tenant", "archived"],
            &["shared", "status"],
            &[
                "run",
                "SELECT 1 AS one, 'x' AS two, repeat('word ', 60) AS three, repeat('#', 200) AS four",
            ],
        ] {
            let shown = on_terminal(&project, columns, arguments);
            let frame = framed(&shown);
            let widest = frame.iter().map(|line| line.chars().count()).max().unwrap_or_default();
            assert!(widest <= usize::from(columns), "{arguments:?} at {columns}: {shown}");
            assert!(columns < 80 || widest > 0, "{arguments:?} has a table: {shown}");
            if arguments[0] == "run" {
                assert_eq!(shown.matches('#').count(), 200, "nothing is cut off: {shown}");
            }
        }
    }
    // COLUMNS counts more than what the terminal says.
    let mut command = Command::new("script");
    let line = format!("COLUMNS=50 '{}' doctor", env!("CARGO_BIN_EXE_diesel-tenants"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command
        .current_dir(project.path())
        .env("DATABASE_URL", project.database.url());
    let shown = String::from_utf8(command.stdin(Stdio::null()).output().unwrap().stdout).unwrap();
    let shown = shown.replace('\r', "");
    assert!(framed(&shown).iter().all(|line| line.chars().count() <= 50), "{shown}");
}

#[test]
fn tables_that_are_piped_have_one_line_for_each_row_and_no_frame() {
    let project = Project::with_tenants(&["client1"]);
    let mut command = project.command(&["run", "SELECT 1 AS one, repeat('word ', 60) AS two"]);
    let output = command.env("COLUMNS", "40").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(framed(&out).is_empty(), "{out}");
}
