//! The program of the README, which a test compares with this one.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    TenantPool, TranslateDsl,
    diesel_migrations::{self, EmbeddedMigrations, embed_migrations},
};

mod schema;
use schema::{shared::users, tenant::orders}; // table! { public.users … }, table! { orders … }

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL")?; // postgres://user:password@localhost/store
    let pool = TenantPool::builder(url).max_size(16).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?; // migrations/         -> schema public
    pool.ensure_tenant("client1", TENANT_MIGRATIONS).await?; // tenant_migrations/  -> schema client1
    pool.ensure_tenant("client2", TENANT_MIGRATIONS).await?;

    let mut conn = pool.for_tenant("client1").get().await?; // one checkout, one tenant
    let ordered = users::table
        .inner_join(orders::table) // "public"."users" INNER JOIN "client1"."orders"
        .select((users::name, orders::quantity))
        .load::<(String, i32)>(&mut conn)
        .await?;

    let elsewhere: i64 = orders::table.in_schema("client2").count().get_result(&mut conn).await?; // one query
    println!("{ordered:?}, and {elsewhere} orders of client2");
    Ok(())
}
