//! What a move brings along, and what it leaves.

use std::time::Duration;

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, Placement, TenantPool, directory::DirectoryTables, migrations::NoMigrations, transfer::MoveError,
};
use diesel_tenants_test_support::{Database, Server, chain};

use super::{Places, at, home, left, pool};

#[tokio::test]
async fn a_tenant_moves_there_and_back_with_all_that_it_is_made_of() {
    let places = Places::with(1_000).await;
    let before = places.contents(&places.main);
    let moved = places.move_to(at("shard")).await;
    assert_eq!((places.row().as_str(), moved.changes), ("client1 shard active", 0));
    assert_eq!(places.contents(&places.shard), before);
    let archive = moved.archive.unwrap();
    assert_eq!(places.main.schemas(), [archive.as_str()]);
    let archived = places.pool.archived_tenants().await.unwrap();
    assert!(
        archived.len() == 1 && archived[0].tenant.as_str() == "client1",
        "{archived:?}"
    );
    for database in [&places.main, &places.shard] {
        assert!(left(database).is_empty(), "{:?}", left(database));
    }
    // The next number is the next number.
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("INSERT INTO orders (user_id, item_id, writer, value) VALUES (1, 1, 9, 9)")
        .await
        .unwrap();
    assert_eq!(
        places.shard.values("SELECT id FROM client1.orders WHERE writer = 9"),
        ["1001"]
    );
    drop(conn);

    // To be there already is no error, and nothing to do.
    let again = places.move_to(at("shard")).await;
    assert_eq!((again.already_there, again.rows, again.archive), (true, 0, None));
    let now = places.contents(&places.shard);
    let back = places.pool.move_tenant("client1", home()).drop_source().await.unwrap();
    assert!(back.left.is_empty() && back.archive.is_none(), "{back:?}");
    assert_eq!(places.row(), "client1 main active");
    assert_eq!(places.contents(&places.main), now);
    assert!(places.shard.schemas().is_empty());
    places.pool.rename_tenant("client1", "client2").await.unwrap();
    assert_eq!(
        places.pool.drop_archived(Duration::ZERO).await.unwrap().dropped.len(),
        1
    );
}

#[tokio::test]
async fn a_suspended_tenant_stays_suspended() {
    let places = Places::with(10).await;
    places.pool.suspend_tenant("client1").await.unwrap();
    for to in [at("shard"), home()] {
        places.move_to(to).await;
        let error = places.pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
        places.pool.resume_tenant("client1").await.unwrap();
        places.pool.for_tenant("client1").get().await.unwrap();
        places.pool.suspend_tenant("client1").await.unwrap();
    }
}

#[tokio::test]
async fn who_still_knows_the_old_place_can_write_nothing_there() {
    let places = Places::with(10).await;
    let other = pool(places.main.url(), places.shard.url(), places.third.url()).await;
    let mut old = other.for_tenant("client1").get().await.unwrap();
    let insert = "INSERT INTO emptied VALUES (1000)";
    // Prepared, and with a plan that is kept.
    for _ in 0..10 {
        assert_eq!(
            diesel::sql_query("UPDATE emptied SET id = id WHERE id = 1")
                .execute(&mut old)
                .await,
            Ok(1)
        );
    }
    places.move_to(at("shard")).await;
    for sql in [
        insert,
        "UPDATE emptied SET id = id WHERE id = 1",
        "INSERT INTO busy VALUES (99, 'x')",
        "SELECT nextval('client1.audit_id_seq')",
    ] {
        let error = diesel::sql_query(sql).execute(&mut old).await.unwrap_err();
        assert!(error.to_string().contains("does not exist"), "{error}");
    }
    drop(old);
    tokio::time::sleep(Duration::from_millis(60)).await;
    let mut new = other.for_tenant("client1").get().await.unwrap();
    new.batch_execute(insert).await.unwrap();
    assert_eq!(places.shard.values("SELECT max(id) FROM client1.emptied"), ["1000"]);
}

#[tokio::test]
async fn writes_that_wait_for_the_switch_are_refused_at_the_old_place() {
    let places = Places::with(5_000).await;
    let other = pool(places.main.url(), places.shard.url(), places.third.url()).await;
    // Each of them is on its way in some other way when writes are locked out.
    let ways = [
        "INSERT INTO emptied VALUES (2000)",
        "INSERT INTO busy VALUES (2000, 'x')",
        "INSERT INTO parts VALUES (1, 2000)",
    ];
    let moving = places.pool.move_tenant("client1", at("shard")).pause_writes();
    let writing = ways.map(|way| {
        let other = other.clone();
        tokio::spawn(async move {
            let mut conn = other.for_tenant("client1").get().await.unwrap();
            conn.batch_execute("SELECT 1").await.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
            conn.batch_execute(way).await
        })
    });
    moving.await.unwrap();
    let archive = &places.main.schemas()[0];
    for (table, task) in ["emptied", "items", "parts"].into_iter().zip(writing) {
        let count = |database: &Database, schema: &str| {
            database
                .values(&format!("SELECT count(*) FROM {schema}.{table} WHERE id = 2000"))
                .concat()
        };
        // Either it was in time, and was moved; or it was told that it wasn't.
        match task.await.unwrap() {
            Ok(()) => assert_eq!(count(&places.shard, "client1"), "1", "{table}"),
            Err(error) => {
                assert!(error.to_string().contains("does not exist"), "{error}");
                assert_eq!(count(&places.main, archive), "0", "{table}");
            }
        }
    }
}

#[tokio::test]
async fn a_crash_between_the_two_commits_is_finished_by_the_same_call() {
    let places = Places::with(10).await;
    let before = places.contents(&places.main);
    places.move_to(at("shard")).await;
    places.move_to(at("third")).await;
    // As it was between them: all is there, the source has its new name, and the directory knows nothing of it.
    let complete = "CREATE TABLE client1.__diesel_tenants_move (name text NOT NULL, key jsonb);
         COMMENT ON TABLE client1.__diesel_tenants_move IS 'complete x from shard';
         ALTER TABLE client1.orders DROP CONSTRAINT orders_item_id_fkey,
             ADD CONSTRAINT orders_item_id_fkey FOREIGN KEY (item_id) REFERENCES client1.items ON DELETE CASCADE NOT VALID;
         INSERT INTO client1.__diesel_tenants_move VALUES ('orders', '\"orders_item_id_fkey\"'), ('gone', '\"gone\"')";
    places.third.run(complete);
    places
        .main
        .run("UPDATE public.tenants SET database_name = 'shard' WHERE name = 'client1'");
    tokio::time::sleep(Duration::from_millis(60)).await;
    let error = places.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::MissingSchema { .. }), "{error:?}");
    // It could be what another move has left, to another place than the one where the tenant is by now.
    let error = places.pool.move_tenant("client1", at("third")).await.unwrap_err();
    assert!(chain(&error).contains("there is no tenant"), "{error:?}");
    let archive = &places.shard.schemas()[0];
    places.shard.run(&format!(
        "CREATE TABLE {archive}.__diesel_tenants_move (); COMMENT ON TABLE {archive}.__diesel_tenants_move IS 'x'"
    ));
    places.move_to(at("third")).await;
    places.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(places.row(), "client1 third active");
    assert_eq!(places.contents(&places.third), before);
    assert!(left(&places.third).is_empty() && left(&places.shard).is_empty());
}

#[tokio::test]
async fn the_owner_of_the_tables_needs_no_more_rights_and_who_writes_needs_none_to_the_journal() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    let (owner, app) = (format!("owner_{}", main.name()), format!("app_{}", main.name()));
    main.run(&format!(
        "CREATE ROLE {owner} LOGIN PASSWORD 'x'; CREATE ROLE {app} LOGIN PASSWORD 'x'"
    ));
    for database in [&main, &shard] {
        let name = database.name();
        database.run(&format!(
            "GRANT CREATE ON DATABASE {name} TO {owner}; GRANT CREATE ON SCHEMA public TO {owner}"
        ));
    }
    let url = |role: &str, database: &Database| {
        let (_, host) = database.url().rsplit_once('@').unwrap();
        format!("postgres://{role}:x@{host}")
    };
    let builder = |main_url: String| {
        let builder = TenantPool::builder(main_url).migration_url(url(&owner, &main));
        builder
            .directory(DirectoryTables::new())
            .database("shard", url(&owner, &shard))
    };
    let pool = builder(url(&owner, &main)).build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    main.run(&format!(
        "SET ROLE {owner}; CREATE TABLE client1.orders (id int PRIMARY KEY, value int);
         INSERT INTO client1.orders SELECT n, n FROM generate_series(1, 20000) n;
         GRANT USAGE ON SCHEMA client1 TO {app}; GRANT SELECT, UPDATE ON client1.orders TO {app};
         GRANT SELECT ON public.tenants TO {app}"
    ));
    let writes = builder(url(&app, &main)).build().await.unwrap();
    let mut conn = writes.for_tenant("client1").get().await.unwrap();
    let moving = tokio::spawn(async move { pool.move_tenant("client1", at("shard")).await });
    let mut last = 0;
    for value in 1.. {
        let sql = format!("UPDATE orders SET value = -{value} WHERE id = 77");
        match diesel::sql_query(sql).execute(&mut conn).await {
            Ok(_) => last = value,
            Err(error) => {
                assert!(error.to_string().contains("does not exist"), "{error}");
                break;
            }
        }
        assert!(value < 1_000_000, "the move doesn't end");
    }
    let moved = moving
        .await
        .unwrap()
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(moved.changes > 0 && moved.left.is_empty(), "{moved:?}");
    assert_eq!(
        shard.values("SELECT value FROM client1.orders WHERE id = 77"),
        [format!("-{last}")]
    );
}

#[tokio::test]
async fn any_name_that_a_schema_or_table_can_have_is_no_more_than_a_name() {
    let places = Places::with(1).await;
    let name = "it's $journal$ \"%s\" {x} \\";
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    places.pool.create_tenant(name, NoMigrations).await.unwrap();
    let it = quoted(name);
    places.main.run(&format!(
        "CREATE TABLE {it}.{it} ({it} text PRIMARY KEY, value int);
         INSERT INTO {it}.{it} SELECT n || '$journal$', n FROM generate_series(1, 5000) n"
    ));
    let pool = places.pool.clone();
    let to = Placement::schema(name.parse().unwrap()).in_database("shard");
    let moving = tokio::spawn(async move { pool.move_tenant(name, to).await });
    let mut conn = places.pool.for_tenant(name).get().await.unwrap();
    while !moving.is_finished() {
        let sql = format!("UPDATE {it} SET value = value + 1 WHERE {it} = '7$journal$'");
        if diesel::sql_query(sql).execute(&mut conn).await.is_err() {
            break;
        }
    }
    let moved = moving
        .await
        .unwrap()
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert!(moved.changes > 0 && moved.left.is_empty(), "{moved:?}");
    let all = |schema: &str| format!("SELECT t::text FROM {schema}.{it} t ORDER BY 1");
    let archive = quoted(moved.archive.unwrap().as_str());
    assert_eq!(places.shard.values(&all(&it)), places.main.values(&all(&archive)));
}

#[tokio::test]
async fn a_tenant_that_is_not_as_a_plan_found_it_stays_where_it_is() {
    let places = Places::with(10).await;
    let moving = |from: Placement| places.pool.move_tenant("client1", at("shard")).only_from(from);
    let error = moving(at("third")).await.unwrap_err();
    assert!(
        matches!(&error, MoveError::Elsewhere { found, .. } if **found == home()),
        "{error:?}"
    );
    places.pool.suspend_tenant("client1").await.unwrap();
    let error = moving(home()).unless_suspended().await.unwrap_err();
    assert!(matches!(error, MoveError::Suspended { .. }), "{error:?}");
    assert_eq!(places.row(), "client1 main suspended");
    assert!(places.shard.schemas().is_empty() && left(&places.main).is_empty());
    places.pool.resume_tenant("client1").await.unwrap();
    assert!(!moving(home()).unless_suspended().await.unwrap().already_there);
    // Whoever was faster has done what was to be done.
    assert!(moving(home()).await.unwrap().already_there);
}
