use std::{io::Write, process::Stdio};

use serde_json::json;

use crate::{
    base::on_all,
    project::{Base, Ended, Project, Site},
};

on_all!(
    sql_is_run_in_each_tenant_and_rows_are_shown,
    what_cannot_be_translated_is_sent_to_nobody,
    suspended_tenants_are_left_out_unless_they_are_named,
);

fn sql_is_run_in_each_tenant_and_rows_are_shown<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.alter("client1", "INSERT INTO items VALUES (7)");
    assert_eq!(
        project.run(&["run", "SELECT id FROM items; DELETE FROM items"]).well(),
        "client1: 1 row\nid\n7\nclient1: done, 1 row changed\nclient2: 0 rows\nclient2: done, 0 rows changed\n"
    );
    assert_eq!(
        project.json(&["run", "SELECT 1 AS one, NULL AS none", "--only", "client2"]),
        (
            Some(0),
            json!({ "tenants": [{ "tenant": "client2", "results": [
                { "columns": ["one", "none"], "rows": [["1", null]] }
            ] }] })
        )
    );
}

#[test]
fn sql_comes_from_a_file_or_from_stdin() {
    let project = Project::with_tenants(&["client1"]);
    project.write("insert.sql", "INSERT INTO items VALUES (1)");
    project.run(&["run", "--file", "insert.sql"]).well();
    let mut command = project.command(&["run"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"INSERT INTO items VALUES (2)")
        .unwrap();
    Ended::of(child.wait_with_output().unwrap()).well();
    assert_eq!(
        project.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM client1.items"),
        "1 2"
    );
    let err = project.run(&["run"]).failed();
    assert!(err.contains("there is no SQL"), "{err}");
}

#[test]
fn a_tenants_failure_takes_back_its_statements_and_keeps_no_other_from_its_turn() {
    let project = Project::with_tenants(&["client1", "client2", "client3"]);
    project.database.run("ALTER TABLE client2.items ADD CHECK (id < 5)");
    let ended = project.run(&["run", "INSERT INTO items VALUES (1); INSERT INTO items VALUES (5)"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("client2: failed:") && ended.err.contains("check constraint"),
        "{}",
        ended.err
    );
    assert!(ended.out.contains("failed in 1 of 3 tenants"), "{}", ended.out);
    let counts = "SELECT (SELECT count(*) FROM client1.items) || ' ' || (SELECT count(*) FROM client2.items) || ' ' || \
                  (SELECT count(*) FROM client3.items)";
    assert_eq!(project.value(counts), "2 0 2");
}

#[test]
fn what_a_tenant_leaves_on_the_session_no_other_meets() {
    let project = Project::with_tenants(&["client1", "client2"]);
    let leave = "SELECT current_setting('statement_timeout'); CREATE TEMPORARY TABLE left_over (); \
                 SET statement_timeout = 77777";
    let out = project.run(&["run", leave, "--workers", "1"]).well();
    assert!(!out.contains("77777"), "{out}");
    let open = "INSERT INTO items VALUES (1); COMMIT; BEGIN; INSERT INTO items VALUES (2)";
    project.run(&["run", open, "--workers", "1"]).well();
    assert_eq!(
        project.value("SELECT string_agg(id::text, ' ') FROM client1.items"),
        "1"
    );
    assert_eq!(
        project.value("SELECT string_agg(id::text, ' ') FROM client2.items"),
        "1"
    );
}

fn what_cannot_be_translated_is_sent_to_nobody<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    let err = project.run(&["run", "DELETE FROM items; SELECT 'x"]).failed();
    assert!(
        err.contains("nothing was sent") && err.contains("unterminated string"),
        "{err}"
    );
    let err = project.run(&["run", "SELECT 1", "--only", "nobody"]).failed();
    assert!(
        err.contains("there is no tenant \"nobody\"") && err.contains("nothing was sent"),
        "{err}"
    );
}

fn suspended_tenants_are_left_out_unless_they_are_named<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    project.run(&["tenant", "suspend", "client2"]).well();
    let (_, all) = project.json(&["run", "SELECT 1"]);
    assert_eq!(all["tenants"].as_array().unwrap().len(), 1);
    project.run(&["run", "SELECT 1", "--only", "client2"]).well();
}

#[test]
fn a_lock_and_several_statements_are_one_transaction_in_each_tenant() {
    let project = Project::with_tenants(&["client1", "client2"]);
    assert_eq!(
        project.run(&["run", "LOCK TABLE items"]).well(),
        "client1: done, 0 rows changed\nclient2: done, 0 rows changed\n"
    );
    let locked = "LOCK items; INSERT INTO items VALUES (1); SAVEPOINT a; INSERT INTO items VALUES (2); ROLLBACK TO a";
    project.run(&["run", locked]).well();
    let ids = "SELECT (SELECT string_agg(id::text, ' ') FROM client1.items) || (SELECT string_agg(id::text, ' ') FROM client2.items)";
    assert_eq!(project.value(ids), "11");
    // What is only found at the end.
    project.database.run(
        "ALTER TABLE client2.items ADD PRIMARY KEY (id), ADD COLUMN next int REFERENCES client2.items DEFERRABLE INITIALLY DEFERRED",
    );
    project.database.run("ALTER TABLE client1.items ADD COLUMN next int");
    let ended = project.run(&[
        "run",
        "INSERT INTO items VALUES (3, 99); INSERT INTO items VALUES (4, NULL)",
    ]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("client2: failed:") && ended.err.contains("foreign key"),
        "{}",
        ended.err
    );
    assert_eq!(project.value("SELECT count(*) FROM client1.items"), "3");
    assert_eq!(project.value("SELECT count(*) FROM client2.items"), "1");
    // Neither can be run in a transaction.
    project.run(&["run", "VACUUM items"]).well();
    project
        .run(&["run", "CREATE INDEX CONCURRENTLY by_id ON items (id)"])
        .well();
}

#[test]
fn a_copy_is_answered_before_anything_is_sent() {
    let project = Project::with_tenants(&["client1"]);
    for (sql, told) in [
        ("COPY items TO STDOUT", "`run` can't do COPY … TO STDOUT"),
        (
            "DELETE FROM items; COPY (SELECT 1) TO STDOUT",
            "`run` can't do COPY … TO STDOUT",
        ),
        (
            "DELETE FROM items; COPY items FROM STDIN",
            "`run` can't do COPY … FROM STDIN",
        ),
    ] {
        project
            .database
            .run("TRUNCATE client1.items; INSERT INTO client1.items VALUES (1)");
        let err = project.run(&["run", sql]).failed();
        assert!(err.contains("nothing was sent") && err.contains(told), "{err}");
        assert_eq!(project.value("SELECT count(*) FROM client1.items"), "1");
    }
}
