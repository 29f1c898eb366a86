//! Moves that are refused, fail half way, or are given up.

use std::time::Duration;

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    LifecycleError, MoveError, Placement, TenantPool,
    directory::{DirectoryTables, FixedDirectory},
    migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server, chain};

use super::{Places, at, home, left};
/// The tenant is served where it was, can be written to, and nothing is left of a move.
async fn is_as_it_was(places: &Places, before: &[String]) {
    is_served(places, before).await;
    assert!(left(&places.main).is_empty(), "{:?}", left(&places.main));
}

async fn is_served(places: &Places, before: &[String]) {
    assert_eq!(places.row(), "client1 main active");
    assert_eq!(places.contents(&places.main), before);
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("INSERT INTO emptied VALUES (-1); DELETE FROM emptied WHERE id = -1")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_tenant_in_a_databases_shared_schema_leaves_it_as_the_error_says() {
    let places = Places::with(0).await;
    let schema = Placement::schema("public".parse().unwrap()).in_database("third");
    places.pool.place_tenant("client8", schema, NoMigrations).await.unwrap();
    places
        .third
        .run("CREATE TABLE public.notes (id int PRIMARY KEY); INSERT INTO public.notes VALUES (1), (2)");
    let error = places.pool.move_tenant("client8", at("shard")).await.unwrap_err();
    assert!(
        chain(&error).contains("export it by a pool of that database whose `shared_schema` has another name"),
        "{}",
        chain(&error)
    );

    let third = TenantPool::builder(places.third.url()).shared_schema("none");
    let third = third.build().await.unwrap();
    let mut export = Vec::new();
    third.export_tenant("public").to(&mut export).await.unwrap();
    places.main.run("DELETE FROM public.tenants WHERE name = 'client8'");
    places
        .pool
        .import_tenant("client8")
        .from(export.as_slice())
        .await
        .unwrap();
    let mut conn = places.pool.for_tenant("client8").get().await.unwrap();
    let notes = diesel::sql_query("DELETE FROM notes").execute(&mut conn).await.unwrap();
    assert_eq!(notes, 2);
    assert!(places.main.schemas().contains(&"client8".to_owned()));
}

#[tokio::test]
async fn what_can_not_be_moved_is_refused_and_stays() {
    let places = Places::with(10).await;
    let before = places.contents(&places.main);
    let refused = async |tenant: &str, to: Placement, why: &str| {
        let error = places.pool.move_tenant(tenant, to).await.unwrap_err();
        assert!(chain(&error).contains(why), "{}", chain(&error));
        is_as_it_was(&places, &before).await;
        assert!(left(&places.shard).is_empty());
    };
    let schema = |name: &str| Placement::schema(name.parse().unwrap());
    refused("nobody", at("shard"), "there is no tenant").await;
    refused("client1", at("nowhere"), "is not declared").await;
    refused(
        "client1",
        Placement::rows("1").in_database("shard"),
        "only schemas can be moved",
    )
    .await;
    refused(
        "client1",
        schema("public").in_database("shard"),
        "choose a schema of another name",
    )
    .await;
    refused("client1", schema("other"), "both are in one database").await;
    places
        .shard
        .run("CREATE SCHEMA client1; CREATE TABLE client1.precious AS SELECT 1");
    refused("client1", at("shard"), "schema \"client1\" exists already").await;
    assert_eq!(places.shard.schemas(), ["client1"]);
    places.shard.run("DROP SCHEMA client1 CASCADE");
    places
        .main
        .run("INSERT INTO public.tenants (name, schema_name, database_name) VALUES ('client2', 'client1', 'shard')");
    refused("client1", at("shard"), "another tenant lives there").await;
    places.main.run("DELETE FROM public.tenants WHERE name = 'client2'");
    refused("client1", at("shard"), "tenant client2 left that place").await;
    places.main.run("DELETE FROM public.tenants_left");
    places
        .main
        .run("CREATE VIEW public.all_items AS SELECT * FROM client1.items");
    refused("client1", at("shard"), "view").await;
    places.main.run("DROP VIEW public.all_items");
    places.shard.run("DROP TABLE public.users");
    refused("client1", at("shard"), "lacks table public.users").await;
    assert!(places.shard.schemas().is_empty());

    let fixed = FixedDirectory::new().with("client1", home()).unwrap();
    let pool = TenantPool::builder(places.main.url())
        .directory(fixed)
        .database("shard", places.shard.url());
    let pool = pool.build().await.unwrap();
    // The tables of the database's own directory would not be told.
    let error = pool.move_tenant("client1", at("shard")).await.unwrap_err();
    assert!(
        matches!(error, MoveError::Lifecycle(LifecycleError::DirectoryIgnored { .. })),
        "{error:?}"
    );
    places.main.run("DROP TABLE public.domains, public.tenants CASCADE");
    let error = pool.move_tenant("client1", at("shard")).await.unwrap_err();
    assert!(
        matches!(error, MoveError::Lifecycle(LifecycleError::NoDirectory { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn tables_without_a_primary_key_are_moved_with_writes_paused_only() {
    let places = Places::with(10).await;
    places
        .main
        .run("CREATE TABLE client1.log (line text); INSERT INTO client1.log VALUES ('a'), ('a')");
    let before = places.contents(&places.main);
    let error = places.pool.move_tenant("client1", at("shard")).await.unwrap_err();
    assert!(
        matches!(&error, MoveError::NoPrimaryKey { tables, .. } if tables == &["log"]),
        "{error:?}"
    );
    is_as_it_was(&places, &before).await;
    let moved = places
        .pool
        .move_tenant("client1", at("shard"))
        .pause_writes()
        .await
        .unwrap();
    assert!(moved.left.is_empty() && moved.changes == 0, "{moved:?}");
    assert_eq!(places.contents(&places.shard), before);
    assert!(left(&places.main).is_empty() && left(&places.shard).is_empty());
}

#[tokio::test]
async fn a_transaction_that_writes_and_does_not_end_keeps_the_tenant_where_it_is() {
    let places = Places::with(10).await;
    let before = places.contents(&places.main);
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; UPDATE items SET code = code WHERE id = 1")
        .await
        .unwrap();
    let moving = places
        .pool
        .move_tenant("client1", at("shard"))
        .wait(Duration::from_millis(400));
    let error = moving.await.unwrap_err();
    assert!(matches!(error, MoveError::InUse { .. }), "{error:?}");
    conn.batch_execute("ROLLBACK").await.unwrap();
    drop(conn);
    is_as_it_was(&places, &before).await;
    // One that only reads is no reason to wait.
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM audit").await.unwrap();
    let moving = places
        .pool
        .move_tenant("client1", at("shard"))
        .wait(Duration::from_millis(400))
        .await;
    // But for the triggers that are taken away again.
    if let Ok(moved) = &moving {
        assert!(!moved.left.is_empty(), "{moved:?}");
    }
}

#[tokio::test]
async fn where_the_target_server_dies_the_tenant_stays_and_the_same_call_moves_it_later() {
    let second = Server::start();
    let places = Places::on(&second, 60_000).await;
    let before = places.contents(&places.main);
    let pool = places.pool.clone();
    let moving = tokio::spawn(async move { pool.move_tenant("client1", at("shard")).await });
    for tries in 0.. {
        let copying = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY \"client1\"%' AND state = 'active'";
        if !places.shard.query_strings(copying).is_empty() {
            break;
        }
        assert!(tries < 1000 && !moving.is_finished(), "the copy was never seen");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    second.stop();
    let error = moving.await.unwrap().unwrap_err();
    assert!(!matches!(error, MoveError::Untold { .. }), "{error:?}");
    // Nothing is noted any more. Whose it is that may be at the target is kept.
    assert_eq!(left(&places.main), ["client1.__diesel_tenants_move"]);
    is_served(&places, &before).await;
    let error = places.pool.move_tenant("client1", at("shard")).await.unwrap_err();
    assert!(chain(&error).contains(&second.port().to_string()), "{}", chain(&error));
    is_served(&places, &before).await;
    second.restart();
    places.move_to(at("shard")).await;
    assert_eq!(places.contents(&places.shard), before);
}

/// Gives up a move while what it writes down is in a database.
pub(super) async fn give_up(places: &Places, to: Placement, from: &Database) {
    for round in 1..200 {
        let moving = places.pool.move_tenant("client1", to.clone());
        // On a busy machine it takes longer to get there, and to get through.
        let patience = Duration::from_millis(round + round * round / 20);
        let moved = tokio::time::timeout(patience, moving).await;
        assert!(moved.is_err(), "{moved:?}");
        // The server may be at it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !left(from).is_empty() {
            return;
        }
    }
    panic!("never in the midst of it");
}

#[tokio::test]
async fn a_move_to_where_the_tenant_is_clears_away_what_one_that_was_given_up_has_left() {
    let places = Places::with(3_000).await;
    let before = places.contents(&places.main);
    // What tells whose it is that may be at the target is kept.
    let note = ["client1.__diesel_tenants_move"];
    give_up(&places, at("shard"), &places.main).await;
    places.move_to(home()).await;
    is_served(&places, &before).await;
    assert_eq!(left(&places.main), note);
    // Nobody takes it for one of the tenant's tables.
    places.pool.clone_tenant("client1", "client3").await.unwrap();
    assert_eq!(left(&places.main), note);
    let drift = places.pool.drift("client3", ["client1"]).await.unwrap();
    assert!(drift.is_clean(), "{drift:?}");

    places.move_to(at("shard")).await;
    give_up(&places, at("third"), &places.shard).await;
    places.move_to(at("shard")).await;
    assert_eq!(left(&places.shard), note);
    // No trigger is left that writes to a journal which is gone.
    write_once(&places).await.unwrap();
    assert_eq!(places.contents(&places.shard), before);
}

#[tokio::test]
async fn foreign_keys_that_could_not_be_checked_are_when_the_same_call_is_made_again() {
    let places = Places::with(100).await;
    let before = places.contents(&places.main);
    for tries in 0.. {
        let url = places.shard.url().to_owned();
        // Others' locks, from the moment in which the foreign key is there.
        let locked = tokio::spawn(async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            let lock = "DO $$ BEGIN
                 WHILE NOT EXISTS (SELECT FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace
                     WHERE nspname = 'client1' AND conname = 'orders_item_id_fkey') LOOP
                 END LOOP;
                 LOCK TABLE client1.orders IN SHARE UPDATE EXCLUSIVE MODE;
                 PERFORM pg_sleep(1.5);
             END $$";
            client.batch_execute(lock).await.unwrap();
            connection.abort();
        });
        let moving = places.pool.move_tenant("client1", at("shard"));
        let moved = moving.wait(Duration::from_millis(500)).await.unwrap();
        assert_eq!(places.row(), "client1 shard active");
        locked.await.unwrap();
        if let [check] = &moved.left[..] {
            assert!(check.contains("VALIDATE CONSTRAINT \"orders_item_id_fkey\""), "{check}");
            assert_ne!(places.contents(&places.shard), before);
            // Elsewhere nobody would know of it any more.
            places.shard.run(
                "ALTER TABLE client1.orders DISABLE TRIGGER ALL; UPDATE client1.orders SET item_id = -1 WHERE id = 1",
            );
            let error = places.pool.move_tenant("client1", home()).await.unwrap_err();
            assert!(
                chain(&error).contains("violates foreign key constraint"),
                "{}",
                chain(&error)
            );
            places.shard.run(
                "UPDATE client1.orders SET item_id = 2 WHERE id = 1; ALTER TABLE client1.orders ENABLE TRIGGER ALL",
            );
            break;
        }
        assert!(tries < 5, "it was never locked in time");
        places.move_to(home()).await;
    }
    places.move_to(at("shard")).await;
    assert_eq!(places.contents(&places.shard), before);
    assert!(left(&places.shard).is_empty(), "{:?}", left(&places.shard));
}

#[tokio::test]
async fn given_up_at_any_moment_the_tenant_is_at_one_place_and_the_same_call_finishes() {
    let places = Places::with(3_000).await;
    let before = places.contents(&places.main);
    for (to, row) in [
        (at("shard"), "client1 shard active"),
        (at("third"), "client1 third active"),
    ] {
        for round in 0..30 {
            let moving = places.pool.move_tenant("client1", to.clone());
            let given_up = tokio::time::timeout(Duration::from_millis(15 * round), moving).await;
            // Wherever it is by now, it is served. The server may have gone on with what it had been told.
            let mut written = write_once(&places).await;
            for _ in 0..100 {
                if written.is_ok() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                written = write_once(&places).await;
            }
            written.unwrap_or_else(|error| panic!("round {round}: {error}"));
            if matches!(given_up, Ok(Ok(_))) || places.row() == row {
                break;
            }
        }
        places.move_to(to).await;
        assert_eq!(places.row(), row);
    }
    assert_eq!(places.contents(&places.third), before);
    assert!(left(&places.third).is_empty(), "{:?}", left(&places.third));
}

async fn write_once(places: &Places) -> Result<(), String> {
    let conn = places.pool.for_tenant("client1").get().await;
    let mut conn = conn.map_err(|error| chain(&error))?;
    conn.batch_execute("INSERT INTO emptied VALUES (-1); DELETE FROM emptied WHERE id = -1")
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_move_through_what_may_be_a_pooler_is_refused_before_anything_is_done() {
    let places = Places::with(1).await;
    let role = format!("app_{}", places.main.name());
    places.main.run(&format!(
        "CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'x'; ALTER ROLE {role} SET search_path = ''"
    ));
    let (_, rest) = places.main.url().split_once("://").unwrap();
    let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
    let pool = TenantPool::builder(format!("postgres://{role}:x@{address}"))
        .search_path_from_role()
        .directory(DirectoryTables::new())
        .database("third", places.third.url())
        .build()
        .await
        .unwrap();
    let error = pool.move_tenant("client1", at("third")).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "can't move tenant \"client1\": a move needs sessions of its own, and with `search_path_from_role` a pooler may be in between; \
         build a pool without that option that connects directly to the servers"
    );
    assert_eq!(places.row(), "client1 main active");
    assert!(places.contents(&places.third).is_empty());
    places.main.run(&format!("DROP ROLE {role}"));
}
