//! Moves under tasks that write all the time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::chain;

use super::{Places, at, home, left, pool};
#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What a writer was told is done.
#[derive(Default)]
struct Told {
    orders: BTreeMap<i64, i32>,
    emptied: usize,
    longest: Duration,
    writes: usize,
}

enum Write {
    Insert,
    Update(i64, i32),
    Delete(i64),
    /// Two unique values change places.
    Swap,
    Empty,
}

async fn write(
    pool: &TenantPool,
    writer: usize,
    write: &Write,
) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    let mut conn = pool.for_tenant("client1").get().await?;
    match write {
        Write::Insert => {
            let sql =
                format!("INSERT INTO orders (user_id, item_id, writer, value) VALUES (1, 1, {writer}, 0) RETURNING id");
            return Ok(diesel::sql_query(sql).get_result::<Id>(&mut conn).await?.id);
        }
        Write::Update(id, value) => {
            let sql = format!("UPDATE orders SET value = {value} WHERE id = {id}");
            assert_eq!(
                diesel::sql_query(sql).execute(&mut conn).await?,
                1,
                "order {id} is gone"
            );
        }
        Write::Delete(id) => {
            let sql = format!("DELETE FROM orders WHERE id = {id}");
            assert_eq!(
                diesel::sql_query(sql).execute(&mut conn).await?,
                1,
                "order {id} is gone"
            );
        }
        Write::Swap => {
            conn.transaction::<_, diesel::result::Error, _>(async |conn| {
                conn.batch_execute(
                    "CREATE TEMP TABLE swapped ON COMMIT DROP AS SELECT id, code FROM items WHERE id IN (6, 7);
                     UPDATE busy SET code = 'elsewhere ' || id WHERE id IN (6, 7);
                     UPDATE items SET code = s.code FROM pg_temp.swapped s WHERE items.id IN (6, 7) AND s.id = 13 - items.id;
                     UPDATE parts SET day = 3 - day WHERE id = 9;
                     UPDATE moods SET note = note || '!' WHERE \"a \"\"key\" = 'k9'",
                )
                .await
            })
            .await?;
        }
        Write::Empty => {
            conn.batch_execute("TRUNCATE emptied; INSERT INTO emptied VALUES (7)")
                .await?
        }
    }
    Ok(0)
}

async fn write_on(pool: TenantPool, writer: usize, stop: Arc<AtomicBool>) -> Told {
    let mut told = Told::default();
    let mut turn = writer;
    while !AtomicBool::load(&stop, SeqCst) {
        turn += 1;
        let oldest = told.orders.first_key_value().map(|(id, value)| (*id, *value));
        let next = match (turn % 7, oldest) {
            (1 | 3, Some((id, value))) => Write::Update(id, value + 1),
            (5, Some((id, _))) if turn.is_multiple_of(2) => Write::Delete(id),
            (6, _) if writer == 1 => Write::Swap,
            (2, _) if writer == 2 && turn.is_multiple_of(5) => Write::Empty,
            _ => Write::Insert,
        };
        let begun = Instant::now();
        let id = loop {
            match write(&pool, writer, &next).await {
                Ok(id) => break id,
                // Nothing was done then, and it is done again.
                Err(error) => {
                    let text = chain(&*error);
                    let is_moved = text.contains("does not exist") || text.contains("there is no such schema");
                    assert!(is_moved, "{text}");
                    assert!(begun.elapsed() < Duration::from_secs(20), "{text}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        // Who empties a table waits for the copy as well.
        if !matches!(next, Write::Empty) {
            told.longest = told.longest.max(begun.elapsed());
        }
        told.writes += 1;
        match next {
            Write::Insert => drop(told.orders.insert(id, 0)),
            Write::Update(id, value) => drop(told.orders.insert(id, value)),
            Write::Delete(id) => drop(told.orders.remove(&id)),
            Write::Swap => {}
            Write::Empty => told.emptied += 1,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_once_wherever_a_tenant_moves_under_writes() {
    let places = Places::with(30_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    // As another process, that hears nothing of the moves.
    let other = pool(places.main.url(), places.shard.url(), places.third.url()).await;
    let writers: Vec<_> = (1..=6)
        .map(|writer| {
            let pool = if writer % 2 == 0 { &other } else { &places.pool };
            tokio::spawn(write_on(pool.clone(), writer, Arc::clone(&stop)))
        })
        .collect();
    let (mut report, mut slowest) = (Vec::new(), Duration::ZERO);
    for to in [at("shard"), at("third"), home()] {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        let moved = places.move_to(to.clone()).await;
        let took = begun.elapsed();
        slowest = slowest.max(took);
        assert!(moved.rows > 30_000 && moved.changes > 0, "{moved:?}");
        assert!(moved.paused < took / 2, "paused for {:?} of {took:?}", moved.paused);
        report.push(format!(
            "to {to}: {} rows and {} changes in {took:?}, writes paused for {:?}",
            moved.rows, moved.changes, moved.paused
        ));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, SeqCst);
    let mut expected = Vec::new();
    let (mut longest, mut writes, mut emptied) = (Duration::ZERO, 0, 0);
    for (index, task) in writers.into_iter().enumerate() {
        let told = task.await.unwrap();
        longest = longest.max(told.longest);
        writes += told.writes;
        emptied += told.emptied;
        let orders = told
            .orders
            .iter()
            .map(|(id, value)| format!("{id} {} {value}", index + 1));
        expected.extend(orders);
    }
    println!(
        "{}\n{writes} writes, the longest of rows took {longest:?}",
        report.join("\n")
    );
    expected.sort();
    let mut found = places
        .main
        .values("SELECT id || ' ' || writer || ' ' || value FROM client1.orders WHERE writer > 0");
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(
        places
            .main
            .values("SELECT count(*) FROM client1.orders WHERE writer = 0"),
        ["30000"]
    );
    // The trigger fired once for each insert, wherever it was.
    let audit = "SELECT count(*) - count(DISTINCT order_id) FROM client1.audit UNION ALL \
         SELECT count(*) FROM client1.orders o WHERE NOT EXISTS (SELECT FROM client1.audit a WHERE a.order_id = o.id)";
    assert_eq!(places.main.values(audit), ["0", "0"]);
    assert!(emptied > 0 && longest < slowest);
    assert_eq!(places.main.values("SELECT id FROM client1.emptied"), ["7"]);
    assert_eq!(
        places
            .main
            .values("SELECT count(DISTINCT code) FROM client1.items WHERE code LIKE 'code %'"),
        ["10"]
    );
    assert_eq!(places.main.values("SELECT count(*) FROM client1.parts"), ["50"]);
    // Nothing was written to where it isn't any more, and nothing is left of the moves.
    for database in [&places.main, &places.shard, &places.third] {
        assert!(left(database).is_empty(), "{:?}", left(database));
    }
    assert_eq!(
        places.main.schemas().len(),
        2,
        "the tenant and the archive of its first move"
    );
    assert!(places.shard.schemas()[0].starts_with("archived_") && places.shard.schemas().len() == 1);
}

#[tokio::test]
async fn every_kind_of_change_between_the_copy_and_the_switch_is_replayed() {
    let places = Places::with(20_000).await;
    let pool = places.pool.clone();
    let moving = tokio::spawn(async move { pool.move_tenant("client1", at("shard")).await });
    until(|| !left(&places.main).is_empty()).await;
    // Keeps the switch waiting.
    let mut held = places.pool.for_tenant("client1").get().await.unwrap();
    held.batch_execute("BEGIN; UPDATE items SET code = 'held' WHERE id = 1")
        .await
        .unwrap();
    until(|| !places.shard.schemas().is_empty()).await;
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute(
        "TRUNCATE emptied; INSERT INTO emptied VALUES (7);
         UPDATE moods SET \"a \"\"key\" = 'renamed', note = 'x' WHERE \"a \"\"key\" = 'k1';
         UPDATE moods SET at = at + interval '1 us' WHERE \"a \"\"key\" = 'k2';
         DELETE FROM moods WHERE \"a \"\"key\" = 'k3';
         INSERT INTO moods VALUES ('busy', 'with ''quotes'' and \\', '-infinity', NULL);
         UPDATE parts SET day = 3 - day WHERE id < 10; DELETE FROM parts WHERE id = 11; INSERT INTO parts VALUES (2, 99);
         DELETE FROM items WHERE id = 2;
         INSERT INTO busy VALUES (100, 'through a view');
         UPDATE orders SET id = -id, value = 5 WHERE id = 1;
         SET session_replication_role = replica; INSERT INTO items VALUES (101, 'as a replica would'); RESET session_replication_role",
    )
    .await
    .unwrap();
    held.batch_execute("COMMIT").await.unwrap();
    drop((held, conn));
    let moved = moving.await.unwrap().unwrap();
    assert!(moved.changes > 2_000 && moved.left.is_empty(), "{moved:?}");
    // The archive has what the tenant had in the end.
    let archive = moved.archive.unwrap();
    places
        .main
        .run(&format!("ALTER SCHEMA \"{archive}\" RENAME TO client1"));
    assert_eq!(places.contents(&places.shard), places.contents(&places.main));
    assert_eq!(
        places
            .shard
            .values("SELECT code FROM client1.items WHERE id IN (1, 100, 101) ORDER BY id"),
        ["held", "through a view", "as a replica would"]
    );
}

async fn until(happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never happened");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_are_emptied_all_the_time_are_no_reason_to_wait_for_ever() {
    let places = Places::with(100).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..6)
        .map(|_| {
            let (pool, stop) = (places.pool.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                while !AtomicBool::load(&stop, SeqCst) {
                    // Fails where the tenant has moved meanwhile.
                    let _ = write(&pool, 0, &Write::Empty).await;
                }
            })
        })
        .collect();
    let in_time = |moving| tokio::time::timeout(Duration::from_secs(60), moving);
    for to in [at("shard"), home()] {
        in_time(places.pool.move_tenant("client1", to).into_future())
            .await
            .expect("it ends")
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    // There is a copy to be made while a TRUNCATE waits, and everybody with it: it is made, or given up.
    let paused = places.pool.move_tenant("client1", at("third")).pause_writes();
    let paused = in_time(paused.wait(Duration::from_secs(1)).into_future())
        .await
        .expect("it ends");
    stop.store(true, SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    let database = if paused.is_ok() { &places.third } else { &places.main };
    assert_eq!(database.values("SELECT id FROM client1.emptied"), ["7"], "{paused:?}");
    assert_eq!(
        database.values("SELECT count(*) FROM client1.orders"),
        ["100"],
        "{paused:?}"
    );
}
