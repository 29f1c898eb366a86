//! The connection on which one schema is migrated.

use std::time::Duration;

use crate::{
    PostgresConnection, TenantPool,
    backend::postgres::search_path,
    migrations::{MigrationError, SchemaOwner},
};

/// Migrates one schema, on a connection of its own, which is closed afterwards.
pub(crate) struct Runner {
    /// `None` only while a migration written in Rust has the connection.
    connection: Option<PostgresConnection>,
    pub(super) owner: SchemaOwner,
    search_path: String,
    pub(super) lock_timeout: Duration,
    /// How long a migration in a transaction waits for locks, instead of the server's own setting.
    pub(super) statement_lock_timeout: Option<Duration>,
    /// Whether the server takes several statements of a migration in one message.
    pub(super) batched: bool,
    /// The pool, for a new connection.
    pub(super) pool: TenantPool,
    /// How many times the session holds its lock on the schema.
    pub(super) session_locks: usize,
    /// Whether a migration written in Rust has used the connection, which then keeps its prepared statements.
    has_called_code: bool,
}

impl Runner {
    pub(crate) async fn connect(pool: &TenantPool, owner: SchemaOwner) -> Result<Self, MigrationError> {
        let mut connection = match pool.migration_connector().connect().await {
            Ok(connection) => connection,
            Err(source) => return Err(MigrationError::Connect { owner, source }),
        };
        let batched = pool.sends_batches(&mut connection).await.map_err(owner.failed())?;
        Ok(Self {
            batched,
            ..Self::on(connection, pool, owner)
        })
    }

    /// A runner on an existing connection.
    pub(super) fn on(connection: PostgresConnection, pool: &TenantPool, owner: SchemaOwner) -> Self {
        let connector = pool.migration_connector();
        let mut schemas = vec![owner.schema().clone()];
        schemas.extend_from_slice(connector.extension_schemas());
        Self {
            connection: Some(connection),
            owner,
            search_path: search_path(&schemas),
            lock_timeout: pool.migration_lock_timeout(),
            statement_lock_timeout: None,
            batched: true,
            pool: pool.clone(),
            session_locks: 0,
            has_called_code: false,
        }
    }

    /// Continues with a new session.
    pub(super) async fn reconnect(&mut self) -> Result<(), MigrationError> {
        let connection = match self.pool.migration_connector().connect().await {
            Ok(connection) => connection,
            Err(source) => {
                return Err(MigrationError::Connect {
                    owner: self.owner.clone(),
                    source,
                });
            }
        };
        self.connection = Some(connection);
        self.has_called_code = false;
        Ok(())
    }

    /// Whether a pooler may be in between, so that the next transaction may get another session.
    pub(super) fn may_be_pooled(&self) -> bool {
        self.pool.migration_connector().may_be_pooled()
    }

    /// Whether the schema stays locked between migrations.
    pub(super) fn holds_session_lock(&self) -> bool {
        self.session_locks > 0
    }

    pub(super) fn has_called_code(&self) -> bool {
        self.has_called_code
    }

    /// The search_path of migrations, quoted.
    pub(super) fn search_path(&self) -> &str {
        &self.search_path
    }

    pub(crate) fn parts(&mut self) -> (&mut PostgresConnection, &SchemaOwner) {
        (self.connection.as_mut().expect(PUT_BACK), &self.owner)
    }

    pub(super) fn take_for_code(&mut self) -> PostgresConnection {
        self.has_called_code = true;
        self.take()
    }

    pub(crate) fn take(&mut self) -> PostgresConnection {
        self.connection.take().expect(PUT_BACK)
    }

    pub(super) fn put_back(&mut self, connection: PostgresConnection) {
        self.connection = Some(connection);
    }
}

const PUT_BACK: &str = "the connection is put back after each migration";
