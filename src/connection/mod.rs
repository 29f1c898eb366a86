//! A Diesel connection that translates.
//!
//! [`TenantConnection`] wraps [any connection](Wrapped) of diesel-async, and adds its map's schemas to every statement
//! before anything is sent: typed queries, raw SQL and `batch_execute` alike. A pool's checkouts hand out such
//! connections. They can also be used without a pool:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use diesel::prelude::*;
//! use diesel_async::{AsyncConnection, RunQueryDsl};
//! use diesel_tenants::{PostgresConnection, SchemaTranslateMap, TenantConnection};
//!
//! diesel::table! { orders (id) { id -> Integer } }
//!
//! let conn = PostgresConnection::establish("postgres://localhost/store").await?;
//! let mut conn = TenantConnection::new(conn, SchemaTranslateMap::tenant("client1".parse()?));
//! let orders: i64 = orders::table.count().get_result(&mut conn).await?; // FROM "client1"."orders"
//! # Ok(())
//! # }
//! ```

mod async_connection;
mod load;
#[cfg(feature = "mysql")]
mod mysql;
mod pipeline;
mod postgres;
mod rows;
mod save_changes;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tenant_connection;
mod transaction;
mod wrapped;

pub use load::{ExecuteFuture, LoadFuture};
pub use postgres::TransactionBuilder;
pub use rows::Rows;
pub(crate) use session::Condition;
#[cfg(feature = "blocking")]
pub(crate) use session::Session;
pub use tenant_connection::TenantConnection;
pub(crate) use transaction::SendAsyncFn;
pub use transaction::TenantTransactionManager;
#[cfg(feature = "_web")]
pub(crate) use transaction::begun_transactions;
pub use wrapped::Wrapped;

pub use crate::query::RefusedStatement;
