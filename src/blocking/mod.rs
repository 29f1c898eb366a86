//! The same without async: Diesel's own connections, and a pool of them, over r2d2 for PostgreSQL.
//!
//! [`TenantConnection`] also wraps connections of Diesel itself, such as `PgConnection` and `SqliteConnection`, and is
//! a connection of Diesel then: all of Diesel's queries run on it, translated under its map. A [`TenantPool`] hands
//! such connections out. The guide is `docs/blocking.md`.
//!
//! ```no_run
//! use diesel::prelude::*;
//! use diesel_tenants::blocking::{PostgresConnection, TenantPool};
//!
//! diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
//! diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }
//! diesel::joinable!(orders -> users (user_id));
//! diesel::allow_tables_to_appear_in_same_query!(users, orders);
//!
//! # fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Or Diesel's own `PgConnection`, which needs libpq.
//! let pool = TenantPool::<PostgresConnection>::builder("postgres://localhost/store").max_size(16).build()?;
//! let mut conn = pool.for_tenant("client1").get()?;
//! let ordered = users::table
//!     .inner_join(orders::table) // "public"."users" INNER JOIN "client1"."orders"
//!     .select((users::name, orders::quantity))
//!     .load::<(String, i32)>(&mut conn)?;
//! # Ok(())
//! # }
//! ```

mod connection;
mod failure;
mod pool;
mod postgres;
mod rows;
mod save_changes;
mod transaction;

#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use crate::backend::sqlite::connection::{SqliteFilesConnection, SqliteFilesRows, SqliteFilesTransactionManager};
#[doc(inline)]
pub use crate::connection::{TenantConnection, TenantTransactionManager, TransactionBuilder};
pub use pool::{
    Backend, BuildError, Checkout, CheckoutRequest, CheckoutTransactionManager, TenantPool, TenantPoolBuilder,
};
pub use postgres::{OwnRuntime, PostgresConnection};
pub use rows::Rows;
