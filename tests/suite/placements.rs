//! Tenants in schemas, in databases of their own, on other servers, and among the rows of shared tables.

use std::{sync::LazyLock, time::Duration};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, DatabaseLimits, LifecycleError, Placement, TenantPool, TenantPoolBuilder,
    directory::{DirectoryTables, FixedDirectory},
    migrations::NoMigrations,
    pool::DatabaseError,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::schema::{items, orders, users};

/// Another cluster than the one that all tests share.
static SECOND_SERVER: LazyLock<Server> = LazyLock::new(Server::start);

const USERS: &str = "CREATE TABLE public.users (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO public.users VALUES (1, 'Ada'), (2, 'Grace');";

/// The store's tables, with rows that tell whose they are.
fn tables(schema: &str, tenant: &str, price: i32) -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE TABLE {schema}.items (id int PRIMARY KEY, description text NOT NULL, price int NOT NULL);
         CREATE TABLE {schema}.orders (id serial PRIMARY KEY, user_id int NOT NULL, item_id int NOT NULL, quantity int NOT NULL);
         INSERT INTO {schema}.items VALUES (1, '{tenant}''s Tesla', {price});
         INSERT INTO {schema}.orders (user_id, item_id, quantity) VALUES (1, 1, 2);"
    )
}

fn name(name: &str) -> diesel_tenants::SchemaName {
    name.parse().unwrap()
}

/// A role that row-level security holds back, and the URL with which it connects to a database.
fn role(database: &Database) -> String {
    let role = format!("app_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x';
         GRANT USAGE ON SCHEMA public TO {role};
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
    ));
    let (_, rest) = database.url().split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("postgres://{role}:x@{host}")
}

/// Two tenants that share tables: 7 and 8.
fn shared_tables(database: &Database) {
    database.run(USERS);
    database.run(
        "CREATE TABLE public.items (tenant_id int NOT NULL, id int, description text NOT NULL, price int NOT NULL,
             PRIMARY KEY (tenant_id, id));
         CREATE TABLE public.orders (tenant_id int, id serial PRIMARY KEY, user_id int NOT NULL, item_id int NOT NULL,
             quantity int NOT NULL, FOREIGN KEY (tenant_id, item_id) REFERENCES public.items);
         INSERT INTO public.items VALUES (7, 1, 'seven''s Tesla', 70), (8, 1, 'eight''s Tesla', 80);
         INSERT INTO public.orders (tenant_id, user_id, item_id, quantity) VALUES (7, 1, 1, 2), (8, 1, 1, 2);",
    );
}

async fn rows_pool(database: &Database, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
    shared_tables(database);
    let directory = FixedDirectory::new()
        .with("seven", Placement::rows("7"))
        .and_then(|directory| directory.with("eight", Placement::rows("8")))
        .unwrap();
    let builder = TenantPool::builder(role(database))
        .migration_url(database.url())
        .directory(directory)
        .max_size(1);
    let pool = options(builder).build().await.unwrap();
    pool.enable_row_security(["items", "orders"], "tenant_id")
        .await
        .unwrap();
    pool
}

/// What a service would do for a request: the same for every tenant, wherever it lives.
async fn priced_orders(pool: &TenantPool, tenant: &str, user: &str) -> Vec<(String, i32)> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    users::table
        .inner_join(orders::table.inner_join(items::table))
        .filter(users::name.eq(user))
        .select((items::description, items::price * orders::quantity))
        .order(orders::id)
        .load(&mut conn)
        .await
        .unwrap()
}

async fn add_order(pool: &TenantPool, tenant: &str) {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    conn.transaction(async |conn| {
        diesel::insert_into(orders::table)
            .values((orders::user_id.eq(1), orders::item_id.eq(1), orders::quantity.eq(1)))
            .execute(conn)
            .await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_same_handler_serves_tenants_of_every_placement() {
    let (main, own, shard, rows) = (
        Server::shared().database(),
        SECOND_SERVER.database(),
        SECOND_SERVER.database(),
        SECOND_SERVER.database(),
    );
    main.run(&(USERS.to_owned() + &tables("client1", "client1", 10)));
    own.run(&(USERS.to_owned() + &tables("public", "client2", 20)));
    shard.run(&(USERS.to_owned() + &tables("\"third schema\"", "client3", 30) + &tables("fourth", "client4", 40)));
    shared_tables(&rows);
    let owner = TenantPool::builder(rows.url()).build().await.unwrap();
    owner
        .enable_row_security(["items", "orders"], "tenant_id")
        .await
        .unwrap();

    let place = |directory: FixedDirectory, tenant: &str, placement| directory.with(tenant, placement).unwrap();
    let mut directory = FixedDirectory::new();
    for (tenant, placement) in [
        ("client1", Placement::schema(name("client1"))),
        ("client2", Placement::schema(name("public")).in_database("own")),
        ("client3", Placement::schema(name("third schema")).in_database("shard")),
        ("client4", Placement::schema(name("fourth")).in_database("shard")),
        ("seven", Placement::rows("7").in_database("rows")),
        ("eight", Placement::rows("8").in_database("rows")),
    ] {
        directory = place(directory, tenant, placement);
    }
    let pool = TenantPool::builder(main.url())
        .directory(directory)
        .database("own", own.url())
        .database("shard", shard.url())
        .database("rows", role(&rows))
        .database_limits(DatabaseLimits::new().connections(1))
        .max_size(1)
        .build()
        .await
        .unwrap();
    for round in 2..4 {
        for (tenant, price) in [
            ("client1", 10),
            ("client2", 20),
            ("client3", 30),
            ("client4", 40),
            ("seven", 70),
            ("eight", 80),
        ] {
            let mut expected = vec![(format!("{tenant}'s Tesla"), price * 2)];
            expected.extend((2..round).map(|_| (format!("{tenant}'s Tesla"), price)));
            assert_eq!(priced_orders(&pool, tenant, "Ada").await, expected, "{tenant}");
            assert_eq!(priced_orders(&pool, tenant, "Grace").await, []);
            add_order(&pool, tenant).await;
        }
    }
    // Something for all of them, wherever they live.
    let counted = pool
        .each_tenant()
        .run(|mut conn| async move { orders::table.count().get_result::<i64>(&mut conn).await })
        .await
        .unwrap();
    let counted = counted.all().unwrap();
    let tenants: Vec<&str> = counted.iter().map(|(tenant, _)| tenant.as_str()).collect();
    assert_eq!(tenants, ["client1", "client2", "client3", "client4", "eight", "seven"]);
    assert!(counted.iter().all(|(_, orders)| *orders == 3), "{counted:?}");

    let error = pool.for_tenant("client5").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    // With a directory a schema alone is nobody's.
    main.run(&tables("client5", "client5", 50));
    let error = pool.for_tenant("client5").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
}

#[tokio::test]
async fn rows_of_shared_tables_are_shown_to_their_tenant_only() {
    let database = Server::shared().database();
    let pool = rows_pool(&database, |builder| builder).await;
    for tenant in ["seven", "eight", "seven"] {
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        let seen: Vec<String> = items::table.select(items::description).load(&mut conn).await.unwrap();
        assert_eq!(seen, [format!("{tenant}'s Tesla")]);
    }
    // Nobody's tenant sees nobody's rows, on the connection that showed them before.
    let mut conn = pool.shared().get().await.unwrap();
    let seen: i64 = diesel::sql_query("SELECT count(*) FROM public.items")
        .get_result::<Count>(&mut conn)
        .await
        .unwrap()
        .count;
    assert_eq!(seen, 0);
    drop(conn);
    let map = diesel_tenants::SchemaTranslateMap::tenant(name("public"));
    let mut conn = pool.with_map(map).get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(0));
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

#[tokio::test]
async fn a_tenant_can_neither_change_nor_write_nor_take_over_anothers_rows() {
    let database = Server::shared().database();
    let pool = rows_pool(&database, |builder| builder).await;
    let mut conn = pool.for_tenant("seven").get().await.unwrap();
    assert_eq!(
        diesel::update(items::table)
            .set(items::price.eq(0))
            .execute(&mut conn)
            .await,
        Ok(1)
    );
    assert_eq!(diesel::delete(orders::table).execute(&mut conn).await, Ok(1));
    for sql in [
        "INSERT INTO items (tenant_id, id, description, price) VALUES (8, 2, 'x', 1)",
        "UPDATE items SET tenant_id = 8",
    ] {
        let error = conn.batch_execute(sql).await.unwrap_err();
        assert!(chain(&error).contains("row-level security"), "{error}");
    }
    drop(conn);
    assert_eq!(
        database.query_strings("SELECT tenant_id::text || ' ' || price FROM public.items ORDER BY 1"),
        ["7 0", "8 80"].map(|row| [Some(row.to_owned())])
    );
    // Whatever other policies allow.
    database.run("CREATE POLICY everything ON public.items USING (true)");
    let mut conn = pool.for_tenant("eight").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(1));
}

#[tokio::test]
async fn a_cancelled_checkout_or_query_leaves_no_tenants_rows_behind() {
    let database = Server::shared().database();
    let pool = rows_pool(&database, |builder| builder).await;
    for pause in [0, 50, 100, 200, 400, 800, 1600, 3200] {
        let get = async {
            let mut conn = pool.for_tenant("seven").get().await.unwrap();
            conn.batch_execute("SELECT pg_sleep(10)").await
        };
        let _ = tokio::time::timeout(Duration::from_micros(pause), get).await;
        let mut conn = pool.shared().get().await.unwrap();
        let seen = diesel::sql_query("SELECT count(*) FROM public.items")
            .get_result::<Count>(&mut conn)
            .await;
        assert_eq!(seen.unwrap().count, 0, "after {pause} µs");
        drop(conn);
        assert_eq!(
            priced_orders(&pool, "eight", "Ada").await,
            [("eight's Tesla".to_owned(), 160)]
        );
    }
}

#[tokio::test]
async fn a_function_that_takes_another_tenants_place_does_not_do_so_for_the_next_checkout() {
    let database = Server::shared().database();
    let pool = rows_pool(&database, |builder| builder).await;
    database.run(
        "CREATE FUNCTION public.sneak() RETURNS text LANGUAGE sql AS
         $$ SELECT set_config('diesel_tenants.tenant_id', '8', false) $$",
    );
    for _ in 0..2 {
        assert_eq!(
            priced_orders(&pool, "seven", "Ada").await,
            [("seven's Tesla".to_owned(), 140)]
        );
        let mut conn = pool.for_tenant("seven").get().await.unwrap();
        diesel::sql_query("SELECT public.sneak()")
            .execute(&mut conn)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_role_that_row_level_security_does_not_hold_back_is_refused() {
    let database = Server::shared().database();
    let pool = rows_pool(&database, |builder| builder).await;
    for kind in ["NOSUPERUSER BYPASSRLS", "SUPERUSER NOBYPASSRLS"] {
        database.run(&format!("ALTER ROLE app_{} {kind}", database.name()));
        for _ in 0..2 {
            let error = pool.for_tenant("seven").get().await.unwrap_err();
            assert!(
                matches!(error, CheckoutError::BypassesRowSecurity { .. }),
                "{kind}: {error:?}"
            );
        }
    }
    database.run(&format!("ALTER ROLE app_{} NOSUPERUSER NOBYPASSRLS", database.name()));
    assert_eq!(priced_orders(&pool, "seven", "Ada").await.len(), 1);
}

#[tokio::test]
async fn row_security_needs_a_table_with_that_column_and_a_tenant_in_every_row() {
    let database = Server::shared().database();
    shared_tables(&database);
    database.run("INSERT INTO public.orders (user_id, item_id, quantity) VALUES (1, 1, 1)");
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let error = pool
        .enable_row_security(["items", "users"], "tenant_id")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't put table \"users\" under row-level security: schema \"public\" has no such table with a column \"tenant_id\""
    );
    let error = pool
        .enable_row_security(["items", "orders"], "tenant_id")
        .await
        .unwrap_err();
    assert!(chain(&error).contains("\"orders\""), "{error}");
    let changed = "SELECT 1 FROM pg_class WHERE relrowsecurity";
    assert!(database.query_strings(changed).is_empty(), "all or nothing");
}

#[tokio::test]
async fn a_second_database_is_reached_by_its_name_and_an_unknown_name_is_an_error() {
    let (main, reports) = (Server::shared().database(), SECOND_SERVER.database());
    main.run(&tables("client1", "main", 1));
    reports.run(&(USERS.to_owned() + &tables("client1", "reports", 2)));
    let pool = TenantPool::builder(main.url())
        .database("reports", reports.url())
        .build()
        .await
        .unwrap();
    let mut conn = pool
        .using_database("reports")
        .for_tenant("client1")
        .get()
        .await
        .unwrap();
    let description: String = items::table.select(items::description).first(&mut conn).await.unwrap();
    assert_eq!(description, "reports's Tesla");
    let mut conn = pool.using_database("reports").shared().get().await.unwrap();
    assert_eq!(users::table.count().get_result::<i64>(&mut conn).await, Ok(2));
    let error = pool.using_database("report").shared().get().await.unwrap_err();
    assert_eq!(
        chain(&error),
        "no connection for shared tables: database \"report\" is not declared: add `.database(\"report\", url)` to the \
         pool's builder; declared are [\"reports\"]"
    );
}

#[tokio::test]
async fn a_placement_without_its_schema_or_server_is_an_error_that_says_where_it_should_be() {
    let main = Server::shared().database();
    let directory = FixedDirectory::new()
        .with("client1", Placement::schema(name("nowhere")))
        .and_then(|directory| directory.with("client2", Placement::schema(name("x")).in_database("gone")))
        .and_then(|directory| directory.with("client3", Placement::schema(name("x")).in_database("undeclared")))
        .unwrap();
    let pool = TenantPool::builder(main.url())
        .directory(directory)
        .database("gone", "postgres://somebody:secret@127.0.0.1:1/nothing")
        .build()
        .await
        .unwrap();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the directory says that tenant \"client1\" lives in schema \"nowhere\", and there is no such schema"
    );
    let error = pool.for_tenant("client2").get().await.unwrap_err();
    let text = chain(&error);
    assert!(
        text.contains("tenant \"client2\"") && text.contains("\"gone\"") && text.contains("127.0.0.1:1"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    let error = pool.for_tenant("client3").get().await.unwrap_err();
    assert!(
        chain(&error).contains("database \"undeclared\" is not declared"),
        "{error}"
    );
}

#[tokio::test]
async fn databases_are_opened_on_demand_bounded_in_number_and_closed_when_idle() {
    let main = Server::shared().database();
    let databases: Vec<Database> = (0..3).map(|_| SECOND_SERVER.database()).collect();
    let urls: Vec<String> = databases.iter().map(|database| database.url().to_owned()).collect();
    let pool = TenantPool::builder(main.url())
        .databases_with(move |name| {
            let url = name.parse::<usize>().ok().and_then(|number| urls.get(number).cloned());
            Box::pin(async { url })
        })
        .database_limits(
            DatabaseLimits::new()
                .databases(2)
                .connections(1)
                .idle(Duration::from_millis(300)),
        )
        .wait_timeout(Duration::from_millis(200))
        .build()
        .await
        .unwrap();
    let connected = |number: usize| {
        let sql = format!(
            "SELECT 1 FROM pg_stat_activity WHERE datname = '{}'",
            databases[number].name()
        );
        !main_of(&SECOND_SERVER).query_strings(&sql).is_empty()
    };
    assert!(!connected(0));
    let first = pool.using_database("0").shared().get().await.unwrap();
    let second = pool.using_database("1").shared().get().await.unwrap();
    assert!(connected(0) && connected(1));
    // Both are in use.
    let error = pool.using_database("2").shared().get().await.unwrap_err();
    let CheckoutError::Database { source, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(matches!(**source, DatabaseError::TooMany { limit: 2, .. }), "{error:?}");
    drop(first);
    // Now one of them makes room.
    drop(pool.using_database("2").shared().get().await.unwrap());
    assert!(until(|| !connected(0)).await && connected(1));
    drop(second);
    assert!(
        until(|| !connected(1) && !connected(2)).await,
        "idle databases stay connected"
    );
    drop(pool.using_database("0").shared().get().await.unwrap());
    let error = pool.using_database("3").shared().get().await.unwrap_err();
    assert!(chain(&error).contains("database \"3\" is not declared"), "{error}");
}

/// A database from which to look at a server.
fn main_of(server: &'static Server) -> &'static Database {
    static DATABASE: LazyLock<Database> = LazyLock::new(|| SECOND_SERVER.database());
    assert_eq!(server.port(), SECOND_SERVER.port());
    &DATABASE
}

async fn until(condition: impl Fn() -> bool) -> bool {
    for _ in 0..100 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn a_general_database_lists_tenants_and_each_has_a_database_of_its_own() {
    let (general, here, there) = (
        Server::shared().database(),
        Server::shared().database(),
        SECOND_SERVER.database(),
    );
    for (database, names) in [(&here, ["userA", "userB"]), (&there, ["userA", "userC"])] {
        let [one, other] = names;
        database.run(&format!(
            "CREATE TABLE public.members (id serial PRIMARY KEY, name text); INSERT INTO members (name) VALUES ('{one}'), ('{other}')"
        ));
    }
    diesel::table! { members (id) { id -> Integer, name -> Text } }
    let users = async |pool: &TenantPool, tenant: &str| {
        let mut conn = pool.for_tenant(tenant).get().await?;
        let names = members::table.select(members::name).order(members::id);
        Ok::<Vec<String>, CheckoutError>(names.load(&mut conn).await.unwrap())
    };
    let builder = || {
        TenantPool::builder(general.url())
            .directory(DirectoryTables::new())
            .database("a", here.url())
            .database("c", there.url())
    };
    let pool = builder().build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    let another_process = builder().listen().build().await.unwrap();
    let public = || Placement::schema(name("public"));
    for (tenant, database) in [("TenantA", "a"), ("TenantB", "c")] {
        let placed = pool.place_tenant(tenant, public().in_database(database), NoMigrations);
        placed.await.unwrap();
    }
    assert_eq!(users(&pool, "TenantA").await.unwrap(), ["userA", "userB"]);
    assert_eq!(users(&pool, "TenantB").await.unwrap(), ["userA", "userC"]);
    let unknown = users(&pool, "TenantC").await.unwrap_err();
    assert!(matches!(unknown, CheckoutError::UnknownTenant { .. }), "{unknown:?}");

    assert_eq!(users(&another_process, "TenantB").await.unwrap(), ["userA", "userC"]);
    pool.suspend_tenant("TenantB").await.unwrap();
    for _ in 0..100 {
        if users(&another_process, "TenantB").await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let suspended = users(&another_process, "TenantB").await.unwrap_err();
    assert!(
        matches!(suspended, CheckoutError::SuspendedTenant { .. }),
        "{suspended:?}"
    );
}

#[tokio::test]
async fn the_shared_schema_is_no_tenants_also_by_another_name_of_the_pools_own_database() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .database("self", format!("{}?application_name=self", database.url()))
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    let placement = Placement::schema(name("public")).in_database("self");
    let error = pool
        .place_tenant("client1", placement.clone(), NoMigrations)
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("that database is the pool's own, whose shared schema can't be a tenant's"),
        "{}",
        chain(&error)
    );
    assert!(database.values("SELECT name FROM tenants").is_empty());
    // Nor is what was noted by SQL finished.
    database.run(
        "INSERT INTO tenants (name, schema_name, database_name, status) VALUES ('client1', 'public', 'self', 'unfinished')",
    );
    let error = pool.place_tenant("client1", placement, NoMigrations).await.unwrap_err();
    assert!(matches!(error, LifecycleError::OwnDatabase { .. }), "{error:?}");
    let checkout = pool.for_tenant("client1").get().await;
    assert!(
        matches!(checkout, Err(CheckoutError::UnknownTenant { .. })),
        "{checkout:?}"
    );
}

#[tokio::test]
async fn a_directory_that_puts_a_tenant_in_the_shared_schema_is_not_followed() {
    let database = Server::shared().database();
    database.run(USERS);
    let by_tables = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    by_tables.prepare_directory().await.unwrap();
    database.run("INSERT INTO tenants (name, schema_name) VALUES ('client1', 'public')");
    let fixed = FixedDirectory::new().with("client1", Placement::schema(name("public")));
    let by_program = TenantPool::builder(database.url())
        .directory(fixed.unwrap())
        .build()
        .await
        .unwrap();
    for pool in [by_tables, by_program] {
        let error = pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::Directory { .. }), "{error:?}");
        assert!(chain(&error).contains("public"), "{}", chain(&error));
    }
}

/// A shard and two processes: one that changes tenants, and one that remembers where they were.
async fn two_processes() -> (Database, Database, [TenantPool; 2]) {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    let make = async || {
        let builder = TenantPool::builder(main.url()).directory(DirectoryTables::new());
        builder.database("shard", shard.url()).build().await.unwrap()
    };
    let pools = [make().await, make().await];
    pools[0].prepare_directory().await.unwrap();
    (main, shard, pools)
}

fn slot(schema: &str) -> Placement {
    Placement::schema(name(schema)).in_database("shard")
}

#[track_caller]
fn is_left_lately<T: std::fmt::Debug>(result: Result<T, LifecycleError>, message: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, LifecycleError::LeftLately { .. }), "{error:?}");
    assert!(chain(&error).contains(message), "{}", chain(&error));
}

#[tokio::test]
async fn a_place_that_a_tenant_left_goes_to_nobody_else_while_other_processes_may_remember() {
    let (main, shard, [pool, other]) = two_processes().await;
    for (tenant, schema) in [("acme", "slot1"), ("beta", "slot2"), ("gamma", "slot3")] {
        pool.place_tenant(tenant, slot(schema), NoMigrations).await.unwrap();
        other.for_tenant(tenant).get().await.unwrap();
    }
    // Dropped.
    pool.drop_tenant("acme").await.unwrap();
    let placed = pool.place_tenant("newco", slot("slot1"), NoMigrations).await;
    is_left_lately(
        placed,
        "tenant acme left that place, or that name, less than 65 seconds ago",
    );
    assert_eq!(main.values("SELECT name FROM tenants ORDER BY 1"), ["beta", "gamma"]);
    // Moved: here within its database, by SQL.
    shard.run("ALTER SCHEMA slot2 RENAME TO slot4");
    main.run("UPDATE tenants SET schema_name = 'slot4' WHERE name = 'beta'");
    let placed = pool.place_tenant("newco", slot("slot2"), NoMigrations).await;
    is_left_lately(placed, "tenant beta left that place");
    let update = "UPDATE tenants SET schema_name = 'slot2' WHERE name = 'gamma'";
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| main.run(update)));
    assert!(refused.is_err(), "by SQL too");
    // Its name goes to another: requests that know the old place would find who kept it.
    pool.rename_tenant("gamma", "delta").await.unwrap();
    let placed = pool.place_tenant("gamma", slot("slot5"), NoMigrations).await;
    is_left_lately(placed, "tenant gamma left that place, or that name");
    pool.rename_tenant("delta", "gamma").await.unwrap();
    // The same tenant comes back at once.
    pool.place_tenant("acme", slot("slot1"), NoMigrations).await.unwrap();
    pool.drop_tenant("acme").await.unwrap();
    // With less patience, or none.
    let hasty = TenantPool::builder(main.url())
        .directory(DirectoryTables::new())
        .database("shard", shard.url())
        .reuse_after(Duration::ZERO)
        .build()
        .await
        .unwrap();
    hasty.place_tenant("newco", slot("slot1"), NoMigrations).await.unwrap();
    main.run("DELETE FROM tenants_left");
    pool.place_tenant("another", slot("slot2"), NoMigrations).await.unwrap();
}

#[tokio::test]
async fn a_name_that_domains_led_to_goes_to_nobody_else_while_other_processes_may_remember() {
    let (main, _shard, [pool, other]) = two_processes().await;
    for tenant in ["client1", "client2", "client3"] {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    main.run("INSERT INTO domains (domain, tenant) VALUES ('shop.example', 'client1'), ('inn.example', 'client2')");
    for domain in ["shop.example", "inn.example"] {
        other.tenant_of_domain(domain).await.unwrap().unwrap();
    }
    pool.rename_tenant("client1", "firstco").await.unwrap();
    pool.drop_tenant("client2").await.unwrap();
    for tenant in ["client1", "client2"] {
        let message = format!("tenant {tenant} left that name, and domains led to it, less than 65 seconds ago");
        is_left_lately(pool.create_tenant(tenant, NoMigrations).await, &message);
        is_left_lately(pool.rename_tenant("client3", tenant).await, &message);
        is_left_lately(
            pool.clone_tenant("client3", tenant).await.map_err(|error| match error {
                diesel_tenants::CloneError::Lifecycle(error) => error,
                error => panic!("{error:?}"),
            }),
            &message,
        );
        let leads = other.tenant_of_domain(if tenant == "client1" {
            "shop.example"
        } else {
            "inn.example"
        });
        assert_eq!(leads.await.unwrap().unwrap().as_str(), tenant);
        assert!(other.for_tenant(tenant).get().await.is_err(), "there is none yet");
    }
    // The same tenant gets it back at once; so it does from an archive.
    pool.rename_tenant("firstco", "client1").await.unwrap();
    let archive = pool.archive_tenant("client1").await.unwrap();
    is_left_lately(
        pool.create_tenant("client1", NoMigrations).await,
        "tenant client1 left that name",
    );
    pool.restore_tenant(&archive, "client1").await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    // A name without domains is free at once.
    pool.drop_tenant("client3").await.unwrap();
    pool.create_tenant("client3", NoMigrations).await.unwrap();
    pool.rename_tenant("client3", "thirdco").await.unwrap();
    pool.create_tenant("client3", NoMigrations).await.unwrap();
}

#[tokio::test]
async fn a_tenant_id_that_its_column_would_write_in_another_way_is_refused_when_the_tenant_is_placed() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.parts (who int NOT NULL)");
    let pool = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    pool.enable_row_security(["parts"], "who").await.unwrap();
    pool.place_tenant("seven", Placement::rows("7"), NoMigrations)
        .await
        .unwrap();
    for (id, message) in [
        (
            "07",
            "can't create tenant \"again\": a column of type integer would not keep the tenant id \"07\" as it is, but as \"7\", and that",
        ),
        (
            "x",
            "would not keep the tenant id \"x\" as it is, and that could be another tenant's id",
        ),
    ] {
        let error = pool
            .place_tenant("again", Placement::rows(id), NoMigrations)
            .await
            .unwrap_err();
        assert!(chain(&error).contains(message), "{}", chain(&error));
    }
    assert_eq!(database.values("SELECT name FROM tenants"), ["seven"]);
}
