//! What a move leaves at its source when it can't take it away, or is given up.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{MoveError, SchemaName};
use diesel_tenants_test_support::chain;

use super::{Places, at, failures::give_up, home, left};
/// Moves a tenant while somebody reads a table of it: what notes writes can't be taken away at the source then.
async fn move_under_a_reader(places: &Places, drop_source: bool) {
    let mut conn = places.pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM audit").await.unwrap();
    let mut moving = places
        .pool
        .move_tenant("client1", at("shard"))
        .wait(Duration::from_millis(400));
    if drop_source {
        moving = moving.drop_source();
    }
    let moved = moving.await.unwrap();
    assert_eq!(moved.left.len(), 1, "{moved:?}");
    assert_eq!(moved.archive.map(name), places.main.schemas().pop());
    conn.batch_execute("ROLLBACK").await.unwrap();
    assert!(!left(&places.main).is_empty());
    assert_eq!(
        left(&places.shard),
        ["client1.__diesel_tenants_move"],
        "it is noted there that something is left"
    );
}

fn name(schema: SchemaName) -> String {
    schema.as_str().to_owned()
}

#[tokio::test]
async fn what_could_not_be_taken_away_at_the_source_is_when_the_same_call_is_made_again() {
    let places = Places::with(10).await;
    let before = places.contents(&places.main);
    move_under_a_reader(&places, false).await;
    let again = places.move_to(at("shard")).await;
    assert_eq!(again.archive.map(name), places.main.schemas().pop());
    for database in [&places.main, &places.shard] {
        assert!(left(database).is_empty(), "{:?}", left(database));
    }
    assert_eq!(places.contents(&places.shard), before);
    assert_eq!(
        places.move_to(at("shard")).await.archive,
        None,
        "nothing is left to be done"
    );
}

#[tokio::test]
async fn a_source_that_could_not_be_dropped_is_when_the_same_call_is_made_again() {
    let places = Places::with(10).await;
    move_under_a_reader(&places, true).await;
    let again = places
        .pool
        .move_tenant("client1", at("shard"))
        .drop_source()
        .await
        .unwrap();
    assert!(again.left.is_empty() && again.archive.is_none(), "{again:?}");
    assert!(places.main.schemas().is_empty(), "{:?}", places.main.schemas());
    assert!(left(&places.shard).is_empty(), "{:?}", left(&places.shard));
}

#[tokio::test]
async fn what_is_left_where_a_tenant_came_from_is_taken_away_by_its_next_move_too() {
    let places = Places::with(10).await;
    move_under_a_reader(&places, false).await;
    places.move_to(at("third")).await;
    for database in [&places.main, &places.shard, &places.third] {
        assert!(left(database).is_empty(), "{:?}", left(database));
    }
}

#[tokio::test]
async fn a_tenant_that_is_renamed_archived_or_restored_after_a_move_was_given_up_can_be_written_to() {
    let places = Places::with(3_000).await;
    for round in ["rename", "archive and restore"] {
        give_up(&places, at("shard"), &places.main).await;
        let triggers = left(&places.main).into_iter().any(|left| left.contains(" on "));
        match round {
            "rename" => places.pool.rename_tenant("client1", "client2").await.unwrap(),
            _ => {
                let archive = places.pool.archive_tenant("client1").await.unwrap();
                places.pool.restore_tenant(archive, "client2").await.unwrap();
            }
        }
        let mut conn = places.pool.for_tenant("client2").get().await.unwrap();
        let written = conn.batch_execute("INSERT INTO emptied VALUES (-1); DELETE FROM emptied WHERE id = -1");
        written
            .await
            .unwrap_or_else(|error| panic!("{round}, triggers {triggers}: {error}"));
        drop(conn);
        // Whoever moves it knows it by its new name.
        let error = places.pool.move_tenant("client1", at("shard")).await.unwrap_err();
        assert!(matches!(&error, MoveError::Lifecycle(_)), "{}", chain(&error));
        places.pool.rename_tenant("client2", "client1").await.unwrap();
    }
    places.move_to(at("shard")).await;
    places.move_to(home()).await;
    for database in [&places.main, &places.shard] {
        assert!(left(database).is_empty(), "{:?}", left(database));
    }
}
