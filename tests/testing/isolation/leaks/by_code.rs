//! Leaks that are code of an application.

use diesel::{prelude::*, sql_query, sql_types::BigInt};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    Checkout, SchemaTranslateMap, TranslateDsl,
    testing::isolation::{
        Access::{Changed, Read, Shown, Written},
        Marker, audit,
    },
    with_tenant,
};

use super::super::{audited, check};
use crate::store::{Store, items};

#[derive(Debug, QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[tokio::test]
async fn a_query_in_anothers_schema() {
    let (_store, report) = audited("", async |store| {
        let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
        items::table
            .count()
            .in_schema("tenant_b")
            .get_result::<i64>(&mut conn)
            .await
            .unwrap()
    })
    .await;
    check(&report, &[("tenant_b.items", Read)], "COUNT(*)");
    let place = report.leaks()[0].statements[0].place.clone().expect("a place");
    assert!(place.contains("leaks"), "{place}");
}

#[tokio::test]
async fn a_checkout_under_the_wrong_map() {
    let (_store, report) = audited("", async |store| {
        let map = SchemaTranslateMap::tenant("tenant_c".parse().unwrap());
        let mut conn = store.pool.with_map(map).get().await.unwrap();
        items::table.count().get_result::<i64>(&mut conn).await.unwrap()
    })
    .await;
    check(&report, &[("tenant_c.items", Read)], "COUNT(*)");
}

#[tokio::test]
async fn a_checkout_for_the_tenant_that_a_client_names() {
    let (_store, report) = audited("", async |store| {
        // The claim says tenant_a; the code believes a parameter.
        let parameter = "tenant_b";
        with_tenant(parameter, async {
            let mut conn = store.pool.current().get().await.unwrap();
            diesel::update(items::table.find(1))
                .set(items::price.eq(0))
                .execute(&mut conn)
                .await
                .unwrap()
        })
        .await
    })
    .await;
    check(&report, &[("tenant_b.items", Written)], "UPDATE");
}

#[tokio::test]
async fn work_for_all_tenants_in_one_request() {
    let (_store, report) = audited("", async |store| {
        let run = store.pool.each_tenant().run(|mut conn: Checkout| async move {
            let counted: i64 = items::table.count().get_result(&mut conn).await?;
            diesel::QueryResult::Ok(counted)
        });
        drop(run.await);
    })
    .await;
    check(
        &report,
        &[("tenant_b.items", Read), ("tenant_c.items", Read)],
        "COUNT(*)",
    );
}

#[tokio::test]
async fn a_task_that_runs_beside_the_request() {
    let (_store, report) = audited("", async |store| {
        let pool = store.pool.clone();
        let beside = tokio::spawn(async move {
            let mut conn = pool.for_tenant("tenant_b").get().await.unwrap();
            conn.transaction(async |conn| sql_query("SELECT count(*) FROM orders").get_result::<Count>(conn).await)
                .await
                .unwrap()
        });
        beside.await.unwrap().count
    })
    .await;
    check(&report, &[("tenant_b.orders", Read)], "FROM");
}

#[tokio::test]
async fn a_copy_of_another_tenant() {
    let (_store, report) = audited("", async |store| {
        store.pool.clone_tenant("tenant_b", "tenant_d").await.unwrap()
    })
    .await;
    check(
        &report,
        &[
            ("tenant_b.items", Read),
            ("tenant_d", Changed),
            ("tenant_d.items", Written),
        ],
        "",
    );
}

#[tokio::test]
async fn a_rename_of_another_tenant() {
    let (_store, report) = audited("", async |store| {
        store.pool.rename_tenant("tenant_b", "tenant_d").await.unwrap()
    })
    .await;
    check(&report, &[("tenant_b", Changed), ("tenant_d", Changed)], "RENAME");
}

#[tokio::test]
async fn a_forgotten_role() {
    let store = Store::new().await;
    // A role belongs to the whole server, so that each test has one of its own.
    let other = store.database.name();
    store.database.run(&format!(
        "CREATE ROLE {other}; CREATE SCHEMA {other} AUTHORIZATION {other}; CREATE TABLE {other}.items (id int);
         ALTER TABLE {other}.items OWNER TO {other}"
    ));
    let work = async || {
        let client = store.raw().await;
        client.batch_execute("SET search_path = \"$user\"").await.unwrap();
        client.batch_execute(&format!("SET ROLE {other}")).await.unwrap();
        client.batch_execute("SELECT count(*) FROM items").await.unwrap();
    };
    let report = audit(&store.pool, "tenant_a").run(work).await.unwrap();
    store.database.run(&format!("DROP OWNED BY {other}; DROP ROLE {other}"));
    assert_eq!(report.leaks()[0].name(), format!("{other}.items"), "{report}");
    assert_eq!(report.leaks()[0].statements[0].sql, "SELECT count(*) FROM items");
}

#[tokio::test]
async fn a_foreign_table_that_leads_back() {
    let store = Store::new().await;
    let url: tokio_postgres::Config = store.database.url().parse().unwrap();
    let (name, port) = (store.database.name(), url.get_ports()[0]);
    let user = url.get_user().unwrap();
    let password = String::from_utf8_lossy(url.get_password().unwrap_or_default()).into_owned();
    store.database.run(&format!(
        "CREATE SCHEMA extensions; CREATE EXTENSION postgres_fdw SCHEMA extensions;
         CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '127.0.0.1', port '{port}', dbname '{name}');
         CREATE USER MAPPING FOR PUBLIC SERVER here OPTIONS (user '{user}', password '{password}');
         CREATE FOREIGN TABLE tenant_a.remote (id bigint) SERVER here
            OPTIONS (schema_name 'tenant_b', table_name 'items')"
    ));
    let work = async || {
        let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
        conn.batch_execute("SELECT count(*) FROM remote").await.unwrap();
    };
    let report = audit(&store.pool, "tenant_a").run(work).await.unwrap();
    check(&report, &[("tenant_b.items", Read)], "tenant_b");
}

#[tokio::test]
async fn a_policy_that_asks_another_tenant() {
    let store = Store::new().await;
    let role = store.database.name();
    store.database.run(&format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA tenant_a, tenant_b TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA tenant_a, tenant_b TO {role};
         ALTER TABLE tenant_a.items ENABLE ROW LEVEL SECURITY;
         CREATE POLICY known ON tenant_a.items USING (id IN (SELECT item_id FROM tenant_b.orders))"
    ));
    let work = async || {
        let client = store.raw().await;
        client
            .batch_execute(&format!("SET ROLE {role}; SELECT count(*) FROM tenant_a.items"))
            .await
            .unwrap();
    };
    let report = audit(&store.pool, "tenant_a").run(work).await.unwrap();
    store.database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    check(&report, &[("tenant_b.orders", Read)], "tenant_a.items");
}

#[tokio::test]
async fn a_cache_that_is_not_keyed_by_tenant() {
    let store = Store::new().await;
    let marker = Marker::of(&"tenant_b".parse().unwrap());
    store.database.run(&format!(
        "UPDATE tenant_b.items SET description = '{marker}' WHERE id = 1"
    ));
    let mut cached: Option<String> = None;
    let mut page = async |tenant: &str| match &cached {
        Some(page) => page.clone(),
        None => {
            let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
            let described: String = items::table
                .find(1)
                .select(items::description)
                .get_result(&mut conn)
                .await
                .unwrap();
            cached = Some(format!("<h1>{described}</h1>"));
            cached.clone().unwrap()
        }
    };
    page("tenant_b").await;
    let report = audit(&store.pool, "tenant_a")
        .marker(&marker)
        .run_and_search(async || page("tenant_a").await)
        .await
        .unwrap();
    check(&report, &[("tenant_b", Shown)], "");
    assert!(
        report.to_string().contains("the output shows a value of tenant_b"),
        "{report}"
    );
}
