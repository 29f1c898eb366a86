//! A way to leak, as statements on a connection by hand.

use diesel_tenants::testing::isolation::Access;

use crate::mysql::store::{Store, check, run};

/// Statements on a connection by hand, what they leak, and a part of the statement that the report must name.
pub(super) struct Case {
    name: &'static str,
    prepare: &'static [&'static str],
    work: &'static [&'static str],
    leaks: &'static [(&'static str, Access)],
    by: &'static str,
}

pub(super) const fn case(
    name: &'static str,
    work: &'static [&'static str],
    leaks: &'static [(&'static str, Access)],
    by: &'static str,
) -> Case {
    Case {
        name,
        prepare: &[],
        work,
        leaks,
        by,
    }
}

impl Case {
    pub(super) const fn after(self, prepare: &'static [&'static str]) -> Self {
        Self { prepare, ..self }
    }
}

/// Before each case.
pub(super) const RESET: &[&str] = &[
    "DROP DATABASE IF EXISTS elsewhere",
    "DROP DATABASE tenant_a",
    "DROP DATABASE tenant_b",
    "DROP TABLE IF EXISTS public.accounts",
    "CREATE DATABASE tenant_a",
    "CREATE DATABASE tenant_b",
    "CREATE TABLE tenant_a.users (id BIGINT AUTO_INCREMENT PRIMARY KEY, name TEXT)",
    "INSERT INTO tenant_a.users (name) VALUES ('Ada')",
    "CREATE TABLE tenant_b.users (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), KEY by_name (name))",
    "INSERT INTO tenant_b.users (name) VALUES ('Ada'), ('Grace')",
    "CREATE TABLE tenant_b.empty (id INT PRIMARY KEY)",
];

/// A shared table to which another tenant's refers.
pub(super) const NOTES: &[&str] = &[
    "CREATE TABLE public.accounts (id INT PRIMARY KEY, name TEXT)",
    "INSERT INTO public.accounts VALUES (1, 'one'), (2, 'two')",
    "CREATE TABLE tenant_b.notes (id INT PRIMARY KEY, account INT, \
     FOREIGN KEY (account) REFERENCES public.accounts (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "INSERT INTO tenant_b.notes VALUES (1, 1), (2, 2)",
    "CREATE TABLE tenant_b.words (note INT, FOREIGN KEY (note) REFERENCES tenant_b.notes (id) ON DELETE CASCADE)",
    "INSERT INTO tenant_b.words VALUES (1)",
];

pub(super) async fn check_all(cases: &[Case]) {
    let store = Store::new().await;
    for case in cases {
        let mut session = store.session();
        run(&mut session, RESET);
        run(&mut session, case.prepare);
        let report = store
            .audited(async || {
                // It outlives the work, as a connection in a pool does.
                let mut session = store.session();
                run(&mut session, case.work);
                session
            })
            .await;
        check(&report, case.leaks, case.by, case.name);
    }
}
