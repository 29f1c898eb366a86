use std::{fmt, sync::Arc};

use diesel_async::AsyncMysqlConnection;
use diesel_tenants_translate::SchemaName;
use futures_core::future::BoxFuture;

use super::{Session, SessionError, connecting::MysqlConnectError};

/// Opens connections without a default database.
pub(crate) type Connect =
    Arc<dyn Fn() -> BoxFuture<'static, Result<AsyncMysqlConnection, MysqlConnectError>> + Send + Sync>;

/// A server, and the database on it that all tenants share.
#[derive(Clone)]
pub(crate) struct Server {
    connect: Connect,
    shared: SchemaName,
}

impl Server {
    pub(crate) fn new(connect: Connect, shared: SchemaName) -> Self {
        Self { connect, shared }
    }

    /// The database that all tenants share.
    pub(crate) fn shared(&self) -> &SchemaName {
        &self.shared
    }

    /// Opens a session of the library's own.
    pub(crate) async fn open(&self) -> Result<Session, SessionError> {
        let connection = (self.connect)().await.map_err(SessionError::Connect)?;
        Ok(Session::on(connection).await?)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}
