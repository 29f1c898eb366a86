//! Checkouts that only read, on servers that follow another one by streaming.

use std::{sync::LazyLock, time::Duration};

use diesel::{prelude::*, sql_types::Integer};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, DatabaseLimits, Placement, Recycling, SchemaTranslateMap, TenantPool, TenantPoolBuilder,
    directory::DirectoryTables, migrations::NoMigrations, with_tenant,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::schema::{items, users};

struct Cluster {
    primary: Server,
    replicas: [Server; 2],
}

impl Cluster {
    fn start() -> Self {
        let primary = Server::builder()
            .setting("wal_level", "replica")
            .setting("max_wal_senders", 8)
            .start()
            .unwrap();
        let replicas = [primary.replica(), primary.replica()];
        Self { primary, replicas }
    }

    /// A database with a tenant, once all replicas have it.
    async fn database(&self) -> Database {
        let database = self.primary.database();
        database.run(
            "CREATE TABLE public.users (id int PRIMARY KEY, name text NOT NULL);
             INSERT INTO public.users VALUES (1, 'Ada');
             CREATE SCHEMA client1;
             CREATE TABLE client1.items (id int PRIMARY KEY, description text NOT NULL, price int NOT NULL);
             INSERT INTO client1.items VALUES (1, 'Tesla', 10)",
        );
        self.caught_up(&database).await;
        database
    }

    /// Waits until replicas have all that was written so far.
    async fn caught_up(&self, database: &Database) {
        let position = database.query_strings("SELECT pg_current_wal_lsn()")[0][0]
            .clone()
            .unwrap();
        let behind = format!(
            "SELECT 1 FROM pg_stat_replication WHERE replay_lsn IS NULL OR replay_lsn < '{position}' UNION ALL \
             SELECT 1 FROM pg_stat_replication HAVING count(*) < 2"
        );
        for tries in 0.. {
            if database.query_strings(&behind).is_empty() {
                return;
            }
            assert!(tries < 500, "the replicas don't catch up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn pool(
        &self,
        database: &Database,
        options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder,
    ) -> TenantPool {
        let [one, two] = self.replicas.each_ref().map(|replica| replica.url_for(database.name()));
        let builder = TenantPool::builder(database.url()).replica(one).replica(two);
        options(builder).build().await.unwrap()
    }

    fn replica_ports(&self) -> [u16; 2] {
        self.replicas.each_ref().map(Server::port)
    }
}

/// For tests that stop no server.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

#[derive(QueryableByName)]
struct Port {
    #[diesel(sql_type = Integer)]
    port: i32,
}

async fn port(conn: &mut diesel_tenants::Checkout) -> u16 {
    let port: Port = diesel::sql_query("SELECT pg_catalog.inet_server_port() AS port")
        .get_result(conn)
        .await
        .unwrap();
    u16::try_from(port.port).unwrap()
}

/// The server that a tenant is read from.
async fn read_from(pool: &TenantPool, tenant: &str) -> u16 {
    let conn = pool.for_tenant(tenant).read_only().get().await;
    port(&mut conn.unwrap_or_else(|error| panic!("{}", chain(&error)))).await
}

async fn refuses_writes(conn: &mut diesel_tenants::Checkout) {
    let insert = (items::id.eq(2), items::description.eq("x"), items::price.eq(1));
    let error = diesel::insert_into(items::table)
        .values(insert)
        .execute(conn)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("in a read-only transaction"), "{error}");
    let create = conn.batch_execute("CREATE TABLE more (id int)").await;
    assert!(create.is_err());
}

#[tokio::test]
async fn replicas_serve_reads_in_turn_and_no_writes() {
    let database = CLUSTER.database().await;
    let pool = CLUSTER.pool(&database, |builder| builder).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let mut conn = pool.for_tenant("client1").read_only().get().await.unwrap();
        assert_eq!(items::table.select(items::price).load(&mut conn).await, Ok(vec![10]));
        assert_eq!(users::table.count().get_result::<i64>(&mut conn).await, Ok(1));
        seen.push(port(&mut conn).await);
        refuses_writes(&mut conn).await;
    }
    let [one, two] = CLUSTER.replica_ports();
    assert_eq!(seen, [one, two, one, two]);
    // Without being asked for, none is used.
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(port(&mut conn).await, CLUSTER.primary.port());
    conn.batch_execute("INSERT INTO items VALUES (2, 'x', 1)")
        .await
        .unwrap();

    let replicas = CLUSTER.replica_ports();
    let mut conn = pool.shared().read_only().get().await.unwrap();
    assert!(replicas.contains(&port(&mut conn).await));
    assert!(
        items::table.count().get_result::<i64>(&mut conn).await.is_err(),
        "shared tables only"
    );
    let current = with_tenant("client1", async { pool.current().read_only().get().await });
    assert!(replicas.contains(&port(&mut current.await.unwrap()).await));
    let map = SchemaTranslateMap::tenant("client1".parse().unwrap());
    let mut conn = pool.with_map(map).read_only().get().await.unwrap();
    assert!(replicas.contains(&port(&mut conn).await));
    let error = pool.for_tenant("nobody").read_only().get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
}

#[tokio::test]
async fn without_a_replica_the_database_itself_serves_reads_on_connections_that_can_not_write() {
    let database = CLUSTER.database().await;
    let pool = TenantPool::builder(database.url())
        .max_size(1)
        .replica_limits(DatabaseLimits::new().connections(1))
        .wait_timeout(Duration::from_millis(200))
        .build()
        .await
        .unwrap();
    let mut writes = pool.for_tenant("client1").get().await.unwrap();
    let mut reads = pool.for_tenant("client1").read_only().get().await.unwrap();
    assert_eq!(port(&mut reads).await, CLUSTER.primary.port());
    refuses_writes(&mut reads).await;
    writes.batch_execute("UPDATE items SET price = 11").await.unwrap();
    assert_eq!(items::table.select(items::price).load(&mut reads).await, Ok(vec![11]));
    let error = pool.for_tenant("client1").read_only().get().await.unwrap_err();
    assert!(
        matches!(error, CheckoutError::Exhausted { max_size: 1, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn another_database_has_replicas_of_its_own() {
    let (main, shard) = (CLUSTER.database().await, CLUSTER.database().await);
    let replica = CLUSTER.replicas[1].url_for(shard.name());
    let pool = CLUSTER
        .pool(&main, |builder| {
            let builder = builder.directory(DirectoryTables::new()).database("shard", shard.url());
            builder
                .database_replica("shard", replica)
                .database("plain", shard.url())
        })
        .await;
    pool.prepare_directory().await.unwrap();
    for (tenant, schema, database) in [
        ("here", "client1", "NULL"),
        ("there", "client1", "'shard'"),
        ("plain", "client1", "'plain'"),
    ] {
        main.run(&format!(
            "INSERT INTO public.tenants (name, schema_name, database_name) VALUES ('{tenant}', '{schema}', {database})"
        ));
    }
    let [_, second] = CLUSTER.replica_ports();
    for _ in 0..3 {
        assert!(CLUSTER.replica_ports().contains(&read_from(&pool, "here").await));
        assert_eq!(read_from(&pool, "there").await, second);
        assert_eq!(read_from(&pool, "plain").await, CLUSTER.primary.port());
    }
    let mut conn = pool
        .using_database("shard")
        .for_tenant("client1")
        .read_only()
        .get()
        .await
        .unwrap();
    assert_eq!(port(&mut conn).await, second);
    let error = pool
        .using_database("nowhere")
        .shared()
        .read_only()
        .get()
        .await
        .unwrap_err();
    assert!(
        chain(&error).contains("database \"nowhere\" is not declared")
            && chain(&error).contains(r#"["plain", "shard"]"#),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn rows_of_shared_tables_are_shown_to_their_tenant_only_on_a_replica_too() {
    let database = CLUSTER.primary.database();
    let role = format!("app_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x';
         CREATE TABLE public.items (tenant_id int NOT NULL, id int, description text NOT NULL, price int NOT NULL);
         INSERT INTO public.items VALUES (7, 1, 'seven', 70), (8, 1, 'eight', 80);
         GRANT USAGE ON SCHEMA public TO {role}; GRANT ALL ON public.items TO {role}"
    ));
    let as_role = |server: &Server| {
        let url = server.url_for(database.name());
        let (_, host) = url.rsplit_once('@').unwrap();
        format!("postgres://{role}:x@{host}")
    };
    let directory = diesel_tenants::directory::FixedDirectory::new()
        .with("seven", Placement::rows("7"))
        .and_then(|directory| directory.with("eight", Placement::rows("8")));
    let pool = TenantPool::builder(as_role(&CLUSTER.primary))
        .migration_url(database.url())
        .replica(as_role(&CLUSTER.replicas[0]))
        .directory(directory.unwrap())
        .replica_limits(DatabaseLimits::new().connections(1))
        .build()
        .await
        .unwrap();
    pool.enable_row_security(["items"], "tenant_id").await.unwrap();
    CLUSTER.caught_up(&database).await;
    for tenant in ["seven", "eight", "seven"] {
        let mut conn = pool.for_tenant(tenant).read_only().get().await.unwrap();
        assert_eq!(port(&mut conn).await, CLUSTER.replicas[0].port());
        let seen: Vec<String> = items::table.select(items::description).load(&mut conn).await.unwrap();
        assert_eq!(seen, [tenant]);
    }
    let mut conn = pool.shared().read_only().get().await.unwrap();
    let map = SchemaTranslateMap::tenant("public".parse().unwrap());
    assert!(items::table.count().get_result::<i64>(&mut conn).await.is_err());
    drop(conn);
    let mut conn = pool.with_map(map).read_only().get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(0));
}

#[tokio::test]
async fn a_role_that_could_write_is_refused_where_no_startup_option_can_keep_it_from_it() {
    let database = CLUSTER.database().await;
    let role = format!("role_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'x'; ALTER ROLE {role} SET search_path = ''"
    ));
    let host = database.url().rsplit_once('@').unwrap().1.to_owned();
    let pool = TenantPool::builder(format!("postgres://{role}:x@{host}"))
        .search_path_from_role()
        .build()
        .await
        .unwrap();
    let error = pool.shared().read_only().get().await.unwrap_err();
    assert!(
        chain(&error).contains("default_transaction_read_only"),
        "{}",
        chain(&error)
    );
    database.run(&format!("ALTER ROLE {role} SET default_transaction_read_only = on"));
    pool.shared().read_only().get().await.unwrap();
}

#[tokio::test]
async fn what_a_replica_does_not_know_yet_is_read_from_its_database() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    let pool = cluster.pool(&database, |builder| builder).await;
    pool.create_tenant("client2", NoMigrations).await.unwrap();
    pool.suspend_tenant("client2").await.unwrap();
    cluster.caught_up(&database).await;
    for replica in &cluster.replicas {
        let replica = TenantPool::builder(replica.url_for(database.name()))
            .build()
            .await
            .unwrap();
        let mut conn = replica.shared().get().await.unwrap();
        conn.batch_execute("SELECT pg_catalog.pg_wal_replay_pause()")
            .await
            .unwrap();
    }
    // Nor does the database itself know it a moment before.
    let error = pool.for_tenant("client3").read_only().get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    pool.create_tenant("client3", NoMigrations).await.unwrap();
    read_from(&pool, "client3").await;
    let error = pool.for_tenant("client2").read_only().get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
    pool.resume_tenant("client2").await.unwrap();
    for tenant in ["client2", "client3"] {
        assert_eq!(read_from(&pool, tenant).await, cluster.primary.port(), "{tenant}");
    }
    assert!(cluster.replica_ports().contains(&read_from(&pool, "client1").await));
}

#[tokio::test]
async fn where_a_replica_is_down_the_next_one_serves_and_then_the_database_itself() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    // Else a connection that was used within a second is trusted.
    let pool = cluster
        .pool(&database, |builder| builder.recycling(Recycling::Verified))
        .await;
    let (primary, [first, second]) = (cluster.primary.port(), cluster.replica_ports());
    assert_eq!(read_from(&pool, "client1").await, first);
    assert_eq!(read_from(&pool, "client1").await, second);
    cluster.replicas[0].stop();
    for _ in 0..4 {
        assert_eq!(read_from(&pool, "client1").await, second);
    }
    cluster.replicas[1].stop();
    for _ in 0..4 {
        let mut conn = pool.for_tenant("client1").read_only().get().await.unwrap();
        assert_eq!(port(&mut conn).await, primary);
        refuses_writes(&mut conn).await;
    }
    // One that is back is tried again after its rest.
    cluster.replicas[0].restart();
    let mut seen = primary;
    for _ in 0..100 {
        seen = read_from(&pool, "client1").await;
        if seen == first {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(seen, first);
    // Reads go on without the database itself.
    cluster.primary.stop();
    assert_eq!(read_from(&pool, "client1").await, first);
    cluster.replicas[0].stop();
    let error = pool.for_tenant("client1").read_only().get().await.unwrap_err();
    assert!(chain(&error).contains(&primary.to_string()), "{}", chain(&error));
}

#[tokio::test]
async fn what_a_replica_knows_of_a_tenant_it_knows_for_a_second_and_not_for_a_minute() {
    let cluster = Cluster::start();
    let database = cluster.database().await;
    let pool = cluster.pool(&database, |builder| builder).await;
    // Both of them know it from now on.
    let ports = [read_from(&pool, "client1").await, read_from(&pool, "client1").await];
    assert_ne!(ports[0], ports[1]);
    // By another process, whom nobody hears.
    let elsewhere = TenantPool::builder(database.url()).build().await.unwrap();
    elsewhere.migrate_tenant("client1", NoMigrations).await.unwrap();
    elsewhere.suspend_tenant("client1").await.unwrap();
    cluster.caught_up(&database).await;
    let begun = std::time::Instant::now();
    let mut refused = 0;
    while refused < ports.len() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not seen in time");
        match pool.for_tenant("client1").read_only().get().await {
            Ok(_) => refused = 0,
            Err(_) => refused += 1,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Keeps the replicas from replaying any more.
async fn pause(cluster: &Cluster, database: &Database) {
    for replica in &cluster.replicas {
        let replica = TenantPool::builder(replica.url_for(database.name()))
            .build()
            .await
            .unwrap();
        let mut conn = replica.shared().get().await.unwrap();
        conn.batch_execute("SELECT pg_catalog.pg_wal_replay_pause()")
            .await
            .unwrap();
    }
}

/// Whose item a read-only checkout shows, and by which server.
async fn item(pool: &TenantPool, tenant: &str) -> (Vec<String>, u16) {
    let mut conn = pool.for_tenant(tenant).read_only().get().await.unwrap();
    let items = items::table.select(items::description).load(&mut conn).await.unwrap();
    (items, port(&mut conn).await)
}

const ITEM: &str = "CREATE TABLE {}.items (id int PRIMARY KEY, description text NOT NULL, price int NOT NULL);
    INSERT INTO {}.items VALUES (1, 'of the next', 10)";

#[tokio::test]
async fn a_replica_that_is_behind_does_not_show_the_rows_of_a_names_former_tenant() {
    let cluster = Cluster::start();
    let (database, shard) = (cluster.database().await, cluster.database().await);
    shard.run("ALTER SCHEMA client1 RENAME TO slot1; CREATE SCHEMA client1");
    let primary = cluster.primary.port();
    let plain = cluster.pool(&database, |builder| builder).await;
    let placing = async || {
        let with = |builder: TenantPoolBuilder| {
            let builder = builder.directory(DirectoryTables::new()).listen();
            let builder = builder.database("shard", shard.url());
            builder.database_replica("shard", cluster.replicas[0].url_for(shard.name()))
        };
        cluster.pool(&database, with).await
    };
    let (pool, elsewhere) = (placing().await, placing().await);
    pool.prepare_directory().await.unwrap();
    for name in ["client1", "client2", "client3"] {
        if name != "client1" {
            pool.create_tenant(name, NoMigrations).await.unwrap();
            database.run(&ITEM.replace("{}", name).replace("the next", "the former"));
        }
    }
    database.run("INSERT INTO tenants (name, schema_name) VALUES ('client1', 'client1'); INSERT INTO tenants (name, schema_name, database_name) VALUES ('acme', 'slot1', 'shard')");
    plain.migrate_tenant("client1", NoMigrations).await.unwrap();
    cluster.caught_up(&database).await;
    cluster.caught_up(&shard).await;
    for _ in 0..2 {
        let ports = cluster.replica_ports();
        assert!(ports.contains(&item(&plain, "client2").await.1));
        assert!(ports.contains(&item(&pool, "client1").await.1));
        assert!(ports.contains(&item(&elsewhere, "client3").await.1));
        assert_eq!(item(&pool, "acme").await, (vec!["Tesla".to_owned()], ports[0]));
    }
    pause(&cluster, &database).await;
    // Renamed, or dropped, and given to another: in this process, and in one that listens.
    pool.rename_tenant("client1", "former").await.unwrap();
    pool.drop_tenant("client3").await.unwrap();
    for tenant in ["client1", "client3"] {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
        database.run(&ITEM.replace("{}", tenant));
    }
    // One that a further database has under a name of its own.
    shard.run(&format!(
        "ALTER SCHEMA slot1 RENAME TO gone; CREATE SCHEMA slot1; {}",
        ITEM.replace("{}", "slot1")
    ));
    database.run("UPDATE tenants SET updated_at = now() WHERE name = 'acme'");
    for (pool, tenant) in [
        (&pool, "client1"),
        (&pool, "client3"),
        (&elsewhere, "client1"),
        (&elsewhere, "client3"),
        (&elsewhere, "acme"),
    ] {
        let begun = std::time::Instant::now();
        // The news takes its moments.
        while item(pool, tenant).await.1 != primary {
            assert!(begun.elapsed() < Duration::from_secs(30), "{tenant}");
        }
        for _ in 0..3 {
            assert_eq!(
                item(pool, tenant).await,
                (vec!["of the next".to_owned()], primary),
                "{tenant}"
            );
        }
    }
    // What nothing was done to is read from the replicas all the same.
    assert!(cluster.replica_ports().contains(&item(&plain, "client2").await.1));
}
