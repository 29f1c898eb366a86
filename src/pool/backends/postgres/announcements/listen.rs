//! Receives announcements: what this process remembers of a changed tenant is forgotten.

use std::{sync::Arc, time::Duration};

use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt as _;
use tokio::task::AbortHandle;

use super::CHANNEL;
use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{ConnectError, Connector, catalog::schema::schemas_after},
    pool::{backends::postgres::known_schemas::Schemas, directory_cache::KnownTenants},
    signals::Counters,
};

/// After this long without a notification, the connection is tested: a dead connection would be silent for hours.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a list of the tenants is waited for: meanwhile nothing is heard.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

/// Listens until it is dropped.
pub(crate) struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listener {
    pub(crate) fn start(
        connector: Arc<Connector>,
        schemas: Arc<Schemas>,
        known: Option<Arc<KnownTenants>>,
        lists_tenants: bool,
        counters: Arc<Counters>,
    ) -> Self {
        let listening = Listening {
            connector,
            schemas,
            known,
            lists_tenants,
            counters,
        };
        Self(tokio::spawn(listening.run()).abort_handle())
    }
}

struct Listening {
    connector: Arc<Connector>,
    schemas: Arc<Schemas>,
    known: Option<Arc<KnownTenants>>,
    /// Whether all tenants are looked up ahead of their first checkouts.
    lists_tenants: bool,
    counters: Arc<Counters>,
}

impl Listening {
    async fn run(self) {
        let mut pause = Duration::from_millis(100);
        loop {
            if let Ok(mut connection) = self.connect().await {
                pause = Duration::from_millis(100);
                self.counters.hearing.connected();
                // Changes from before this connection listened went unheard.
                self.forget_all();
                if self.lists_tenants {
                    self.list_tenants(&mut connection).await;
                }
                // Where a directory says where tenants live, a tenant's name is not its schema's.
                self.schemas.set_hears_changes(self.known.is_none());
                self.hear(&mut connection).await;
                self.schemas.set_hears_changes(false);
                self.counters.hearing.lost();
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn connect(&self) -> Result<PostgresConnection, ConnectError> {
        let mut connection = self.connector.connect().await?;
        let listens = connection.batch_execute(&format!("LISTEN {CHANNEL}")).await;
        listens.map_err(|source| self.connector.failed_query(source))?;
        Ok(connection)
    }

    /// Looks up the tenants that exist, so that their first checkouts need not. What is changed from now on is heard
    /// afterwards, and forgets what the list says.
    async fn list_tenants(&self, connection: &mut PostgresConnection) {
        let listing = self.schemas.list();
        let listed = schemas_after("", self.schemas.capacity(), connection);
        // Without an answer, checkouts ask.
        if let Ok(Ok(listed)) = tokio::time::timeout(LIST_TIMEOUT, listed).await {
            listing.remember_all(&listed.active).await;
        }
    }

    /// Receives notifications until the connection breaks.
    async fn hear(&self, connection: &mut PostgresConnection) {
        loop {
            let news = {
                let mut news = std::pin::pin!(connection.notifications_stream());
                tokio::time::timeout(SILENCE, news.next()).await
            };
            match news {
                Ok(Some(Ok(news))) => {
                    self.counters.hearing.heard();
                    self.heard(&news.payload);
                }
                Ok(_) => return,
                Err(_) => {
                    let answer = tokio::time::timeout(SILENCE, connection.batch_execute("SELECT 1")).await;
                    if !matches!(answer, Ok(Ok(()))) {
                        return;
                    }
                    self.counters.hearing.certain();
                }
            }
        }
    }

    fn heard(&self, payload: &str) {
        match (payload.split_at_checked(2), &self.known) {
            (Some(("t:", name)), known) => {
                if let Ok(name) = SchemaName::new(name) {
                    if let Some(known) = known {
                        known.forget(&name);
                    }
                    self.schemas.forget(&name);
                }
            }
            (Some(("d:", domain)), Some(known)) => known.forget_domain(domain),
            (Some(("d:", _)), None) => {}
            _ => self.forget_all(),
        }
    }

    fn forget_all(&self) {
        if let Some(known) = &self.known {
            known.forget_all();
        }
        self.schemas.forget_all();
    }
}
