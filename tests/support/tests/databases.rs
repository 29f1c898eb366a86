//! Databases: one for each test, from wherever it asks.

use std::{collections::HashSet, panic, thread};

use diesel_tenants_test_support::Server;
use tokio::runtime;
use tokio_postgres::NoTls;

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn a_database_is_empty_and_its_own() {
    let server = Server::shared();
    let [one, two] = [server.database(), server.database()];
    one.run("CREATE TABLE orders (id int)");
    let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(one.query_strings(tables), [[text("orders")]]);
    assert!(two.query_strings(tables).is_empty());
}

#[test]
fn rows_come_as_text_and_those_of_several_statements_in_turn() {
    let db = Server::shared().database();
    let rows = db.query_strings("SELECT 1, NULL, 'Größe'; CREATE TABLE t (); SELECT true");
    assert_eq!(rows, [vec![text("1"), None, text("Größe")], vec![text("t")]]);
}

#[test]
fn a_statement_that_fails_shows_the_servers_message_and_itself() {
    let db = Server::shared().database();
    let panic = panic::catch_unwind(|| db.run("SELECT * FROM nowhere")).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("relation \"nowhere\" does not exist"), "{message}");
    assert!(message.contains("SELECT * FROM nowhere"), "{message}");
}

#[test]
fn many_threads_create_databases_at_once() {
    let server = Server::shared();
    let create = || (0..5).map(|_| server.database()).collect::<Vec<_>>();
    let databases: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let names: HashSet<&str> = databases.iter().map(|db| db.name()).collect();
    assert_eq!(names.len(), 40);
    for db in &databases {
        assert_eq!(db.query_strings("SELECT current_database()"), [[text(db.name())]]);
    }
}

#[test]
fn asynchronous_code_may_ask_for_one_on_any_runtime() {
    let use_one = async || {
        let db = Server::shared().database();
        assert_eq!(db.query_strings("SELECT 1"), [[text("1")]]);
    };
    runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(use_one());
    runtime::Builder::new_multi_thread()
        .build()
        .unwrap()
        .block_on(use_one());
}

#[test]
fn it_is_dropped_while_somebody_is_connected() {
    let server = Server::shared();
    let db = server.database();
    let name = db.name().to_owned();
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        drop(db);
        assert!(connection.await.unwrap().is_err());
        assert!(client.is_closed());
    });
    let witness = server.database();
    let left = witness.query_strings(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"));
    assert!(left.is_empty());
}

#[test]
fn the_servers_url_reaches_a_database_by_any_name() {
    let server = Server::shared();
    let db = server.database();
    let url = server.url_for(db.name());
    assert_eq!(url, db.url());
    assert!(url.starts_with("postgres"), "{url}");
}
