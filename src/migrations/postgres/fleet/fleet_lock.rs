use std::time::Duration;

use crate::{
    PostgresConnection,
    backend::postgres::{LockSpan, lock_name, lock_named},
    migrations::FleetError,
};

/// Keeps other processes from migrating the fleet of this database, until the connection ends.
///
/// Tenants have locks of their own as well. So if this connection is lost, two fleet migrations only conflict like a
/// fleet migration and a migration of a single tenant.
pub(super) async fn lock_fleet(connection: &mut PostgresConnection, patience: Duration) -> Result<(), FleetError> {
    // Advisory locks are separate for each database.
    let locked = lock_named(connection, lock_name::ALL_TENANTS, LockSpan::Session, patience).await;
    match locked.map_err(FleetError::Tenants)? {
        true => Ok(()),
        false => Err(FleetError::Locked { waited: patience }),
    }
}
