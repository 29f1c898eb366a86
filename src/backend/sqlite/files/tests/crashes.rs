//! A power cut at each step, and at any moment.

use std::process::Stdio;

use super::{
    processes::{THREE, await_word, process},
    *,
};
use crate::{backend::sqlite::files::Surveyed, tenancy::TenantStatus};

const BUILD: [&str; 5] = [
    "build: begun",
    "build: filled",
    "build: on disk",
    "build: published",
    "build: done",
];
const MOVE: [&str; 3] = ["move: alone", "move: renamed", "move: on disk"];

/// A folder with the tenant `client1`, which has a row, and whose process ended at this step of a job.
fn crashed(job: &str, step: &str) -> (tempfile::TempDir, Folder) {
    let (guard, folder) = folder();
    if job != "create" {
        let tenant = name("client1");
        folder
            .create(&tenant, &plan(ORDERS), TenantStatus::Active, WAIT)
            .unwrap();
        execute(
            &folder.path_of(&tenant).unwrap(),
            "INSERT INTO orders (note) VALUES ('kept')",
        );
        if job == "restore" {
            folder.archive(&tenant, &name("archived_1_client1"), 1, WAIT).unwrap();
        }
    }
    end_at(&folder, job, step);
    (guard, folder)
}

fn end_at(folder: &Folder, job: &str, step: &str) {
    let status = process(folder, job, Some(step)).stdout(Stdio::null()).status().unwrap();
    assert!(!status.success(), "{job} does not come to {step:?}");
}

fn survey(folder: &Folder) -> Vec<(String, Surveyed)> {
    let names = folder.names().unwrap();
    let surveyed = folder.survey(&names, 1).into_iter();
    let found = names.iter().zip(surveyed);
    found
        .map(|(name, surveyed)| (name.to_string(), surveyed.unwrap().unwrap()))
        .collect()
}

/// Names and statuses, of complete tenants alone. Sweeping leaves nothing else.
fn tenants(folder: &Folder) -> Vec<(String, TenantStatus)> {
    folder.sweep().unwrap();
    assert!(folder.lock_files().unwrap().is_empty());
    let tenants: Vec<_> = survey(folder)
        .into_iter()
        .map(|(tenant, surveyed)| {
            let path = folder.path_of(&name(&tenant)).unwrap();
            assert_eq!(
                texts(&path, "SELECT integrity_check AS text FROM pragma_integrity_check"),
                ["ok"]
            );
            let versions: Vec<_> = surveyed.applied.iter().map(|(version, _)| &**version).collect();
            let tables = "SELECT group_concat(name, ' ') AS text FROM (SELECT name FROM sqlite_schema \
                          WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name)";
            let expected = match versions.len() {
                2 => "orders orders_note",
                _ => "items orders orders_note",
            };
            assert_eq!(texts(&path, tables), [expected], "{versions:?}");
            (tenant, surveyed.facts.status)
        })
        .collect();
    let expected: Vec<_> = tenants.iter().map(|(tenant, _)| format!("{tenant}.db")).collect();
    assert_eq!(files(folder), expected);
    tenants
}

fn rows(folder: &Folder, tenant: &str) -> Vec<String> {
    texts(
        &folder.path_of(&name(tenant)).unwrap(),
        "SELECT note AS text FROM orders",
    )
}

#[test]
fn a_power_cut_while_creating_leaves_nothing_or_the_whole_tenant() {
    for step in ["migration: run", "migration: recorded"].iter().chain(&BUILD) {
        let (_guard, folder) = crashed("create", step);
        let is_there = matches!(*step, "build: published" | "build: done");
        assert_eq!(tenants(&folder).len(), usize::from(is_there), "{step}");
        let again = folder.create(&name("client1"), &plan(ORDERS), TenantStatus::Active, WAIT);
        assert_eq!(again.is_ok(), !is_there, "{step}");
        assert_eq!(tenants(&folder), [("client1".to_owned(), TenantStatus::Active)]);
    }
}

#[test]
fn a_power_cut_while_migrating_leaves_whole_migrations() {
    for step in ["migration: run", "migration: recorded"] {
        let (_guard, folder) = crashed("migrate", step);
        assert_eq!(survey(&folder)[0].1.applied.len(), 2, "{step}");
        tenants(&folder);
        assert_eq!(folder.migrate(&name("client1"), &plan(THREE), WAIT).unwrap(), ["03"]);
        assert_eq!(rows(&folder, "client1"), ["kept"]);
    }
}

#[test]
fn a_power_cut_while_renaming_leaves_one_name() {
    for step in MOVE {
        let (_guard, folder) = crashed("rename", step);
        let tenant = if step == "move: alone" { "client1" } else { "client2" };
        assert_eq!(tenants(&folder), [(tenant.to_owned(), TenantStatus::Active)]);
        assert_eq!(rows(&folder, tenant), ["kept"]);
        let free = if step == "move: alone" { "client2" } else { "client1" };
        folder
            .create(&name(free), &plan(ORDERS), TenantStatus::Active, WAIT)
            .unwrap();
        assert_eq!(rows(&folder, free), [""; 0]);
        assert_eq!(rows(&folder, tenant), ["kept"]);
    }
}

#[test]
fn a_power_cut_while_dropping_leaves_the_tenant_or_nothing() {
    for step in MOVE.iter().chain(&["drop: renamed"]) {
        let (_guard, folder) = crashed("drop", step);
        let is_there = *step == "move: alone";
        assert_eq!(tenants(&folder).len(), usize::from(is_there), "{step}");
        if is_there {
            assert_eq!(rows(&folder, "client1"), ["kept"]);
            folder.drop(&name("client1"), WAIT).unwrap();
        }
        folder
            .create(&name("client1"), &plan(ORDERS), TenantStatus::Active, WAIT)
            .unwrap();
        assert_eq!(rows(&folder, "client1"), [""; 0]);
    }
}

#[test]
fn a_power_cut_while_archiving_leaves_the_tenant_or_an_archive() {
    for step in ["archive: noted"].iter().chain(&MOVE) {
        let (_guard, folder) = crashed("archive", step);
        let moved = matches!(*step, "move: renamed" | "move: on disk");
        let left = if moved { "archived_1_client1" } else { "client1" };
        assert_eq!(tenants(&folder), [(left.to_owned(), TenantStatus::Archived)], "{step}");
        if !moved {
            // The call goes on where it was.
            folder
                .archive(&name("client1"), &name("archived_1_client1"), 1, WAIT)
                .unwrap();
        }
        folder
            .restore(&name("archived_1_client1"), &name("client1"), WAIT)
            .unwrap();
        assert_eq!(tenants(&folder), [("client1".to_owned(), TenantStatus::Active)]);
        assert_eq!(rows(&folder, "client1"), ["kept"]);
    }
}

#[test]
fn a_power_cut_while_restoring_leaves_an_archive() {
    for step in MOVE.iter().chain(&["restore: moved"]) {
        let (_guard, folder) = crashed("restore", step);
        let left = if *step == "move: alone" {
            "archived_1_client1"
        } else {
            "client2"
        };
        assert_eq!(tenants(&folder), [(left.to_owned(), TenantStatus::Archived)], "{step}");
        folder.restore(&name(left), &name("client2"), WAIT).unwrap();
        assert_eq!(tenants(&folder), [("client2".to_owned(), TenantStatus::Active)]);
        assert_eq!(rows(&folder, "client2"), ["kept"]);
    }
}

#[test]
fn a_power_cut_while_cloning_leaves_the_template_alone_or_the_whole_clone() {
    for step in BUILD {
        let (_guard, folder) = crashed("clone", step);
        let is_there = matches!(step, "build: published" | "build: done");
        assert_eq!(tenants(&folder).len(), 1 + usize::from(is_there), "{step}");
        assert_eq!(rows(&folder, "client1"), ["kept"]);
    }
}

/// More rounds: `DIESEL_TENANTS_KILLS=200 cargo test --features sqlite --lib killed_at_any_moment`
#[cfg(unix)]
#[test]
fn processes_killed_at_any_moment_leave_complete_tenants_alone() {
    let kills: u64 = std::env::var("DIESEL_TENANTS_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let (_guard, folder) = folder();
    for kill in 0..kills {
        let mut children: Vec<_> = (0..2)
            .map(|_| process(&folder, "live", None).spawn().unwrap())
            .collect();
        children.iter_mut().for_each(await_word);
        std::thread::sleep(Duration::from_millis(20 + kill * 37 % 211));
        for mut child in children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        tenants(&folder);
    }
}
