//! Cases decided by PostgreSQL's own grammar, kept outside of this repository.

use std::{io::Write, path::PathBuf};

use diesel_tenants_translate::{SchemaTranslateMap, Template};

use super::name;

/// The file that DIESEL_TENANTS_ORACLE_CASES names, or the one beside the checkout.
fn file() -> Option<PathBuf> {
    let beside = || {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/oracle/cases.jsonl"
        ))
    };
    match std::env::var_os("DIESEL_TENANTS_ORACLE_CASES") {
        Some(named) => Some(named.into()),
        None => Some(beside()).filter(|file| file.is_file()),
    }
}

/// Says how much ran to those who see no output of tests that pass.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Reads JSON lines of `{"sql", "tenant", "mapped"}`.
#[test]
fn cases_of_the_oracle() {
    let Some(path) = file() else {
        say(
            "cases of the oracle: skipped, for DIESEL_TENANTS_ORACLE_CASES names no file, and there is none beside the checkout",
        );
        return;
    };
    let tenant = SchemaTranslateMap::tenant(name("client1"));
    let mapped = tenant
        .clone()
        .with("public", name("public"))
        .with("shared", name("shared_x"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    let mut count = 0;
    for line in lines {
        count += 1;
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let sql = case["sql"].as_str().unwrap();
        let template = Template::analyse(sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
        assert_eq!(
            template.render(sql, &tenant).unwrap(),
            case["tenant"].as_str().unwrap(),
            "from {sql}"
        );
        assert_eq!(
            template.render(sql, &mapped).unwrap(),
            case["mapped"].as_str().unwrap(),
            "from {sql}"
        );
    }
    assert!(count > 0, "the file has no cases");
    say(&format!("cases of the oracle: {count} ran"));
}
