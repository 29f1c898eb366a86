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
    /// Forgets everything, because the registry has this version now.
    fn hear(&self, version: Option<i64>) {
        match version {
            Some(version) => self.databases.hear(version),
            None => self.databases.forget_all(),
        }
        if let Some(directory) = &self.directory {
            directory.forget_all();
        }
    }

    fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.directory.is_none()
    }
}

/// Until the pool is gone, forgets what is remembered when another process has changed a tenant. While the server can't
/// be asked, what is remembered expires after its time. A connection on which it doesn't answer within `patience` is
/// replaced: a firewall may have dropped it without a word.
pub(super) async fn watch(
    connector: Arc<Connector>,
    shared: SchemaName,
    remembered: Remembered,
    patience: Duration,
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
            Some((mut connection, before)) => match version(&shared, &mut connection, patience).await {
                Some(version) => {
                    hearing.certain();
                    if version != before {
                        hearing.heard();
                        remembered.hear(version);
                    }
                    Some((connection, version))
                }
                None => {
                    hearing.lost();
                    None
                }
            },
            // What was remembered up to here may be outdated.
            None => match begin(&connector, &shared, patience).await {
                Some((connection, version)) => {
                    hearing.connected();
                    remembered.hear(version);
                    Some((connection, version))
                }
                None => None,
            },
        };
    }
}

/// A connection, and the number now.
async fn begin(
    connector: &Connector,
    shared: &SchemaName,
    patience: Duration,
) -> Option<(AsyncMysqlConnection, Option<i64>)> {
    let mut connection = connector.connect().await.ok()?;
    let version = version(shared, &mut connection, patience).await?;
    Some((connection, version))
}

/// The number, if the server says it in time.
async fn version(
    shared: &SchemaName,
    connection: &mut AsyncMysqlConnection,
    patience: Duration,
) -> Option<Option<i64>> {
    let version = tokio::time::timeout(patience, tenants::version(shared, connection)).await;
    version.ok()?.ok()
}
