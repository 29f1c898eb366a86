//! Hears from other processes what they did to tenants: MySQL has no notifications, so a number is read again and again.

use std::{sync::Arc, time::Duration};

use diesel_async::AsyncMysqlConnection;

use super::known_databases::KnownDatabases;
use crate::{
    SchemaName,
    backend::mysql::{connecting::Connector, tenants},
    pool::directory_cache::KnownTenants,
    signals::Counters,
};

/// How often the number is read: a change by another process is noticed within this time. One row by its key, on a
/// connection of its own, costs the server some 20 microseconds.
const EVERY: Duration = Duration::from_millis(500);

/// What must be forgotten when a tenant was changed.
pub(super) struct Remembered {
    pub(super) databases: Arc<KnownDatabases>,
    pub(super) directory: Option<Arc<KnownTenants>>,
}

impl Remembered {
    fn forget_all(&self) {
        self.databases.forget_all();
        if let Some(directory) = &self.directory {
            directory.forget_all();
        }
    }

    fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.directory.is_none()
    }
}

/// Until the pool is gone, forgets what is remembered when another process has changed a tenant. While the server can't
/// be asked, what is remembered expires after its time.
pub(super) async fn watch(
    connector: Arc<Connector>,
    shared: SchemaName,
    remembered: Remembered,
    counters: Arc<Counters>,
) {
    let hearing = &counters.hearing;
    let mut session: Option<(AsyncMysqlConnection, Option<i64>)> = None;
    loop {
        tokio::time::sleep(EVERY).await;
        if remembered.is_empty() {
            hearing.certain();
            continue;
        }
        session = match session.take() {
            Some((mut connection, before)) => match tenants::version(&shared, &mut connection).await {
                Ok(version) => {
                    hearing.certain();
                    if version != before {
                        hearing.heard();
                        remembered.forget_all();
                    }
                    Some((connection, version))
                }
                Err(_) => {
                    hearing.lost();
                    None
                }
            },
            // What was remembered up to here may be outdated.
            None => match begin(&connector, &shared).await {
                Some(session) => {
                    hearing.connected();
                    remembered.forget_all();
                    Some(session)
                }
                None => None,
            },
        };
    }
}

/// A connection, and the number now.
async fn begin(connector: &Connector, shared: &SchemaName) -> Option<(AsyncMysqlConnection, Option<i64>)> {
    let mut connection = connector.connect().await.ok()?;
    let version = tenants::version(shared, &mut connection).await.ok()?;
    Some((connection, version))
}
