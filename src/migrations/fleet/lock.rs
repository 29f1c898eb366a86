use std::time::{Duration, Instant};

use diesel::{QueryableByName, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::FleetError;

/// Keeps everybody else from migrating the fleet of this database, until the connection ends.
///
/// Tenants have locks of their own as well: should this connection be lost, two fleet migrations get in each other's way
/// no worse than a fleet's and a single tenant's do.
pub(super) async fn lock_fleet(connection: &mut AsyncPgConnection, patience: Duration) -> Result<(), FleetError> {
    #[derive(QueryableByName)]
    struct Locked {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }

    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        // Advisory locks are the database's own. Never waited for in the server: a session that waits holds a snapshot, for
        // which a `CREATE INDEX CONCURRENTLY` would wait in turn.
        let Locked { locked } = diesel::sql_query(
            "SELECT pg_catalog.pg_try_advisory_lock(\
             pg_catalog.hashtextextended('diesel-tenants: migrations of all tenants', 0)) AS locked",
        )
        .get_result(connection)
        .await
        .map_err(FleetError::Tenants)?;
        if locked {
            return Ok(());
        }
        let left = patience.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(FleetError::Locked { waited: patience });
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}
