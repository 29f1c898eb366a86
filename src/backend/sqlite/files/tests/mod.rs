//! What is promised of files, tested on real ones.

mod archives;
mod clones;
mod crashes;
mod disks;
mod drops;
mod folders;
mod lifecycle;
mod processes;
mod surveys;

use std::{path::Path, time::Duration};

use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_types::Text};

use super::{
    Access, Folder, Identity, identity_of, open,
    testing::{at, folder, name, plan},
};
use crate::tenancy::TenantStatus;

const WAIT: Duration = Duration::from_secs(20);
const AT_ONCE: Duration = Duration::ZERO;

const ORDERS: &[(&str, &str)] = &[
    ("01_orders", "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)"),
    ("02_index", "CREATE INDEX orders_note ON orders (note)"),
];

/// The answers to a query of one column, which is text.
fn texts(path: &Path, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }

    let mut connection = open(path, Access::Write, WAIT).unwrap();
    let rows: Vec<Row> = diesel::sql_query(query).load(&mut connection).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

fn execute(path: &Path, sql: &str) {
    open(path, Access::Write, WAIT).unwrap().batch_execute(sql).unwrap();
}

/// The names of all files in a folder, without those of locks.
fn files(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(folder.root()).unwrap();
    let mut files: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".locks")
        .collect();
    files.sort();
    files
}

fn status(folder: &Folder, tenant: &str) -> Option<TenantStatus> {
    folder.facts(&name(tenant)).unwrap().map(|facts| facts.status)
}

fn create(folder: &Folder, tenant: &str) {
    let versions = folder
        .create(&name(tenant), &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    assert_eq!(versions, ["01", "02"]);
}

fn path(folder: &Folder, tenant: &str) -> std::path::PathBuf {
    folder.path_of(&name(tenant)).unwrap()
}

fn identity(folder: &Folder, tenant: &str) -> Identity {
    identity_of(&path(folder, tenant)).unwrap().unwrap()
}
