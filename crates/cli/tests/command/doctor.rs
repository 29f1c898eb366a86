use serde_json::Value;

use crate::project::Project;

fn finding<'a>(document: &'a Value, check: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[test]
fn a_plain_server_has_no_problems() {
    let project = Project::with_tenants(&["client1"]);
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(0), "{document}");
    for check in [
        "tenants apart",
        "server version",
        "pooler",
        "strings",
        "prepared statements",
        "pool",
        "unlogged tables",
        "functions and sessions",
        "unfinished tenants",
    ] {
        assert_eq!(finding(&document, check)["severity"], "fine", "{check}");
    }
    let locks = finding(&document, "max_locks_per_transaction")["found"]
        .as_str()
        .unwrap();
    assert!(locks.contains("the largest tenant, client1, has "), "{locks}");
    let out = project.run(&["doctor"]).well();
    assert!(out.contains("server version"), "{out}");
}

#[test]
fn a_role_that_nothing_holds_back_is_named() {
    let project = Project::new();
    let role = format!("plain_{}", project.database.name());
    project
        .database
        .run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'p' NOSUPERUSER BYPASSRLS"));
    let (_, server) = project.database.url().split_once('@').unwrap();
    let url = format!("postgres://{role}:p@{server}");
    let (code, document) = project.json(&["doctor", "--database-url", &url]);
    project.database.run(&format!("DROP ROLE {role}"));
    assert_eq!(code, Some(0));
    assert_eq!(finding(&document, "superuser")["severity"], "fine");
    assert_eq!(finding(&document, "row-level security")["severity"], "warning");
}

#[test]
fn surprises_in_tenants_are_named_and_strictness_makes_them_count() {
    let project = Project::with_tenants(&["client1", "client2"]);
    project.database.run(
        "CREATE UNLOGGED TABLE client1.cache (id int);
         COMMENT ON TABLE client2.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'",
    );
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(0));
    let unlogged = finding(&document, "unlogged tables");
    assert_eq!(
        (&unlogged["severity"], &unlogged["found"]),
        (&"warning".into(), &"client1.cache".into())
    );
    assert_eq!(finding(&document, "unfinished tenants")["found"], "client2");
    assert_eq!(project.run(&["doctor", "--strict"]).code, Some(1));
}

#[test]
fn extensions_among_shared_tables_are_a_problem_for_every_command() {
    let project = Project::with_tenants(&["client1"]);
    project.write("diesel-tenants.toml", "extension_schemas = [\"public\"]\n");
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(1));
    let pool = finding(&document, "pool");
    assert_eq!(pool["severity"], "problem");
    assert!(
        pool["found"].as_str().unwrap().contains("ALTER EXTENSION … SET SCHEMA"),
        "{pool}"
    );
    assert_eq!(project.run(&["tenant", "list"]).code, Some(1));
}

#[test]
fn a_search_path_that_reaches_tables_is_a_problem_where_it_is_the_one_used() {
    let project = Project::new();
    project.write("diesel-tenants.toml", "search_path_from_role = true\n");
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(1));
    let path = finding(&document, "search_path of the role");
    assert_eq!(path["severity"], "problem");
    assert!(path["found"].as_str().unwrap().contains("reaches public"), "{path}");
    assert_eq!(finding(&document, "pool")["severity"], "problem");
}

#[test]
fn changes_begun_and_not_finished_are_named() {
    let project = Project::with_tenants(&["client1"]);
    project.database.run(
        "ALTER TABLE client1.items ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;
         CREATE TABLE client1.parts (id int) PARTITION BY LIST (id);
         CREATE INDEX parts_id ON ONLY client1.parts (id);
         CREATE TABLE client1.parts_1 PARTITION OF client1.parts FOR VALUES IN (1)",
    );
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(0), "{document}");
    let unchecked = finding(&document, "unchecked constraints");
    assert_eq!(unchecked["found"], "positive on client1.items");
    assert_eq!(finding(&document, "partitions half detached")["found"], "none");
}

#[test]
fn a_function_that_leads_into_another_tenant_is_a_problem() {
    let project = Project::with_tenants(&["client1", "client2"]);
    project.database.run(
        "CREATE FUNCTION client2.f() RETURNS int LANGUAGE sql SET search_path = client1 AS 'SELECT 1';
         CREATE FUNCTION client1.f() RETURNS int LANGUAGE sql SET search_path = client1 AS 'SELECT 1'",
    );
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(1));
    let apart = finding(&document, "tenants apart");
    assert_eq!(
        (&apart["severity"], &apart["found"]),
        (
            &"problem".into(),
            &"function f() of \"client2\" leads to \"client1\"".into()
        )
    );
    assert!(
        apart["advice"]
            .as_str()
            .unwrap()
            .contains("SET search_path FROM CURRENT"),
        "{apart}"
    );
}

#[test]
fn functions_that_leave_something_for_the_next_tenant_are_named() {
    let project = Project::with_tenants(&["client1", "client2"]);
    for tenant in ["client1", "client2"] {
        project.database.run(&format!(
            "CREATE FUNCTION {tenant}.report() RETURNS void LANGUAGE plpgsql SET search_path = {tenant} AS
             $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS tmp_report AS SELECT * FROM items; END $$;
             CREATE FUNCTION {tenant}.well() RETURNS void LANGUAGE plpgsql AS
             $$ BEGIN CREATE TEMP TABLE tmp_well (id int) ON COMMIT DROP; PERFORM set_config('a.b', 'x', true); END $$"
        ));
    }
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(0), "{document}");
    let found = finding(&document, "functions and sessions");
    assert_eq!(found["severity"], "warning");
    assert_eq!(
        found["found"],
        "client1.report (CREATE TEMP TABLE IF NOT EXISTS tmp_report, and 1 like it)"
    );
}
