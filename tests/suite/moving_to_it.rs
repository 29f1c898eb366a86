//! The SQL of the guide "moving to it" does what the guide says.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{TenantPool, directory::DirectoryTables};
use diesel_tenants_test_support::Server;

use crate::migrations::Folder;

/// The blocks of SQL in the guide.
fn blocks() -> Vec<&'static str> {
    let guide = include_str!("../../docs/guide/moving-to-it.md");
    let blocks = guide.split("```sql\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

#[tokio::test]
async fn a_baseline_adopts_tables_with_their_rows_and_creates_those_of_new_tenants() {
    let [baseline, _] = blocks()[..] else {
        panic!("the guide has two blocks of SQL");
    };
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1; CREATE TABLE client1.orders (id int PRIMARY KEY)");
    database.run("INSERT INTO client1.orders VALUES (7)");
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let folder = Folder::of(&[("0001_baseline", baseline, "")]);
    let applied = pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    assert_eq!(applied.len(), 1);
    pool.rename_tenant("client1", "first_client").await.unwrap();
    pool.create_tenant("client2", folder.migrations()).await.unwrap();
    assert_eq!(database.values("SELECT id::text FROM first_client.orders"), ["7"]);
    assert_eq!(database.values("SELECT count(*)::text FROM client2.orders"), ["0"]);
}

#[tokio::test]
async fn tenants_and_domains_of_django_are_taken_over() {
    let [_, take_over] = blocks()[..] else {
        panic!("the guide has two blocks of SQL");
    };
    let database = Server::shared().database();
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.orders (id int); CREATE TABLE client1.django_migrations (id int);
         CREATE TABLE public.tenants_client (id int PRIMARY KEY, schema_name varchar(63) UNIQUE);
         CREATE TABLE public.tenants_domain (id int, domain varchar(253), is_primary boolean, tenant_id int);
         INSERT INTO public.tenants_client VALUES (1, 'public'), (2, 'client1');
         INSERT INTO public.tenants_domain VALUES (1, 'example.com', true, 1), (2, 'Shop.example', true, 2)",
    );
    let builder = TenantPool::builder(database.url()).directory(DirectoryTables::new());
    let pool = builder.build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    database.run(take_over);
    let owner = pool.tenant_of_domain("shop.example").await.unwrap().expect("a tenant");
    assert_eq!(owner.as_str(), "client1");
    let mut conn = pool.for_tenant(&owner).get().await.unwrap();
    conn.batch_execute("SELECT id FROM orders").await.unwrap();
}
