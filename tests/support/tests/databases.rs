//! Databases: one for each test, from wherever it asks.

use std::{
    collections::HashSet,
    env, fs,
    io::{BufRead, BufReader},
    panic,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use diesel_tenants_test_support::{
    DatabaseError, FolderError, FolderTemplate, Server, TestFolder, TestTemplate, chain,
};
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

static PREPARED: AtomicUsize = AtomicUsize::new(0);

static STORE: TestTemplate = TestTemplate::new(|url| {
    Box::pin(async move {
        PREPARED.fetch_add(1, Ordering::Relaxed);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        let sql = "CREATE SCHEMA a; CREATE TABLE a.items (id int); INSERT INTO a.items VALUES (1), (2)";
        client.batch_execute(sql).await?;
        // Whatever it leaves open is closed.
        std::mem::forget(client);
        Ok(())
    })
});

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

#[test]
fn a_template_is_prepared_once_and_its_copies_are_each_tests_own() {
    let databases: Vec<_> = thread::scope(|scope| {
        let copy = || block_on(STORE.database()).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(copy)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(PREPARED.load(Ordering::Relaxed), 1);
    databases[0].run("DELETE FROM a.items");
    for (index, database) in databases.iter().enumerate() {
        let expected = if index == 0 { "0" } else { "2" };
        assert_eq!(database.values("SELECT count(*) FROM a.items"), [expected]);
    }
}

#[test]
fn a_template_that_can_not_be_prepared_says_why_and_is_tried_again() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    static FAILING: TestTemplate = TestTemplate::new(|_| {
        Box::pin(async {
            match TRIES.fetch_add(1, Ordering::Relaxed) {
                0 => Err("no migrations".into()),
                _ => Ok(()),
            }
        })
    });
    let error = block_on(FAILING.database()).unwrap_err();
    assert!(matches!(error, DatabaseError::Prepare { .. }));
    assert_eq!(
        chain(&error),
        "could not prepare the template of the tests' databases: no migrations"
    );
    block_on(FAILING.database()).unwrap();
}

#[test]
fn a_server_that_refuses_says_what_to_do() {
    let server = Server::shared();
    let database = server.database();
    let role = database.name();
    database.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'"));
    let address = database.url().rsplit_once('@').unwrap().1.to_owned();
    let refused = child("refused", &format!("postgres://{role}:secret@{address}"));
    assert!(
        refused.contains("may not create databases") && refused.contains("CREATEDB"),
        "{refused}"
    );
    assert!(!refused.contains("secret"), "{refused}");
    database.run(&format!("DROP ROLE {role}"));

    let nobody = child("refused", "postgres://u:secret@127.0.0.1:9/x");
    assert!(
        nobody.contains("127.0.0.1:9") && nobody.contains("DATABASE_URL"),
        "{nobody}"
    );
    assert!(!nobody.contains("secret"), "{nobody}");
}

const TASK: &str = "DIESEL_TENANTS_TEST_TASK";

/// What other tests run in a process of its own, on the server of their choice.
#[test]
#[ignore = "run by the other tests, in a process of its own"]
fn task() {
    let Ok(task) = env::var(TASK) else { return };
    match task.as_str() {
        "refused" => {
            let error = Server::try_shared().unwrap().try_database().unwrap_err();
            println!("\nsays {}", chain(&error));
        }
        _ => {
            let database = block_on(STORE.database()).unwrap();
            println!("\nsays {}", database.name());
            thread::sleep(Duration::from_secs(if task == "waits" { 600 } else { 0 }));
        }
    }
}

fn spawn(task: &str, url: &str) -> (Child, String) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "task", "--ignored", "--nocapture"])
        .env(TASK, task)
        .env("DATABASE_URL", url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let says = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("says ").map(str::to_owned));
    (child, says.unwrap())
}

fn child(task: &str, url: &str) -> String {
    let (mut child, says) = spawn(task, url);
    child.wait().unwrap();
    says
}

#[test]
fn what_killed_processes_left_is_dropped_by_a_later_one_and_what_runs_is_kept() {
    let server = Server::start();
    let url = server.url_for("postgres");
    let (mut running, kept) = spawn("waits", &url);
    let (mut killed, left) = spawn("waits", &url);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (ours, _) = spawn("waits", &url);
    let database = server.database();
    let names = || database.values("SELECT datname FROM pg_database WHERE datname LIKE 'diesel_tenants_test_%'");
    // Each has a template and a copy.
    let of = |name: &str| names().iter().filter(|other| other[..28] == name[..28]).count();
    let begun = Instant::now();
    while of(&left) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "left: {:?}", names());
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(of(&kept), 2);
    for mut child in [running.kill().map(|()| running).unwrap(), ours] {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

static FILES: FolderTemplate = FolderTemplate::new(|path| {
    Box::pin(async move {
        fs::create_dir(path.join("archive"))?;
        fs::write(path.join("archive/a.db"), "rows")?;
        Ok(())
    })
});

#[test]
fn a_folder_is_copied_with_its_folders_and_removed_with_its_value() {
    let [one, two] = [(); 2].map(|()| block_on(FILES.folder()).unwrap());
    fs::remove_file(one.path().join("archive/a.db")).unwrap();
    assert_eq!(fs::read_to_string(two.path().join("archive/a.db")).unwrap(), "rows");
    let path = two.path().to_owned();
    drop(two);
    assert!(!path.exists() && one.path().exists());
}

#[test]
fn a_folder_is_copied_when_the_last_connection_has_removed_its_log() {
    static CLOSING: FolderTemplate = FolderTemplate::new(|path| {
        Box::pin(async move {
            let log = path.join("a.db-wal");
            fs::write(&log, "")?;
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(50));
                fs::write(log.with_file_name("a.db"), "rows").unwrap();
                fs::remove_file(log).unwrap();
            });
            Ok(())
        })
    });
    let folder: Result<TestFolder, FolderError> = block_on(CLOSING.folder());
    assert_eq!(fs::read_to_string(folder.unwrap().path().join("a.db")).unwrap(), "rows");
}
