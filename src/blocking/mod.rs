//! The same without async: Diesel's own connections, and a pool of them over r2d2.

mod connection;
mod pool;
mod postgres;
mod rows;
mod save_changes;
mod transaction;

#[doc(inline)]
pub use crate::connection::{TenantConnection, TenantTransactionManager, TransactionBuilder};
pub use pool::{BuildError, Checkout, CheckoutRequest, CheckoutTransactionManager, TenantPool, TenantPoolBuilder};
pub use postgres::{OwnRuntime, PostgresConnection};
pub use rows::Rows;
