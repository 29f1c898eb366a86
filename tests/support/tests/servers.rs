//! Servers of a test's own: stopped, started again, and started wrongly.

use std::net::TcpStream;

use diesel_tenants_test_support::{Server, StartError};

fn listens(server: &Server) -> bool {
    TcpStream::connect(("127.0.0.1", server.port())).is_ok()
}

#[test]
fn a_stopped_server_refuses_connections_and_comes_back_with_its_data() {
    let server = Server::start();
    let db = server.database();
    db.run("CREATE TABLE orders AS SELECT 7 AS id");
    let port = server.port();

    for _ in 0..2 {
        server.stop();
        assert!(!server.is_running() && !listens(&server));
        server.stop();
        server.restart();
        assert!(server.is_running() && listens(&server));
        assert_eq!(server.port(), port);
        assert_eq!(db.query_strings("SELECT id FROM orders"), [[Some("7".to_owned())]]);
    }

    let started = "SELECT pg_postmaster_start_time()";
    let before = db.query_strings(started);
    server.restart();
    assert_ne!(db.query_strings(started), before);
}

#[test]
fn a_database_outlives_its_server_without_harm() {
    let server = Server::start();
    let db = server.database();
    drop(server);
    drop(db);
}

#[test]
fn settings_are_taken_over_the_defaults() {
    let server = Server::builder()
        .setting("max_connections", 20)
        .setting("fsync", "on")
        .start()
        .unwrap();
    let db = server.database();
    let sql = "SELECT current_setting('max_connections'), current_setting('fsync'), current_setting('autovacuum')";
    assert_eq!(
        db.query_strings(sql),
        [["20", "on", "off"].map(|value| Some(value.to_owned()))]
    );
}

#[test]
fn a_server_listens_on_the_loopback_alone_and_wants_its_password() {
    let server = Server::start();
    let db = server.database();
    assert_eq!(
        db.query_strings("SHOW listen_addresses"),
        [[Some("127.0.0.1".to_owned())]]
    );
    let methods = db.query_strings("SELECT DISTINCT auth_method FROM pg_hba_file_rules");
    assert!(
        matches!(methods[0][0].as_deref(), Some("password" | "md5")) && methods.len() == 1,
        "{methods:?}"
    );
}

#[test]
fn a_start_that_fails_shows_the_end_of_the_log() {
    let error = Server::builder()
        .setting("max_connections", "plenty")
        .start()
        .unwrap_err();
    assert!(matches!(error, StartError::Ended { .. }));
    let message = error.to_string();
    assert!(
        message.contains("invalid value for parameter \"max_connections\": \"plenty\""),
        "{message}"
    );
}

#[test]
fn a_replica_follows_its_server() {
    let server = Server::builder()
        .setting("wal_level", "replica")
        .setting("max_wal_senders", 4)
        .start()
        .unwrap();
    let replica = server.replica();
    let db = server.database();
    db.run("CREATE TABLE orders AS SELECT 7 AS id");
    let position = db.query_strings("SELECT pg_current_wal_lsn()")[0][0].clone().unwrap();
    let replayed = format!("SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= '{position}'");
    let caught_up = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !db.query_strings(&replayed).is_empty()
    });
    assert!(caught_up && replica.is_running() && listens(&replica));
    assert!(replica.port() != server.port() && replica.url_for(db.name()).contains(&replica.port().to_string()));
}
