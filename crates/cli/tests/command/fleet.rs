use serde_json::{Value, json};

use crate::{
    base::on_all,
    project::{Base, Project, Site},
};

on_all!(
    a_failure_is_named_and_to_run_it_again_finishes,
    nobody_is_begun_after_a_failure_unless_it_is_asked_for,
    only_those_chosen_are_migrated,
    where_it_is_quiet_there_is_no_progress_and_failures_are_told,
    migrations_are_reverted_and_redone_by_consent,
    after_a_failed_revert_the_command_advises_to_choose_the_tenants_that_are_left,
    to_redo_gives_a_tenant_back_only_what_was_taken,
    the_status_is_one_table,
);

/// Three tenants, and a migration that fails on the second one.
fn one_that_fails<D: Base>() -> Site<D> {
    let project = Site::with_tenants(&["client1", "client2", "client3"]);
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.alter("client2", "CREATE TABLE orders (id int)");
    project
}

/// The tenants with their outcomes.
fn outcomes(report: &Value) -> Vec<(&str, &str)> {
    let tenants = report["tenants"].as_array().unwrap().iter();
    tenants
        .map(|tenant| (tenant["tenant"].as_str().unwrap(), tenant["outcome"].as_str().unwrap()))
        .collect()
}

fn where_it_is_quiet_there_is_no_progress_and_failures_are_told<D: Base>() {
    let project = one_that_fails::<D>();
    let ended = project.run(&["migrate", "--keep-going", "--quiet"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("2 migrated, 1 failed"), "{}", ended.out);
    assert!(ended.err.contains("client2: failed: "), "{}", ended.err);
    assert!(
        !ended.err.contains("client1") && !ended.err.contains("client3"),
        "{}",
        ended.err
    );
    let again = project.run(&["-q", "migrate", "--only", "client1"]);
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
}

fn a_failure_is_named_and_to_run_it_again_finishes<D: Base>() {
    let project = one_that_fails::<D>();
    let ended = project.run(&["migrate", "--keep-going"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.out.contains("client2: failed: "), "{}", ended.out);
    assert!(ended.out.contains("migration 2_orders"), "{}", ended.out);
    assert!(ended.out.contains("2 migrated, 1 failed"), "{}", ended.out);
    assert!(ended.out.contains("run the same command again"), "{}", ended.out);
    assert!(ended.err.contains("client1: applied 2\n"), "{}", ended.err);

    let (code, report) = project.json(&["migrate", "--keep-going"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        outcomes(&report),
        [
            ("client1", "up_to_date"),
            ("client2", "failed"),
            ("client3", "up_to_date")
        ]
    );
    assert!(
        report["tenants"][1]["error"]
            .as_str()
            .unwrap()
            .contains("already exists"),
        "{report}"
    );

    project.alter("client2", "DROP TABLE orders");
    let out = project.run(&["migrate"]).well();
    assert!(out.starts_with("1 migrated, 2 up to date, in "), "{out}");
    assert_eq!(project.with_table("orders"), "client1 client2 client3");
}

fn nobody_is_begun_after_a_failure_unless_it_is_asked_for<D: Base>() {
    let project = one_that_fails::<D>();
    let (code, report) = project.json(&["migrate", "--canary", "client2"]);
    assert_eq!(code, Some(1));
    assert_eq!(
        outcomes(&report),
        [
            ("client1", "not_reached"),
            ("client2", "failed"),
            ("client3", "not_reached")
        ]
    );
    assert_eq!(project.with_table("orders"), "client2");
}

fn only_those_chosen_are_migrated<D: Base>() {
    let project = one_that_fails::<D>();
    project
        .run(&["migrate", "--only", "client3", "--only", "client1"])
        .well();
    assert_eq!(project.with_table("orders"), "client1 client2 client3");
    assert_eq!(
        project.ask("client2", "SELECT count(*) FROM §__diesel_schema_migrations"),
        "1"
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let project: Project = one_that_fails();
    project.make_read_only();
    let out = project.run(&["migrate", "--dry-run"]).well();
    assert!(
        out.starts_with("client1: would be applied: 2\nclient2: would be applied: 2\n"),
        "{out}"
    );
    let (code, report) = project.json(&["revert", "--all", "--dry-run"]);
    assert_eq!(code, Some(0));
    assert_eq!(outcomes(&report)[0], ("client1", "pending"));
    assert_eq!(report["tenants"][0]["versions"], json!(["1"]));
    project.run(&["redo", "--dry-run"]).well();
    project.run(&["tenant", "drop", "client1", "--dry-run"]).well();
    project.run(&["drift", "client1", "--only", "client3"]).well();
    assert_eq!(project.run(&["migrate"]).code, Some(1), "nothing else may write here");
}

fn migrations_are_reverted_and_redone_by_consent<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.run(&["migrate"]).well();
    for command in ["revert", "redo"] {
        let err = project.run(&[command]).failed();
        assert!(
            err.contains("the newest migration of all tenants") && err.contains("--yes"),
            "{err}"
        );
    }
    project.alter("client1", "INSERT INTO orders VALUES (1)");
    let (code, report) = project.json(&["redo", "--yes"]);
    assert_eq!(code, Some(0));
    for (half, outcome) in [(&report["reverted"], "reverted"), (&report["applied"][0], "migrated")] {
        let tenants = half["tenants"].as_array().unwrap();
        assert_eq!(tenants.len(), 2);
        assert!(tenants.iter().all(|tenant| tenant["outcome"] == outcome), "{report}");
    }
    assert_eq!(
        project.ask("client1", "SELECT count(*) FROM §orders"),
        "0",
        "it was made anew"
    );
    assert_eq!(project.with_table("orders"), "client1 client2");

    let out = project.run(&["revert", "--only", "client1", "--yes"]).well();
    assert!(out.starts_with("1 reverted, in "), "{out}");
    assert_eq!(project.with_table("orders"), "client2");
    project.run(&["revert", "--all", "--yes"]).well();
    assert_eq!(
        (project.with_table("orders"), project.with_table("items")),
        Default::default()
    );
}

fn after_a_failed_revert_the_command_advises_to_choose_the_tenants_that_are_left<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.run(&["migrate"]).well();
    project.alter("client2", "DROP TABLE orders");
    let ended = project.run(&["revert", "--yes", "--keep-going"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.out.contains("name the tenants that are left by --only") && !ended.out.contains("same command"),
        "{}",
        ended.out
    );

    project.alter("client2", "CREATE TABLE orders (id int)");
    project.run(&["revert", "--yes", "--only", "client2"]).well();
    assert_eq!(project.with_table("items"), "client1 client2");
}

fn to_redo_gives_a_tenant_back_only_what_was_taken<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.run(&["migrate", "--only", "client1"]).well();
    project.run(&["redo", "--yes"]).well();
    assert_eq!(project.with_table("orders"), "client1");
    assert_eq!(project.with_table("items"), "client1 client2");
}

fn the_status_is_one_table<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.run(&["status", "--check"]).well();
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.run(&["migrate", "--only", "client2"]).well();
    let table = "tenant   status  version  applied  pending  not in the folder\n\
                 client1  active  1        1        2        -\n\
                 client2  active  2        2        -        -\n\
                 2 tenants, 1 not up to date\n";
    let ended = project.run(&["status", "--check"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), table));
    project.run(&["status", "--check", "--only", "client2"]).well();
    let behind = project.run(&["status", "--behind"]).well();
    assert!(behind.contains("client1") && !behind.contains("client2"), "{behind}");

    project.migration(
        "tenant_migrations/1_items",
        "CREATE TABLE items (id bigint)",
        "DROP TABLE items",
    );
    let (_, status) = project.json(&["status"]);
    assert_eq!(
        status["changed"],
        json!([{ "version": "1", "tenants": ["client1", "client2"] }])
    );
    assert_eq!(status["tenants"][0]["pending"], json!(["2"]));
}

#[test]
fn an_index_that_could_not_be_built_is_named_until_it_is_mended() {
    let project = Project::with_tenants(&["client1", "client2"]);
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS items_id ON items (id)";
    project.migration("tenant_migrations/2_unique", unique, "DROP INDEX items_id");
    project.write(
        "tenant_migrations/2_unique/metadata.toml",
        "run_in_transaction = false\n",
    );
    project.database.run("INSERT INTO client1.items VALUES (1), (1)");
    project.run(&["doctor", "--json"]).well();
    assert_eq!(project.run(&["migrate", "--keep-going"]).code, Some(1));
    let ended = project.run(&["migrate", "--keep-going"]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(ended.out.contains("1 up to date, 1 failed"), "{}", ended.out);
    let advice = "could not build the index \"client1\".\"items_id\", and keeps it as invalid";
    assert!(ended.out.contains(advice), "{}", ended.out);
    // Whatever was recorded by hand, or by others, meanwhile.
    project
        .database
        .run("INSERT INTO client1.__diesel_schema_migrations (version) VALUES ('2')");
    let ended = project.run(&["status", "--check"]);
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    assert!(
        ended
            .out
            .contains("invalid: PostgreSQL could not build the index \"client1\".\"items_id\""),
        "{}",
        ended.out
    );
    let (_, document) = project.json(&["doctor"]);
    let findings = document["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "invalid indexes")
        .unwrap();
    assert_eq!(
        (&finding["severity"], &finding["found"]),
        (&json!("warning"), &json!("client1.items_id"))
    );
    project.database.run("DELETE FROM client1.items");
    project.database.run("REINDEX INDEX CONCURRENTLY client1.items_id");
    project.run(&["status", "--check"]).well();
}
