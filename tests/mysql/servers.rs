//! Servers that are set up in another way, or die. These tests have a server of their own.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{BuildError, Mysql, MysqlConnectError, MysqlUrl, Recycling, TenantPool};
use diesel_tenants_test_support::{MariaDb, chain};

use crate::{
    statements::with_conditions,
    store::{NoMigrations, prices},
    tables::TENANT,
    way::account_of,
};

async fn build(server: &MariaDb) -> Result<TenantPool<Mysql>, BuildError> {
    let url: MysqlUrl = server.url().parse().unwrap();
    TenantPool::builder(url)
        .max_size(2)
        .recycling(Recycling::Fast)
        .build()
        .await
}

async fn run(server: &MariaDb, sql: &str) {
    let mut conn = AsyncMysqlConnection::establish(&server.url()).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

/// One server for all of it, since each takes some seconds to install.
#[tokio::test]
async fn unsafe_servers_are_refused_and_a_server_that_comes_back_is_used_again() {
    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    let tenant = format!(
        "CREATE DATABASE client1; USE client1; {}",
        TENANT.replace("REFERENCES public.users (id)", "REFERENCES items (id)")
    );
    run(&server, &tenant).await;
    run(&server, "CREATE DATABASE public; CREATE TABLE public.__diesel_tenants (name VARCHAR(64) PRIMARY KEY, status VARCHAR(16), number BIGINT DEFAULT 0); \
        CREATE TABLE public.__diesel_tenants_version (id TINYINT PRIMARY KEY, version BIGINT); \
        INSERT INTO public.__diesel_tenants_version VALUES (1, 1); \
        INSERT INTO public.__diesel_tenants (name, status) VALUES ('client1', 'active')").await;
    run(
        &server,
        "INSERT INTO client1.items (description, price) VALUES ('Tesla', 5000)",
    )
    .await;

    for mode in [
        "ANSI_QUOTES",
        "NO_BACKSLASH_ESCAPES",
        "PIPES_AS_CONCAT",
        "IGNORE_SPACE",
        "ORACLE",
        "ANSI",
        "EMPTY_STRING_IS_NULL",
    ] {
        run(&server, &format!("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,{mode}'")).await;
        let error = build(&server).await.unwrap_err();
        let BuildError::ConnectMysql(source) = &error else {
            panic!("{mode}: {error}")
        };
        assert!(
            matches!(**source, MysqlConnectError::SqlMode { .. }),
            "{mode}: {}",
            chain(&error)
        );
        // The way out that the error names.
        let url: MysqlUrl = server.url().parse().unwrap();
        let pool = TenantPool::builder(url)
            .sql_mode("STRICT_TRANS_TABLES")
            .build()
            .await
            .unwrap();
        assert_eq!(prices(&pool, "client1").await, [5000], "{mode}");
    }
    for mode in [
        "",
        "TRADITIONAL,NO_ZERO_DATE",
        "ONLY_FULL_GROUP_BY,NO_AUTO_VALUE_ON_ZERO",
    ] {
        run(&server, &format!("SET GLOBAL sql_mode = '{mode}'")).await;
        assert_eq!(
            prices(&build(&server).await.unwrap(), "client1").await,
            [5000],
            "{mode}"
        );
    }
    run(
        &server,
        "SET GLOBAL autocommit = 0; SET GLOBAL completion_type = 'CHAIN'",
    )
    .await;
    assert_eq!(prices(&build(&server).await.unwrap(), "client1").await, [5000]);

    // A connection's share of what the server has room for: 120 / 3 / 2.
    run(&server, "SET GLOBAL max_prepared_stmt_count = 120").await;
    let pool = build(&server).await.unwrap();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    for number in 0..130 {
        let found = with_conditions(number).load::<i32>(&mut conn).await;
        assert_eq!(found, Ok(vec![5000]), "{number}");
    }
    drop(conn);
    run(&server, "SET GLOBAL max_prepared_stmt_count = 16382").await;

    // The server dies with connections of the pool open, and comes back.
    let pool = build(&server).await.unwrap();
    let (one, other) = tokio::join!(prices(&pool, "client1"), prices(&pool, "client1"));
    assert_eq!((one, other), (vec![5000], vec![5000]));
    server.kill().unwrap();
    for _ in 0..4 {
        let failed = async {
            pool.for_tenant("client1")
                .get()
                .await?
                .batch_execute("SELECT 1 FROM items")
                .await
                .map_err(|error| anyhow::anyhow!(error))
        };
        assert!(failed.await.is_err());
    }
    server.restart(&[]).unwrap();
    let begun = Instant::now();
    assert_eq!(prices(&pool, "client1").await, [5000]);
    assert!(begun.elapsed() < Duration::from_secs(5));

    #[cfg(feature = "mysql-rustls")]
    super::tls::connections_are_encrypted_if_that_is_asked_for(&server).await;

    server.restart(&["--lower-case-table-names=1"]).unwrap();
    let error = build(&server).await.unwrap_err();
    let BuildError::ConnectMysql(source) = &error else {
        panic!("{error}")
    };
    assert!(
        matches!(**source, MysqlConnectError::FoldsNames { value: 1, .. }),
        "{}",
        chain(&error)
    );

    server.restart(&["--init-connect=USE client1"]).unwrap();
    // The account that may do everything is spared the server's `init_connect`.
    run(
        &server,
        "CREATE USER app IDENTIFIED BY 'secret'; GRANT SELECT ON client1.* TO app",
    )
    .await;
    let (_, place) = server
        .url()
        .rsplit_once('@')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let url: MysqlUrl = format!("mysql://app:secret@{place}").parse().unwrap();
    let error = TenantPool::builder(url).build().await.unwrap_err();
    assert!(
        chain(&error).contains("default database \"client1\""),
        "{}",
        chain(&error)
    );

    server.kill().unwrap();
    let error = build(&server).await.unwrap_err();
    assert!(
        chain(&error).contains("can't connect to MySQL at 127.0.0.1:"),
        "{}",
        chain(&error)
    );
    assert!(
        !chain(&error).contains(server.url().split([':', '@']).nth(2).unwrap()),
        "{}",
        chain(&error)
    );
}

/// A server that took UTF-8 for GBK would see the end of a string where none is, and with Latin 1 it couldn't tell the
/// names of two tenants apart.
#[tokio::test]
async fn texts_are_utf8_whatever_character_set_the_server_chooses_for_its_clients() {
    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }

    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    run(
        &server,
        "CREATE USER app IDENTIFIED BY 'secret'; GRANT SELECT, INSERT, UPDATE, CREATE, DROP, REFERENCES ON *.* TO app",
    )
    .await;
    let text = "誠' AS line, DATABASE() -- ";
    let query = format!("SELECT '{}' AS line", text.replace('\'', "\\'"));
    let tenants = ["中国", "日本"];
    for (round, settings) in [
        &["--skip-character-set-client-handshake", "--character-set-server=latin1"][..],
        &["--init-connect=SET NAMES gbk"],
    ]
    .into_iter()
    .enumerate()
    {
        server.restart(settings).unwrap();
        // The account that may do everything is spared the server's `init_connect`.
        let url: MysqlUrl = server
            .url()
            .replace(&account_of(&server), "app:secret")
            .parse()
            .unwrap();
        let shared = format!("public{round}");
        let pool = TenantPool::builder(url).shared_schema(shared).build().await.unwrap();
        for tenant in tenants {
            let tenant = format!("{tenant}{round}");
            pool.create_tenant(&*tenant, NoMigrations).await.unwrap();
            let mut conn = pool.for_tenant(&*tenant).get().await.unwrap();
            let lines: Vec<Line> = diesel::sql_query(&*query).load(&mut conn).await.unwrap();
            let lines: Vec<String> = lines.into_iter().map(|line| line.line).collect();
            assert_eq!(lines, [text], "{settings:?}");
        }
        let listed = pool.tenants().await.unwrap().into_iter();
        let listed: Vec<String> = listed.map(|tenant| tenant.name.to_string()).collect();
        assert_eq!(listed, tenants.map(|tenant| format!("{tenant}{round}")), "{settings:?}");
    }
}
