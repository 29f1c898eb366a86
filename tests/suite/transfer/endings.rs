//! What fails, or is given up, leaves nothing behind: neither a tenant nor a session.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use diesel_tenants::{
    BoxFuture, ExportError, ImportError, LifecycleError, LifecycleEvent, LifecycleHooks, TenantPool,
    lifecycle::HookResult, transfer::FormatError,
};
use diesel_tenants_test_support::{Database, Server, chain};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::{export, import, settled, try_import};
use crate::rich::shop;

async fn tenant(sql: &str) -> (TenantPool, Database) {
    let (pool, database) = shop().await;
    database.run(&format!("CREATE SCHEMA client1; SET search_path = client1; {sql}"));
    (pool, database)
}

const LARGE: &str = "CREATE TABLE a AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 5000)";

/// Takes or gives so many bytes, and fails then.
struct Failing(usize);

impl AsyncWrite for Failing {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.0.min(bytes.len()) {
            0 => Poll::Ready(Err(io::Error::other("the disk is full"))),
            taken => {
                self.0 -= taken;
                Poll::Ready(Ok(taken))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("it was full before")))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        panic!("it is the caller's to shut down")
    }
}

impl AsyncRead for Failing {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("the line is cut")))
    }
}

#[tokio::test]
async fn a_writer_that_fails_ends_the_export() {
    let (pool, database) = tenant(LARGE).await;
    let length = export(&pool, "client1").await.len();
    for (taken, reason) in [
        (0, "the disk is full"),
        (20, "the disk is full"),
        (length / 2, "the disk is full"),
        (length - 1, "the disk is full"),
        (length, "it was full before"),
    ] {
        let error = pool.export_tenant("client1").to(Failing(taken)).await.unwrap_err();
        assert!(matches!(error, ExportError::Write { .. }), "{error:?}");
        assert_eq!(
            chain(&error),
            format!("can't write the export of tenant \"client1\": {reason}")
        );
        settled(&database).await;
    }
}

#[tokio::test]
async fn a_reader_that_fails_leaves_no_tenant() {
    let (pool, database) = tenant(LARGE).await;
    let bytes = export(&pool, "client1").await;
    let before = database.schemas();
    for length in [0, 30, bytes.len() / 2, bytes.len() - 1] {
        let reader = (&bytes[..length]).chain(Failing(0));
        let error = pool.import_tenant("client2").from(reader).await.unwrap_err();
        let is_read = matches!(
            &error,
            ImportError::Format {
                source: FormatError::Read(_),
                ..
            }
        );
        assert!(
            is_read && chain(&error).ends_with(": the line is cut"),
            "{}",
            chain(&error)
        );
        assert_eq!(database.schemas(), before);
        settled(&database).await;
    }
    import(&pool, "client2", &bytes).await;
}

#[tokio::test]
async fn an_export_that_is_given_up_leaves_no_session() {
    let (pool, database) = tenant(LARGE).await;
    let (writer, mut reader) = tokio::io::duplex(1024);
    let exporting = pool.export_tenant("client1").to(writer);
    tokio::select! {
        _ = exporting => panic!("nobody reads all of it"),
        read = async { reader.read_exact(&mut vec![0; 300_000]).await } => drop(read.unwrap()),
    }
    settled(&database).await;
}

#[tokio::test]
async fn an_import_that_is_given_up_leaves_neither_tenant_nor_session() {
    let (pool, database) = tenant(LARGE).await;
    let bytes = export(&pool, "client1").await;
    let before = database.schemas();
    for length in [100, bytes.len() / 2, bytes.len() - 1] {
        let reader = (&bytes[..length]).chain(Never);
        let importing = pool.import_tenant("client2").from(reader);
        assert!(
            tokio::time::timeout(Duration::from_millis(300), importing)
                .await
                .is_err()
        );
        settled(&database).await;
        assert_eq!(database.schemas(), before);
    }
    import(&pool, "client2", &bytes).await;
}

#[tokio::test]
async fn what_the_server_is_at_is_given_up_with_the_future() {
    let (pool, database) = tenant(
        "CREATE TABLE items (id int); INSERT INTO items VALUES (1); \
         CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN true; END'; \
         ALTER TABLE items ADD CHECK (slow()) NOT VALID; ALTER TABLE items RENAME CONSTRAINT items_check TO c",
    )
    .await;
    database.run("CREATE MATERIALIZED VIEW client1.v AS SELECT client1.slow() FROM client1.items WITH NO DATA");
    database.run("UPDATE pg_class SET relispopulated = true WHERE relname = 'v'");
    let bytes = export(&pool, "client1").await;
    let started = Instant::now();
    let importing = pool.import_tenant("client2").from(&bytes[..]);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), importing)
            .await
            .is_err()
    );
    settled(&database).await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(!database.schemas().contains(&"client2".to_owned()));
}

struct Never;

impl AsyncRead for Never {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn an_object_or_row_that_the_server_refuses_is_named_and_nothing_is_left() {
    let (pool, database) =
        tenant("CREATE TABLE items (id int, CHECK (id > 0)); CREATE VIEW v AS SELECT * FROM items").await;
    database.run("INSERT INTO client1.items SELECT generate_series(1, 10)");
    let bytes = export(&pool, "client1").await;
    let before = database.schemas();
    database.run(
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$; \
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION public.refuse()",
    );
    let error = try_import(&pool, "client2", &bytes).await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't create view v in tenant \"client2\", to import it: "),
        "{message}"
    );
    assert!(message.ends_with("not today"), "{message}");
    assert_eq!(database.schemas(), before);
    database.run("DROP EVENT TRIGGER refuse");
    let mut sections = super::format::sections(&bytes);
    let rows = sections.iter_mut().find(|(tag, _)| *tag == 'D').unwrap();
    rows.1 = b"not a number\n".to_vec();
    let error = try_import(&pool, "client2", &super::format::assembled(&sections))
        .await
        .unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't write the rows of items in tenant \"client2\", to import it: "),
        "{message}"
    );
    assert!(message.contains("not a number"), "{message}");
    assert_eq!(database.schemas(), before);
}

#[derive(Clone, Default)]
struct Recorder {
    told: Arc<Mutex<Vec<String>>>,
    refuses: Arc<Mutex<bool>>,
}

impl LifecycleHooks for Recorder {
    fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        self.told.lock().unwrap().push(format!("before: {event}"));
        let refuses = *self.refuses.lock().unwrap();
        Box::pin(async move { if refuses { Err("no!".into()) } else { Ok(()) } })
    }

    fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        self.told.lock().unwrap().push(format!("after: {event}"));
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn hooks_run_around_an_import_and_can_refuse_it() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    let recorder = Recorder::default();
    let pool = TenantPool::builder(database.url())
        .hooks(recorder.clone())
        .build()
        .await
        .unwrap();
    let bytes = export(&pool, "client1").await;
    assert!(recorder.told.lock().unwrap().is_empty(), "an export changes nothing");
    try_import(&pool, "client2", b"something else").await.unwrap_err();
    assert!(recorder.told.lock().unwrap().is_empty(), "there was nothing to import");
    import(&pool, "client2", &bytes).await;
    let told = std::mem::take(&mut *recorder.told.lock().unwrap());
    assert_eq!(
        told,
        ["before: import tenant \"client2\"", "after: import tenant \"client2\""]
    );
    *recorder.refuses.lock().unwrap() = true;
    let error = try_import(&pool, "client3", &bytes).await.unwrap_err();
    assert!(
        matches!(error, ImportError::Lifecycle(LifecycleError::Hook { .. })),
        "{error:?}"
    );
    assert_eq!(database.schemas(), ["client1", "client2"]);
}

#[tokio::test]
async fn of_many_who_import_to_one_name_one_succeeds() {
    let (pool, database) = tenant("CREATE TABLE items (id int); INSERT INTO items VALUES (1)").await;
    let bytes = export(&pool, "client1").await;
    let attempts = (0..4).map(|_| try_import(&pool, "client2", &bytes));
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        let expected = matches!(&error, ImportError::Lifecycle(LifecycleError::AlreadyExists { .. }));
        assert!(expected, "{error:?}");
    }
    assert_eq!(
        database.query_strings("SELECT count(*) FROM client2.items"),
        [[Some("1".to_owned())]]
    );
}
