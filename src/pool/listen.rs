//! What is done to tenants is told to all processes by `NOTIFY`.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt as _;
use tokio::task::AbortHandle;

use super::{TenantPool, resolve::Resolver, schemas::Schemas};
use crate::{
    SchemaName,
    backend::postgres::{ConnectError, Connector, quote::literal},
    tenancy::DirectoryChange,
};

const CHANNEL: &str = "diesel_tenants";

/// After so long without news the connection is tested: a dead one would be silent for hours.
const SILENCE: Duration = Duration::from_secs(15);

impl TenantPool {
    /// SQL that notes a change in the directory, and tells everybody who listens; for the transaction of the change itself.
    pub(crate) fn note(&self, change: &DirectoryChange<'_>) -> String {
        let mut sql = match self.resolver() {
            Some(resolver) => resolver.directory.record(change, self).unwrap_or_default(),
            None => String::new(),
        };
        for name in change.names() {
            let news = literal(&format!("t:{}", name.as_str()));
            let _ = write!(sql, ";\nSELECT pg_catalog.pg_notify('{CHANNEL}', {news})");
        }
        sql.push_str(";\n");
        sql
    }
}

/// Listens until it is dropped.
pub(super) struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listener {
    pub(super) fn start(connector: Arc<Connector>, schemas: Arc<Schemas>, resolver: Option<Arc<Resolver>>) -> Self {
        let listening = Listening {
            connector,
            schemas,
            resolver,
        };
        Self(tokio::spawn(listening.run()).abort_handle())
    }
}

struct Listening {
    connector: Arc<Connector>,
    schemas: Arc<Schemas>,
    resolver: Option<Arc<Resolver>>,
}

impl Listening {
    async fn run(self) {
        let mut pause = Duration::from_millis(100);
        loop {
            if let Ok(mut connection) = self.connect().await {
                pause = Duration::from_millis(100);
                // Whatever happened before went unheard.
                self.forget_all();
                self.hear(&mut connection).await;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn connect(&self) -> Result<AsyncPgConnection, ConnectError> {
        let mut connection = self.connector.connect().await?;
        let listens = connection.batch_execute(&format!("LISTEN {CHANNEL}")).await;
        listens.map_err(|source| self.connector.failed_query(source))?;
        Ok(connection)
    }

    /// Until the connection breaks.
    async fn hear(&self, connection: &mut AsyncPgConnection) {
        loop {
            let news = {
                let mut news = std::pin::pin!(connection.notifications_stream());
                tokio::time::timeout(SILENCE, news.next()).await
            };
            match news {
                Ok(Some(Ok(news))) => self.heard(&news.payload),
                Ok(_) => return,
                Err(_) => {
                    let answer = tokio::time::timeout(SILENCE, connection.batch_execute("SELECT 1")).await;
                    if !matches!(answer, Ok(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }

    fn heard(&self, payload: &str) {
        match (payload.split_at_checked(2), &self.resolver) {
            (Some(("t:", name)), resolver) => {
                if let Ok(name) = SchemaName::new(name) {
                    if let Some(resolver) = resolver {
                        resolver.forget(&name);
                    }
                    self.schemas.forget(&name);
                }
            }
            (Some(("d:", domain)), Some(resolver)) => resolver.forget_domain(domain),
            (Some(("d:", _)), None) => {}
            _ => self.forget_all(),
        }
    }

    fn forget_all(&self) {
        if let Some(resolver) = &self.resolver {
            resolver.forget_all();
        }
        self.schemas.forget_all();
    }
}
