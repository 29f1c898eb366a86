//! Drift over several databases.

use super::Shards;

#[tokio::test]
async fn tenants_of_all_databases_are_compared_with_one_template() {
    let shards = Shards::with_tenants().await;
    shards.place("d", "schema of d", "two").await;
    shards.two.run("ALTER TABLE \"schema of d\".one ADD COLUMN more int");
    shards.one.run("DROP SCHEMA b CASCADE");
    let found = shards.pool.all_databases().drift("a").await.unwrap();
    let names: Vec<&str> = found.iter().map(|drift| drift.database.as_str()).collect();
    assert_eq!(names, ["main", "one", "two"]);
    assert!(found[0].is_clean());
    assert_eq!(found[1].report.missing[0].as_str(), "b");
    let report = &found[2].report;
    assert_eq!((report.alike, report.drifted.len()), (1, 1));
    assert_eq!(report.drifted[0].tenant.as_str(), "d");
    assert!(
        report.drifted[0].repair[0].sql.contains("\"schema of d\""),
        "{}",
        report.drifted[0].repair[0].sql
    );
    // The template may live anywhere.
    let found = shards.pool.all_databases().drift("c").await.unwrap();
    assert_eq!((found[0].report.alike, found[2].report.alike), (1, 0));
    let error = super::text(&shards.pool.all_databases().drift("nobody").await.unwrap_err());
    assert!(error.contains("no such schema"), "{error}");
}
