//! Types that live in a tenant's schema: two tenants' on one connection, in turn.

use diesel::{
    deserialize::{FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    prelude::*,
    serialize::{IsNull, Output, ToSql},
};
use diesel_async::RunQueryDsl;
use std::io::Write;

use crate::store::Store;

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "order_status"))]
pub struct OrderStatus;

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = OrderStatus)]
pub enum Status {
    New,
    Sent,
}

impl ToSql<OrderStatus, Pg> for Status {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(match self {
            Self::New => b"new",
            Self::Sent => b"sent",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<OrderStatus, Pg> for Status {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        match value.as_bytes() {
            b"new" => Ok(Self::New),
            b"sent" => Ok(Self::Sent),
            other => Err(format!("unknown status {:?}", String::from_utf8_lossy(other)).into()),
        }
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::OrderStatus;

    parcels (id) {
        id -> Integer,
        status -> OrderStatus,
        history -> Array<OrderStatus>,
        weight -> Integer,
    }
}

async fn with_parcels() -> Store {
    let store = Store::on_one_connection().await;
    for tenant in ["client1", "client2"] {
        store.database.run(&format!(
            "CREATE TYPE {tenant}.order_status AS ENUM ('new', 'sent');
             CREATE DOMAIN {tenant}.weight AS int CHECK (VALUE > 0);
             CREATE TABLE {tenant}.parcels (
                 id serial PRIMARY KEY,
                 status {tenant}.order_status NOT NULL,
                 history {tenant}.order_status[] NOT NULL,
                 weight {tenant}.weight NOT NULL
             )"
        ));
    }
    store
}

#[tokio::test]
async fn enums_arrays_of_enums_domains_and_sequences_round_trip_for_two_tenants_on_one_connection() {
    let store = with_parcels().await;
    for round in 1..4 {
        for tenant in ["client1", "client2"] {
            let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
            let (id, status, history): (i32, Status, Vec<Status>) = diesel::insert_into(parcels::table)
                .values((
                    parcels::status.eq(Status::Sent),
                    parcels::history.eq(vec![Status::New, Status::Sent]),
                    parcels::weight.eq(round),
                ))
                .returning((parcels::id, parcels::status, parcels::history))
                .get_result(&mut conn)
                .await
                .unwrap();
            assert_eq!(id, round, "each tenant has a sequence of its own");
            assert_eq!((status, history), (Status::Sent, vec![Status::New, Status::Sent]));
            let found: i64 = parcels::table
                .filter(parcels::status.eq(Status::Sent))
                .filter(parcels::status.eq_any([Status::Sent]))
                .count()
                .get_result(&mut conn)
                .await
                .unwrap();
            assert_eq!(found, i64::from(round));
        }
    }
}

#[tokio::test]
async fn a_type_elsewhere_that_depends_on_the_tenants_schema_is_none_of_its_types() {
    let store = Store::on_one_connection().await;
    // A constant of the type regnamespace makes the domain depend on that schema, too.
    let elsewhere = |schema: &str| {
        let sql = format!("CREATE DOMAIN {schema}.order_status AS regnamespace DEFAULT 'client1'::regnamespace");
        store.database.run(&sql);
    };
    elsewhere("client2");
    store.database.run(
        "CREATE TYPE client1.order_status AS ENUM ('new', 'sent');
         CREATE TABLE client1.parcels (id serial PRIMARY KEY, status client1.order_status NOT NULL,
             history client1.order_status[] NOT NULL, weight int NOT NULL)",
    );
    elsewhere("public");
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let inserted = diesel::insert_into(parcels::table).values((
        parcels::status.eq(Status::New),
        parcels::history.eq(vec![Status::Sent]),
        parcels::weight.eq(1),
    ));
    assert_eq!(inserted.execute(&mut conn).await, Ok(1));
}

#[tokio::test]
async fn types_made_by_a_migration_are_known_to_the_next_checkout() {
    use crate::migrations::Folder;
    let store = Store::on_one_connection().await;
    drop(store.pool.for_tenant("client1").get().await.unwrap());
    let folder = Folder::of(&[(
        "001_parcels",
        "CREATE TYPE order_status AS ENUM ('new', 'sent');
         CREATE TABLE parcels (id serial PRIMARY KEY, status order_status NOT NULL, history order_status[] NOT NULL, weight int NOT NULL);",
        "",
    )]);
    store.pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let inserted = diesel::insert_into(parcels::table).values((
        parcels::status.eq(Status::New),
        parcels::history.eq(Vec::<Status>::new()),
        parcels::weight.eq(1),
    ));
    assert_eq!(inserted.execute(&mut conn).await, Ok(1));
}

#[tokio::test]
async fn a_connection_without_a_pool_finds_them_once_it_has_looked_them_up() {
    use diesel_async::AsyncConnection;
    use diesel_tenants::{PostgresConnection, SchemaTranslateMap, TenantConnection};
    let store = with_parcels().await;
    let connection = PostgresConnection::establish(store.database.url()).await.unwrap();
    let mut conn = TenantConnection::new(connection, SchemaTranslateMap::tenant("client2".parse().unwrap()));
    conn.look_up_types().await.unwrap();
    let new = parcels::table.filter(parcels::status.eq(Status::New));
    assert_eq!(new.count().get_result::<i64>(&mut conn).await, Ok(0));
}

#[tokio::test]
async fn a_type_declared_in_a_symbolic_schema_is_found_whatever_the_map() {
    use diesel_tenants::{SchemaTranslateMap, TranslateDsl};

    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "order_status", schema = "tenant"))]
    struct TenantStatus;

    #[derive(Debug, AsExpression)]
    #[diesel(sql_type = TenantStatus)]
    struct Sent;

    impl ToSql<TenantStatus, Pg> for Sent {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
            out.write_all(b"sent")?;
            Ok(IsNull::No)
        }
    }

    let store = with_parcels().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    for tenant in ["client1", "client2"] {
        let map = SchemaTranslateMap::tenant(tenant.parse().unwrap()).with_symbolic("tenant");
        let sent = diesel::dsl::sql::<diesel::sql_types::Bool>("status = ").bind::<TenantStatus, _>(Sent);
        let count = parcels::table.with_schema_map(map).filter(sent).count();
        assert_eq!(count.get_result::<i64>(&mut conn).await, Ok(0));
    }
}

#[tokio::test]
async fn a_type_made_anew_is_found_though_its_old_oid_was_known() {
    use crate::migrations::Folder;
    let store = with_parcels().await;
    let insert = || {
        diesel::insert_into(parcels::table).values((
            parcels::status.eq(Status::New),
            parcels::history.eq(Vec::<Status>::new()),
            parcels::weight.eq(1),
        ))
    };
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(insert().execute(&mut conn).await, Ok(1));
    drop(conn);
    let folder = Folder::of(&[(
        "001_anew",
        "DROP TYPE order_status CASCADE;
         CREATE TYPE order_status AS ENUM ('new', 'sent', 'lost');
         ALTER TABLE parcels ADD COLUMN status order_status, ADD COLUMN history order_status[];",
        "",
    )]);
    store.pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(insert().execute(&mut conn).await, Ok(1));
}

#[tokio::test]
async fn an_extensions_type_keeps_working() {
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "mood"))]
    struct Mood;

    #[derive(Debug, AsExpression)]
    #[diesel(sql_type = Mood)]
    struct Happy;

    impl ToSql<Mood, Pg> for Happy {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
            out.write_all(b"happy")?;
            Ok(IsNull::No)
        }
    }

    let store = Store::with(|builder| builder.extension_schemas(["extensions"])).await;
    store
        .database
        .run("CREATE SCHEMA extensions; CREATE TYPE extensions.mood AS ENUM ('happy')");
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let text: String = diesel::select(
        diesel::dsl::sql::<diesel::sql_types::Text>("")
            .bind::<Mood, _>(Happy)
            .sql("::text"),
    )
    .get_result(&mut conn)
    .await
    .unwrap();
    assert_eq!(text, "happy");
}

#[tokio::test]
async fn a_type_that_a_tenant_gets_takes_the_place_of_an_extensions_type_on_every_connection() {
    use crate::migrations::Folder;
    use diesel_async::AsyncConnection;
    use diesel_tenants::Checkout;

    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "mood"))]
    struct Mood;

    #[derive(Debug, AsExpression)]
    #[diesel(sql_type = Mood)]
    struct Happy;

    impl ToSql<Mood, Pg> for Happy {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
            out.write_all(b"happy")?;
            Ok(IsNull::No)
        }
    }

    /// The schema of the type that the server is told. In a transaction nothing is sent twice.
    async fn schema(conn: &mut Checkout) -> String {
        conn.transaction(async |conn| {
            let bind = diesel::dsl::sql::<diesel::sql_types::Text>(
                "(SELECT typnamespace::regnamespace::text FROM pg_type WHERE oid = pg_typeof(",
            );
            let schema = bind.bind::<Mood, _>(Happy).sql("))");
            diesel::select(schema).get_result(conn).await
        })
        .await
        .unwrap()
    }

    let store = Store::with(|builder| builder.extension_schemas(["extensions"]).max_size(2)).await;
    store
        .database
        .run("CREATE SCHEMA extensions; CREATE TYPE extensions.mood AS ENUM ('happy')");
    let get = async |tenant: &str| store.pool.for_tenant(tenant).get().await.unwrap();
    let both = async |tenant: &str| {
        let (mut one, mut other) = (get(tenant).await, get(tenant).await);
        [schema(&mut one).await, schema(&mut other).await]
    };
    assert_eq!(both("client1").await, ["extensions"; 2]);
    assert_eq!(both("client2").await, ["extensions"; 2]);
    let mood = |version: &str, sql: &str| Folder::of(&[(version, sql, "")]);
    let own = mood("001_own", "CREATE TYPE mood AS ENUM ('happy')");
    store.pool.migrate_tenant("client1", own.migrations()).await.unwrap();
    assert_eq!(both("client1").await, ["client1"; 2]);
    assert_eq!(both("client2").await, ["extensions"; 2]);
    // Anew under the same name, and gone.
    let anew = mood(
        "002_anew",
        "ALTER TYPE mood RENAME TO old_mood; CREATE TYPE mood AS ENUM ('happy')",
    );
    store.pool.migrate_tenant("client1", anew.migrations()).await.unwrap();
    assert_eq!(both("client1").await, ["client1"; 2]);
    let oid = |name: &str| {
        let sql = format!("SELECT 'client1.{name}'::regtype::oid::text");
        store.database.values(&sql).remove(0)
    };
    assert_ne!(oid("mood"), oid("old_mood"));
    let mut conn = get("client1").await;
    let told: String = diesel::select(
        diesel::dsl::sql::<diesel::sql_types::Text>("pg_typeof(")
            .bind::<Mood, _>(Happy)
            .sql(")::oid::text"),
    )
    .get_result(&mut conn)
    .await
    .unwrap();
    assert_eq!(told, oid("mood"));
    drop(conn);
    let gone = mood("003_gone", "DROP TYPE mood, old_mood");
    store.pool.migrate_tenant("client1", gone.migrations()).await.unwrap();
    assert_eq!(both("client1").await, ["extensions"; 2]);
    // Another tenant of that name has a type of its own at once.
    store
        .database
        .run("DROP SCHEMA client1 CASCADE; CREATE SCHEMA client1; CREATE TYPE client1.mood AS ENUM ('happy')");
    store
        .pool
        .migrate_tenant("client1", diesel_tenants::migrations::NoMigrations)
        .await
        .unwrap();
    assert_eq!(both("client1").await, ["client1"; 2]);
}
