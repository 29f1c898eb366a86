use std::{fmt, sync::Arc};

use diesel_async::AsyncMysqlConnection;
use diesel_tenants_translate::SchemaName;
use futures_core::future::BoxFuture;

use super::{
    Session, SessionError,
    connecting::MysqlConnectError,
    registry::{DirectoryId, Entry},
};
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
    /// The directory of another server for which the work is done.
    directory: Option<DirectoryId>,
}

impl Server {
    pub(crate) fn new(connect: Connect, shared: SchemaName) -> Self {
        Self {
            connect,
            shared,
            record: None,
            directory: None,
        }
    }

    /// The same server, on which the work is done for the directory of another one: that owns the tenants that are made,
    /// and only tenants that it owns are changed or dropped.
    pub(crate) fn of_directory(self, directory: DirectoryId) -> Self {
        Self {
            directory: Some(directory),
            ..self
        }
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

    /// Whether a tenant belongs to the directory for which the work is done, or to this server itself if there is none.
    pub(crate) fn owns(&self, entry: &Entry) -> bool {
        entry.placed_by == self.directory
    }

    /// The directory of another server for which the work is done.
    pub(super) fn directory(&self) -> Option<&DirectoryId> {
        self.directory.as_ref()
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
