//! How much there is in a schema.

use diesel_tenants::TenantPool;
use diesel_tenants_test_support::Server;

use crate::migrations::items_only;

#[tokio::test]
async fn a_schema_has_the_size_of_its_own_tables() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, items_only()).await.unwrap();
    }
    let before = pool.schema_size("client1").await.unwrap().unwrap();
    assert_eq!(before.tables, 2, "items, and the version table");
    assert!(before.bytes > 0);
    database.run(
        "INSERT INTO client2.items (id, price) SELECT n, n FROM generate_series(1, 10000) n;
         CREATE VIEW client1.dear AS SELECT * FROM client1.items WHERE price > 10;
         CREATE TABLE client1.parts (id int) PARTITION BY LIST (id);
         CREATE TABLE client1.parts_1 PARTITION OF client1.parts FOR VALUES IN (1)",
    );
    let after = pool.schema_size("client1").await.unwrap().unwrap();
    assert_eq!((after.tables, after.bytes), (4, before.bytes));
    let grown = pool.schema_size("client2").await.unwrap().unwrap();
    assert!(grown.bytes > before.bytes + 300_000, "{grown:?}");
    // An archive, the shared schema, and none at all.
    let archive = pool.archive_tenant("client2").await.unwrap();
    assert_eq!(pool.schema_size(&archive).await.unwrap(), Some(grown));
    assert_eq!(pool.schema_size("public").await.unwrap().unwrap().tables, 0);
    assert_eq!(pool.schema_size("client2").await.unwrap(), None);
}
