use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::backend::postgres::engine::OpenError;

/// Why a connection to the server could not be made. Servers are named by host, port and database, never by password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The server could not be reached, or refused.
    #[error("can't connect to PostgreSQL at {server}")]
    Refused {
        /// Host, port and database.
        server: String,
        /// Why.
        source: OpenError,
    },
    /// The server answered, and the connection could not be set up; or a custom setup failed.
    #[error("can't set up a connection to PostgreSQL at {server}")]
    Setup {
        /// Host, port and database.
        server: String,
        /// Diesel's reason.
        source: diesel::ConnectionError,
    },
    /// The first query on the connection failed.
    #[error("can't read the settings of a new connection to PostgreSQL at {server}")]
    Query {
        /// Host, port and database.
        server: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The server took too long.
    #[error("no connection to PostgreSQL at {server} within {waited:?}")]
    Timeout {
        /// Host, port and database.
        server: String,
        /// How long the attempt waited.
        waited: Duration,
    },
    /// The connection's own startup option did not arrive: its session is another client's, or may become another
    /// client's.
    #[error(
        "the startup options of a new connection to PostgreSQL at {server} did not arrive: a pooler in between drops \
         them (`ignore_startup_parameters`), or the function of `establish_with` does. Behind a pooler call \
         `search_path_from_role()`, run `ALTER ROLE … SET search_path = ''`, and give a URL that bypasses the pooler \
         to `migration_url`"
    )]
    LostOptions {
        /// Host, port and database.
        server: String,
    },
    /// A pooler in between gives a client another session for each statement, so that there are no transactions.
    #[error(
        "a pooler in front of PostgreSQL at {server} allows no transactions: with PgBouncer set `pool_mode = \
         transaction`; or connect without the pooler"
    )]
    UnsafePooler {
        /// Host, port and database.
        server: String,
        /// What the pooler answered to `BEGIN`.
        source: diesel::result::Error,
    },
    /// Backslashes escape in ordinary strings, so that the translator would misread where they end.
    #[error(
        "standard_conforming_strings is off for new connections to PostgreSQL at {server}: run \
         `ALTER ROLE … SET standard_conforming_strings = on`"
    )]
    NonstandardStrings {
        /// Host, port and database.
        server: String,
    },
    /// The connection is read-only, but could write.
    #[error(
        "read-only connections to PostgreSQL at {server} could write: create a role for them, run `ALTER ROLE … SET \
         default_transaction_read_only = on`, and give its URL to `replica`"
    )]
    Writable {
        /// Host, port and database.
        server: String,
    },
    /// The database has a real schema with the symbolic schema's name.
    #[error(
        "schema {schema:?} of `symbolic_schema` stands for each tenant's schema, but at {server} there is a real \
         schema of that name, which functions and names in strings would reach: rename that schema, or choose another \
         symbolic schema"
    )]
    SymbolicSchemaExists {
        /// Host, port and database.
        server: String,
        /// The schema.
        schema: String,
    },
    /// A schema of extensions contains other objects, or everybody may create some in it.
    #[error(
        "schema {schema:?} of `extension_schemas` at {server} {found}, so that a name the translator can't see might \
         reach objects that belong to no extension: move the extensions to a schema of their own (`CREATE SCHEMA \
         extensions; ALTER EXTENSION … SET SCHEMA extensions`) and list that schema"
    )]
    UnsafeExtensionSchema {
        /// Host, port and database.
        server: String,
        /// The schema.
        schema: String,
        /// What was found there.
        found: String,
    },
    /// The connection could reach tables without their schema's name.
    #[error(
        "the search_path of new connections to PostgreSQL at {server} holds {schema:?}, so that a name the translator \
         can't see might reach that schema's tables: list the schema in `extension_schemas` if it holds nothing but \
         extensions, or run `ALTER ROLE … SET search_path = ''`"
    )]
    UnsafeSearchPath {
        /// Host, port and database.
        server: String,
        /// The first schema on the path that isn't listed in `extension_schemas`.
        schema: String,
    },
    /// All of the pool's work is one test transaction, and this work needs another connection.
    #[error(
        "all of this pool's work is one transaction, which is rolled back at the end of the test (`test_transaction`), \
         and this needs a connection of its own, which would run and stay outside of it: scripts, migrations and their \
         status, drift, exports, audits, and whatever creates, changes or copies tenants; do that before, in a \
         `TestTemplate`, or give the test a database of its own"
    )]
    OutsideTest,
    /// The connection of a test transaction was closed, and with it all that the test had done was rolled back.
    #[error(
        "the test transaction of this pool (`test_transaction`) is over, because its connection was closed \
         ({reason}): test code that does this on a database of its own (`TestTemplate`)"
    )]
    TestIsOver {
        /// Why the connection was closed: a [`Retirement`](crate::signals::Retirement)'s name.
        reason: &'static str,
    },
}

impl ConnectError {
    /// Whether the server has no room for one more connection, of this role or at all.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Refused { source, .. } => source.code() == Some(&SqlState::TOO_MANY_CONNECTIONS),
            _ => false,
        }
    }
}
