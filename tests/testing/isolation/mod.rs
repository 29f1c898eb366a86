//! The audit finds each way in which one tenant's work reaches another's tables, and raises no false alarm.

mod clean;
mod leaks;
mod refusals;
mod reports;

use diesel_tenants::testing::isolation::{Access, Report, audit};

use crate::store::Store;

/// What an audit must find: `tenant_b.items`, and what was done to it.
type Expected = (&'static str, Access);

/// Audits work as `tenant_a`, and checks that it is found out.
#[track_caller]
fn check<T>(report: &Report<T>, expected: &[Expected], by: &str) {
    for (name, access) in expected {
        let found = report
            .leaks()
            .iter()
            .find(|leak| leak.name() == *name && leak.access == *access);
        let leak = found.unwrap_or_else(|| panic!("{name} was {access}, but the report says:\n{report}"));
        let statements = format!("{:?}", leak.statements);
        assert!(statements.contains(by), "{by:?} is not named:\n{report}");
    }
    assert!(!report.leaks().is_empty());
    for leak in report.leaks() {
        assert!(!["tenant_a", "public"].contains(&&*leak.schema), "{report}");
    }
}

/// Prepares a database with SQL, runs work as `tenant_a`, and returns what the audit says.
async fn audited<T>(prepare: &str, work: impl AsyncFnOnce(&Store) -> T) -> (Store, Report<T>) {
    let store = Store::new().await;
    if !prepare.is_empty() {
        store.database.run(prepare);
    }
    let report = audit(&store.pool, "tenant_a")
        .run(async || work(&store).await)
        .await
        .expect("an audit");
    println!("{report}");
    (store, report)
}
