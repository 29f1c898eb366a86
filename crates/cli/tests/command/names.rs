//! Tenants' names, whatever is in them, and whatever says them.

use serde_json::json;

use crate::project::{Ended, Project};

/// Names, and how each is printed.
const NAMES: [(&str, &str); 7] = [
    ("o'brien", "o'brien"),
    ("two\nlines\ttab", "two\\nlines\\ttab"),
    ("two\\nlines", "two\\\\nlines"),
    ("\u{1b}[2J\u{9b}31mred", "\\u{1b}[2J\\u{9b}31mred"),
    ("abc\u{202e}fed", "abc\\u{202e}fed"),
    ("שלום", "שלום"),
    ("🦀 \"crab\"", "🦀 \"crab\""),
];

/// What a terminal would obey, or what turns the line around.
fn is_obeyed(character: char) -> bool {
    character.is_control() && character != '\n' || character == '\u{202e}'
}

#[track_caller]
fn assert_harmless(arguments: &[&str], ended: &Ended) {
    for text in [&ended.out, &ended.err] {
        assert!(!text.contains(is_obeyed), "{arguments:?}: {text:?}");
        assert!(!text.contains("o\\'brien"), "{arguments:?}: {text}");
    }
}

#[test]
fn a_name_is_printed_in_one_way_everywhere() {
    let project = Project::new();
    let create: Vec<&str> = ["tenant", "create"]
        .into_iter()
        .chain(NAMES.map(|(name, _)| name))
        .collect();
    let out = project.run(&create).well();
    let lines: Vec<String> = NAMES
        .iter()
        .map(|(_, shown)| format!("{shown}: created, 1 migration applied"))
        .collect();
    assert_eq!(out.lines().collect::<Vec<_>>(), lines);
    project.database.run("CREATE UNLOGGED TABLE \"o'brien\".cache (id int)");
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (); SELECT 1 / (current_schema() <> 'o''brien')::int",
        "DROP TABLE orders",
    );

    for arguments in [
        &["tenant", "list"][..],
        &["status"],
        &["migrate", "--keep-going"],
        &["run", "SELECT current_schema() AS \"a\u{1b}b\", E'x\\n\\x1b[2Jy'"],
        &["run", "SELECT 1 / 0"],
        &["drift", "שלום"],
        &["doctor"],
        &["revert"],
        &["tenant", "drop", "two\nlines\ttab", "abc\u{202e}fed"],
        &["tenant", "drop", "two\nlines\ttab", "--dry-run"],
        &["tenant", "drop", "no\u{1b}body"],
        &["tenant", "create", "\u{1b}[2J\u{9b}31mred"],
        &["status", "--only", "no\u{1b}body"],
        &["tenant", "suspend", "two\nlines\ttab"],
        &["tenant", "resume", "two\nlines\ttab"],
        &["tenant", "clone", "o'brien", "cl\u{1b}one"],
        &["tenant", "rename", "cl\u{1b}one", "re\u{9b}named"],
        &["tenant", "archive", "re\u{9b}named"],
        &["tenant", "archived"],
        &["tenant", "list", "--all"],
        &["tenant", "export", "two\nlines\ttab", "out"],
        &["tenant", "import", "two\rlines", "out"],
        &["tenant", "import", "two\rlines", "out"],
    ] {
        let ended = project.run(arguments);
        assert_harmless(arguments, &ended);
        if matches!(
            arguments,
            ["tenant", "list"] | ["status"] | ["migrate", ..] | ["run", ..]
        ) {
            let told = ended.out + &ended.err;
            for (_, shown) in NAMES {
                let is_there = told.lines().any(|line| line.starts_with(shown));
                assert!(is_there, "{arguments:?} prints {shown}: {told}");
            }
        }
    }
    let (_, document) = project.json(&["tenant", "list"]);
    let listed = document["tenants"].as_array().unwrap();
    for (name, _) in NAMES {
        assert!(
            listed.iter().any(|tenant| tenant["tenant"] == name),
            "to the letter: {document}"
        );
    }
}

#[test]
fn rows_of_a_table_stay_on_their_lines() {
    let project = Project::with_tenants(&["two\nlines", "client1"]);
    assert_eq!(
        project.run(&["tenant", "list"]).well(),
        "tenant      status\nclient1     active\ntwo\\nlines  active\n"
    );
    let out = project
        .run(&["run", "SELECT E'a\\nb' AS v", "--only", "client1"])
        .well();
    assert_eq!(out, "client1: 1 row\nv\na\\nb\n");
    let (_, document) = project.json(&["run", "SELECT E'a\\nb\\x1b' AS v", "--only", "client1"]);
    assert_eq!(document["tenants"][0]["results"][0]["rows"], json!([["a\nb\u{1b}"]]));
}

/// The library's errors name its functions; a shell has none.
#[test]
fn errors_advise_what_can_be_typed() {
    let project = Project::with_tenants(&["client1"]);
    project.run(&["tenant", "suspend", "client1"]).well();
    for (arguments, advice) in [
        (
            &["tenant", "create", "client1"][..],
            "or let `diesel-tenants tenant create --if-not-exists` bring it up to date",
        ),
        (
            &["tenant", "suspend", "nobody"],
            "`diesel-tenants tenant list` lists the existing tenants, which are schemas with a version table, as \
             `diesel-tenants tenant create` and `diesel-tenants migrate --only` create it",
        ),
        (
            &["tenant", "clone", "nobody", "somebody"],
            "`diesel-tenants tenant create` creates one",
        ),
        (
            &["tenant", "restore", "nobody", "somebody"],
            "`diesel-tenants tenant archived` lists the archives",
        ),
        (
            &["tenant", "export", "nobody", "out"],
            "`diesel-tenants tenant list` lists the existing tenants",
        ),
    ] {
        let err = project.run(arguments).failed();
        assert!(err.contains(advice), "{arguments:?}: {err}");
        let (_, document) = project.json(arguments);
        let error = document["error"].as_str().or(document["tenants"][0]["error"].as_str());
        assert!(error.is_some_and(|error| error.contains(advice)), "{document}");
    }
}
