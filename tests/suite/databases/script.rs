//! SQL in tenants of several databases.

use diesel_tenants::{ScriptFailure, TenantPool, directory::DirectoryTables};

use super::Shards;

#[tokio::test]
async fn a_script_reaches_tenants_wherever_they_live() {
    let shards = Shards::with_tenants().await;
    shards.place("d", "schema of d", "two").await;
    let mut answers = shards
        .pool
        .run_script("INSERT INTO one VALUES (7); TABLE one")
        .start()
        .await
        .unwrap();
    let mut tenants = Vec::new();
    while let Some((tenant, answer)) = answers.next().await {
        assert_eq!(answer.unwrap()[1].rows[0][0].as_deref(), Some("7"), "{tenant}");
        tenants.push(tenant.to_string());
    }
    tenants.sort();
    assert_eq!(tenants, ["a", "b", "c", "d"]);
    let sum = "SELECT count(*) FROM \"schema of d\".one";
    assert_eq!(shards.two.values(sum), ["1"]);
    let mut one = shards
        .pool
        .run_script("TABLE one")
        .only(["d", "b"])
        .start()
        .await
        .unwrap();
    assert_eq!(one.tenants(), 2);
    while let Some((_, answer)) = one.next().await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_the_answer_of_its_tenants_only() {
    let shards = Shards::with_tenants().await;
    let pool = TenantPool::builder(shards.main.url())
        .directory(DirectoryTables::new())
        .database("one", shards.one.url())
        .build()
        .await
        .unwrap();
    let mut answers = pool.run_script("TABLE one").start().await.unwrap();
    while let Some((tenant, answer)) = answers.next().await {
        let is_lost = matches!(answer, Err(ScriptFailure::Database(_)));
        assert_eq!(is_lost, tenant.as_str() == "c", "{tenant}");
    }
}
