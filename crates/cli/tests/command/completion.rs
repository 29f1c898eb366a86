//! What Tab gives, in a real bash that runs the script as users' bashes do.

use std::{path::Path, process::Command};

use crate::project::Project;

/// The words that bash offers for a command line that ends where the cursor is.
fn offered(project: &Project, url: &str, line: &[&str]) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_diesel-tenants"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    // Bash itself looks for the function and calls it like this.
    let script = r#"
        source <(diesel-tenants completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        [[ $(complete -p diesel-tenants) =~ -F\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" diesel-tenants "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = Command::new("bash")
        .args(["--norc", "-c", script, "bash"])
        .args(line)
        .env_clear()
        .env("PATH", path)
        .env("DATABASE_URL", url)
        .current_dir(project.path())
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(err, "", "nothing is said while somebody types");
    let out = String::from_utf8(output.stdout).unwrap();
    out.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn words_of_subcommands_and_their_options_are_completed() {
    let project = Project::new();
    let offered = |line: &[&str]| offered(&project, "", line);
    assert_eq!(offered(&["diesel-tenants", "tenant", "cre"]), ["create"]);
    assert_eq!(offered(&["diesel-tenants", "sch"]), ["schema"]);
    assert_eq!(offered(&["diesel-tenants", "shared", "mig"]), ["migrate"]);
    assert_eq!(offered(&["diesel-tenants", "migrate", "--keep"]), ["--keep-going"]);
    assert_eq!(
        offered(&["diesel-tenants", "tenant", "create", "--if-n"]),
        ["--if-not-exists"]
    );
}

#[test]
fn tenants_names_are_completed_and_none_that_a_shell_would_obey() {
    let project = Project::with_tenants(&["client1", "client2", "other", "client x;reboot", "client'3", "cliént"]);
    project.run(&["tenant", "archive", "other"]).well();
    let url = project.database.url();
    let offered = |line: &[&str]| offered(&project, url, line);
    for line in [
        &["diesel-tenants", "tenant", "drop", "cl"][..],
        &["diesel-tenants", "tenant", "suspend", "client1", "cl"],
        &["diesel-tenants", "tenant", "export", "cl"],
        &["diesel-tenants", "migrate", "--only", "cl"],
        &["diesel-tenants", "status", "--only", "cl"],
        &["diesel-tenants", "run", "SELECT 1", "--only", "cl"],
        &["diesel-tenants", "drift", "cl"],
    ] {
        assert_eq!(offered(line), ["client1", "client2", "cliént"], "{line:?}");
    }
    // An archive's name has spaces.
    let archives = offered(&["diesel-tenants", "tenant", "restore", "diesel"]);
    assert_eq!(archives, [""; 0]);
}

#[test]
fn a_database_that_cannot_be_asked_has_no_names() {
    let project = Project::with_tenants(&["client1"]);
    let drop = ["diesel-tenants", "tenant", "drop", "cl"];
    for url in ["", "nonsense", "postgres://nobody@127.0.0.1:1/nothing"] {
        assert_eq!(offered(&project, url, &drop), [""; 0], "{url}");
    }
    let url = project.database.url();
    let with_url = ["diesel-tenants", "--database-url", url, "tenant", "drop", "cl"];
    assert_eq!(
        offered(&project, "postgres://nobody@127.0.0.1:1/nothing", &with_url),
        ["client1"],
        "an option counts more than the variable"
    );
}
