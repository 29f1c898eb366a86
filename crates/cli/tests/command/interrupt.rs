use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::project::{Project, send};

/// Starts a migration of five tenants, one after the other, and waits for the first one to be through.
fn begin(project: &Project) -> (Child, BufReader<std::process::ChildStderr>) {
    let slow = "SELECT pg_sleep(0.4); CREATE TABLE orders ()";
    project.migration("tenant_migrations/2_orders", slow, "DROP TABLE orders");
    let mut command = project.command(&["migrate", "--workers", "1", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert_eq!(line, "t1: applied 2\n");
    (child, err)
}

#[test]
fn the_first_ctrl_c_finishes_the_tenant_under_way_and_reports() {
    let project = Project::with_tenants(&["t1", "t2", "t3", "t4", "t5"]);
    let (mut child, mut err) = begin(&project);
    send("INT", &child);
    let (mut told, mut out) = (String::new(), String::new());
    err.read_to_string(&mut told).unwrap();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{told}");
    assert!(told.contains("stopping after the tenants in progress"), "{told}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let outcomes: Vec<&str> = report["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tenant| tenant["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes[0], "migrated");
    assert_eq!(outcomes[4], "not_reached", "{outcomes:?}");
    let migrated = outcomes.iter().filter(|outcome| **outcome == "migrated").count();
    assert_eq!(
        project.schemas_with("orders").split(' ').count(),
        migrated,
        "the report is true"
    );

    project.run(&["migrate", "--workers", "5"]).well();
    assert_eq!(project.schemas_with("orders"), "t1 t2 t3 t4 t5");
}

#[test]
fn the_second_ctrl_c_quits_at_once() {
    let project = Project::with_tenants(&["t1", "t2", "t3", "t4", "t5"]);
    let (mut child, mut err) = begin(&project);
    send("INT", &child);
    let mut line = String::new();
    while !line.contains("stopping") {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended too soon");
    }
    send("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
