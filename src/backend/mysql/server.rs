use std::{fmt, sync::Arc};

use diesel_async::AsyncMysqlConnection;
use diesel_tenants_translate::SchemaName;
use futures_core::future::BoxFuture;

use super::{Session, SessionError, connecting::MysqlConnectError};
use crate::tenancy::DirectoryChange;

/// Opens connections without a default database.
pub(crate) type Connect =
    Arc<dyn Fn() -> BoxFuture<'static, Result<AsyncMysqlConnection, MysqlConnectError>> + Send + Sync>;

/// The statements that tell a directory of a change, if they are needed.
pub(crate) type Record = Arc<dyn Fn(&DirectoryChange<'_>) -> Option<String> + Send + Sync>;

/// A server, and the database on it that all tenants share.
#[derive(Clone)]
pub(crate) struct Server {
    connect: Connect,
    shared: SchemaName,
    record: Option<Record>,
    /// Whether the directory of another server may drop the tenants that it placed here.
    is_further: bool,
    /// Whether tenants that are made are noted as placed by the directory of another server.
    is_placing: bool,
}

impl Server {
    pub(crate) fn new(connect: Connect, shared: SchemaName) -> Self {
        Self {
            connect,
            shared,
            record: None,
            is_further: false,
            is_placing: false,
        }
    }

    /// The same server, on which another server's directory may drop the tenants that it placed there.
    pub(crate) fn further(self, is_further: bool) -> Self {
        Self { is_further, ..self }
    }

    /// The same server, on which operations tell a directory what they did.
    pub(crate) fn recording(self, record: Record) -> Self {
        Self {
            record: Some(record),
            ..self
        }
    }

    /// The statements that tell the directory of a change, for the transaction of that change.
    pub(super) fn record(&self, change: &DirectoryChange<'_>) -> Option<String> {
        self.record.as_ref()?(change)
    }

    /// The same server, on which the tenants that are made are noted as placed by the directory of another server.
    pub(crate) fn placing(self) -> Self {
        Self {
            is_placing: true,
            ..self
        }
    }

    /// Whether tenants that are made are noted as placed by the directory of another server.
    pub(super) fn is_placing(&self) -> bool {
        self.is_placing
    }

    /// Whether this is a further server of a pool whose directory is on another one.
    pub(super) fn is_further(&self) -> bool {
        self.is_further
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
