use std::time::Duration;

use diesel_async::AsyncPgConnection;

use super::FleetError;
use crate::backend::postgres::{Backoff, LockSpan, try_lock_named};

/// Keeps everybody else from migrating the fleet of this database, until the connection ends.
///
/// Tenants have locks of their own as well: should this connection be lost, two fleet migrations get in each other's way
/// no worse than a fleet's and a single tenant's do.
pub(super) async fn lock_fleet(connection: &mut AsyncPgConnection, patience: Duration) -> Result<(), FleetError> {
    const NAME: &str = "diesel-tenants: migrations of all tenants";
    let mut backoff = Backoff::new(patience);
    // Advisory locks are the database's own.
    while !try_lock_named(connection, NAME, LockSpan::Session)
        .await
        .map_err(FleetError::Tenants)?
    {
        if !backoff.pause().await {
            return Err(FleetError::Locked { waited: patience });
        }
    }
    Ok(())
}
