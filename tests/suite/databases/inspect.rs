//! What each database is, and what it lacks.

use super::{Shards, USERS};
use crate::migrations::Folder;

#[tokio::test]
async fn each_database_tells_what_it_is_and_lacks() {
    let shards = Shards::with_tenants().await;
    shards.main.run("CREATE EXTENSION pg_trgm");
    shards.pool.migrate_shared(Folder::of(&[USERS])).await.unwrap();
    shards.place("d", "d", "one").await;
    let inspect = || shards.pool.all_databases().inspect().shared(Folder::of(&[USERS]));
    let found = inspect().await.unwrap();
    let tenants: Vec<(&str, usize)> = found
        .iter()
        .map(|found| (found.database.as_str(), found.tenants))
        .collect();
    assert_eq!(tenants, [("main", 1), ("one", 2), ("two", 1)]);
    assert!(found[0].is_well() && !found[1].is_well());
    let state = found[1].state.as_ref().unwrap();
    assert_eq!(state.missing_migrations, ["001"]);
    assert_eq!(state.missing_extensions, ["pg_trgm"]);
    assert!(state.bytes.unwrap() > 1_000_000 && !state.server_version.is_empty());
    for shard in [&shards.one, &shards.two] {
        shard.run("CREATE EXTENSION pg_trgm");
    }
    let report = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[super::ONE]))
        .shared_first(Folder::of(&[USERS]))
        .run()
        .await
        .unwrap();
    assert!(report.is_success());
    assert!(inspect().await.unwrap().iter().all(|found| found.is_well()));
}
