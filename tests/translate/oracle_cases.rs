//! Cases decided by PostgreSQL's own grammar, kept outside of this repository.

use diesel_tenants::translate::{SchemaTranslateMap, Template};

use super::name;

/// Reads JSON lines of `{"sql", "tenant", "mapped"}` from the file that DIESEL_TENANTS_ORACLE_CASES names.
#[test]
fn cases_of_the_oracle() {
    let Some(path) = std::env::var_os("DIESEL_TENANTS_ORACLE_CASES") else {
        eprintln!("skipped: DIESEL_TENANTS_ORACLE_CASES names no file");
        return;
    };
    let tenant = SchemaTranslateMap::tenant(name("client1"));
    let mapped = tenant
        .clone()
        .with("public", name("public"))
        .with("shared", name("shared_x"));
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.lines().filter(|line| !line.is_empty()) {
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
}
