use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{CheckoutError, SchemaName};
use diesel_tenants_test_support::Server;

use super::{export, import};
use crate::{
    clone::{contents, similar, strings},
    rich::{dump, make, shop, shop_on},
};

const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");

#[tokio::test]
async fn an_imported_tenant_has_everything_that_the_exported_one_had() {
    let (pool, database) = shop().await;
    let long = "x".repeat(63);
    make(&database, "reference");
    let (expected, shared) = (dump(&database, "reference"), contents(&database, "public"));
    for (from, to) in [
        ("template", "client1"),
        // Like a table, a label and a column.
        ("orders", "we\"ird' Name\\"),
        ("it's \"Both\"; --", "Größe 日本.a"),
        ("status", &long),
    ] {
        make(&database, from);
        let (dumped, before) = (dump(&database, from), contents(&database, from));
        let bytes = export(&pool, from).await;
        let imported = import(&pool, to, &bytes).await;
        assert_eq!(imported.exported_as, from);
        similar(&expected, &dump(&database, to));
        similar(&before.join("\n"), &contents(&database, to).join("\n"));
        assert!(before.len() > 20, "{}", before.len());
        similar(&dumped, &dump(&database, from));
        let drift = pool.drift(from, [to]).await.unwrap();
        assert_eq!(drift.alike, 1, "{:?}", drift.drifted);
        // Nothing of it goes with the one that was exported.
        let quoted = SchemaName::new(from).unwrap();
        database.run(&format!("DROP SCHEMA {} CASCADE", quoted.quoted()));
        similar(&expected, &dump(&database, to));
        // And back, where there is none of that name.
        import(&pool, from, &bytes).await;
        similar(&dumped, &dump(&database, from));
        similar(&before.join("\n"), &contents(&database, from).join("\n"));
    }
    similar(&shared.join("\n"), &contents(&database, "public").join("\n"));
}

#[tokio::test]
async fn a_tenant_moves_to_another_server() {
    let (pool, database) = shop().await;
    make(&database, "client1");
    let bytes = export(&pool, "client1").await;
    let server = Server::start();
    let (other_pool, other_database) = shop_on(&server).await;
    let imported = import(&other_pool, "client1", &bytes).await;
    similar(&dump(&database, "client1"), &dump(&other_database, "client1"));
    let before = contents(&database, "client1");
    similar(&before.join("\n"), &contents(&other_database, "client1").join("\n"));
    let versions: Vec<&str> = imported.versions.iter().map(|version| &version.version[..]).collect();
    assert_eq!(versions, ["001", "002"]);
    assert!(imported.rows > 50 && imported.tables > 10, "{imported:?}");
    assert!(imported.server_version >= 130_000, "{imported:?}");
    assert_eq!(imported.exported_by, "0.1.0");
}

#[tokio::test]
async fn numbers_go_on_from_where_they_were_and_triggers_fire_from_then_on() {
    let (pool, database) = shop().await;
    make(&database, "client1");
    let logged = |tenant: &str| strings(&database, &format!("SELECT count(*) FROM {tenant}.audit"));
    let before = logged("client1");
    let bytes = export(&pool, "client1").await;
    import(&pool, "client2", &bytes).await;
    assert_eq!(logged("client2"), before, "triggers fired while rows were written");
    for tenant in ["client1", "client2"] {
        database.run(&format!(
            "INSERT INTO {tenant}.\"Customers\" (user_id, nick) VALUES (1, 'new'); \
             INSERT INTO {tenant}.orders (customer, amount, quantity) SELECT max(id), 7, 4 FROM {tenant}.\"Customers\""
        ));
    }
    let numbers = |tenant: &str| {
        let sql = format!("SELECT o.id, number, ticket, customer, doubled FROM {tenant}.orders o WHERE amount = 7");
        strings(&database, &sql)
    };
    assert_eq!(numbers("client2"), numbers("client1"));
    assert!(numbers("client2")[0].ends_with("|8"), "{:?}", numbers("client2"));
    assert_eq!(logged("client2"), logged("client1"));
    assert_ne!(logged("client2"), before);
}

#[tokio::test]
async fn an_imported_tenant_is_at_its_version_and_is_migrated_from_there() {
    let (pool, _database) = shop().await;
    pool.create_tenant("client1", TENANT).await.unwrap();
    pool.revert_tenant("client1", TENANT, diesel_tenants::Revert::Last(1))
        .await
        .unwrap();
    let pending = pool.pending_tenant("client1", TENANT).await.unwrap();
    assert_eq!(pending.len(), 1);
    let bytes = export(&pool, "client1").await;
    let imported = import(&pool, "client2", &bytes).await;
    assert!(
        imported.versions.iter().all(|version| version.checksum.is_some()),
        "{imported:?}"
    );
    assert_eq!(pool.pending_tenant("client2", TENANT).await.unwrap(), pending);
    assert_eq!(pool.migrate_tenant("client2", TENANT).await.unwrap(), pending);
    pool.for_tenant("client2").get().await.unwrap();
    let status = pool.migration_status(TENANT).await.unwrap();
    assert!(status.changed.is_empty(), "{status:?}");
}

#[tokio::test]
async fn a_suspended_tenant_stays_suspended_and_an_archived_one_comes_back() {
    let (pool, _database) = shop().await;
    pool.create_tenant("client1", TENANT).await.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
    let bytes = export(&pool, "client1").await;
    import(&pool, "client2", &bytes).await;
    let refused = pool.for_tenant("client2").get().await.map(drop).unwrap_err();
    assert!(matches!(refused, CheckoutError::SuspendedTenant { .. }), "{refused:?}");
    pool.resume_tenant("client2").await.unwrap();
    let archive = pool.archive_tenant("client2").await.unwrap();
    let bytes = export(&pool, archive.as_str()).await;
    import(&pool, "client2", &bytes).await;
    pool.for_tenant("client2").get().await.unwrap();
}

#[tokio::test]
async fn a_schema_without_versions_and_one_without_anything_are_tenants_too() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA bare; CREATE SCHEMA client1; CREATE TABLE client1.items (id int); INSERT INTO client1.items VALUES (7)");
    for tenant in ["bare", "client1"] {
        let bytes = export(&pool, tenant).await;
        let imported = import(&pool, &format!("{tenant}2"), &bytes).await;
        assert!(imported.versions.is_empty());
    }
    assert_eq!(strings(&database, "SELECT id FROM client12.items"), ["7"]);
}

#[tokio::test]
async fn several_exports_can_follow_one_another() {
    let (pool, database) = shop().await;
    for tenant in ["client1", "client2"] {
        database.run(&format!(
            "CREATE SCHEMA {tenant}; CREATE TABLE {tenant}.of_{tenant} (id int)"
        ));
    }
    let bytes = [
        export(&pool, "client1").await,
        export(&pool, "client2").await,
        b"more".to_vec(),
    ]
    .concat();
    let mut reader = &bytes[..];
    pool.import_tenant("a").from(&mut reader).await.unwrap();
    pool.import_tenant("b").from(&mut reader).await.unwrap();
    assert_eq!(reader, b"more");
    database.run("SELECT FROM a.of_client1, b.of_client2");
}

#[tokio::test]
async fn a_tenant_goes_through_a_pipe_with_nothing_in_between() {
    let (pool, database) = shop().await;
    make(&database, "client1");
    let (writer, reader) = tokio::io::duplex(1000);
    // Each as a task of its own, which any thread may run.
    let (from, to) = (pool.clone(), pool);
    let exported = tokio::spawn(async move { from.export_tenant("client1").to(writer).await });
    let imported = tokio::spawn(async move { to.import_tenant("client2").from(reader).await });
    let (exported, imported) = (exported.await.unwrap(), imported.await.unwrap());
    assert_eq!(exported.unwrap().rows, imported.unwrap().rows);
    similar(&dump(&database, "client1"), &dump(&database, "client2"));
}
