//! A connection to PostgreSQL that is made for many tenants.
//!
//! What a statement costs, and when it is prepared: see [`statements`]. Which futures may be dropped when: see
//! [`wire`].

mod answer;
mod attempt;
mod binds;
mod cancel_token;
mod columns;
mod connection;
mod diesel_traits;
mod futures;
mod handshake;
mod open;
mod progress;
mod request;
mod rows;
mod server_error;
mod settings;
mod socket;
mod statements;
mod test_transaction;
mod text;
mod tls_connector;
mod transaction;
mod transaction_state;
mod type_oids;
mod types;
mod wire;
mod wire_state;

pub(crate) use attempt::Statement;
pub(crate) use binds::Binds;
pub use cancel_token::CancelToken;
pub use connection::PostgresConnection;
pub use futures::{PostgresExecute, PostgresLoad};
pub use open::OpenError;
pub(crate) use open::{DriverConnection, READ_ONLY, open_client};

pub use rows::{PostgresRow, PostgresRows};
pub use socket::PostgresSocket;
pub(crate) use text::{StatementText, fails_whole, hash_of};
pub use tls_connector::TlsConnector;
pub use transaction::PostgresTransactionManager;
pub use transaction_state::TransactionState;
pub(crate) use types::TypeScope;
#[cfg(feature = "blocking")]
pub(crate) use types::{forget_scope, tell_scope};
