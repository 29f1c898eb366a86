//! SQLite: each tenant, and what tenants share, is a file.
//!
//! An [`AsyncSqliteConnection`] has files attached under the names of their schemas. Around it, a
//! [`TenantConnection`](crate::TenantConnection) translates as on any other database:
//!
//! ```
//! # async fn run(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::{
//!     SchemaTranslateMap, TenantConnection,
//!     sqlite::{Access, AsyncSqliteConnection},
//! };
//!
//! diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
//! diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }
//! diesel::joinable!(orders -> users (user_id));
//! diesel::allow_tables_to_appear_in_same_query!(users, orders);
//!
//! let mut conn = AsyncSqliteConnection::open(Duration::from_secs(5)).await?;
//! conn.attach(&"public".parse()?, &folder.join("public.db"), Access::ReadWrite).await?;
//! conn.attach(&"client1".parse()?, &folder.join("client1.db"), Access::ReadWrite).await?;
//! conn.set_writes_to(Some("client1".parse()?));
//!
//! let mut conn = TenantConnection::new(conn, SchemaTranslateMap::tenant("client1".parse()?));
//! let ordered = users::table
//!     .inner_join(orders::table) // `public`.`users` INNER JOIN "client1".`orders`
//!     .select((users::name, orders::quantity))
//!     .load::<(String, i32)>(&mut conn)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Transactions
//! A transaction waits at its beginning until it may write to the file of
//! [`set_writes_to`](AsyncSqliteConnection::set_writes_to), and locks no other file: two writers of one tenant queue,
//! and tenants don't wait for each other. Readers never wait. A transaction that also writes to the shared file should
//! write there before it reads there, or be begun by
//! [`immediate_transaction`](crate::TenantConnection::immediate_transaction), which locks all files: if another
//! connection writes to the shared file in between, SQLite refuses the write at once.
//!
//! A transaction that writes to two files commits one after the other. If the machine or the process dies in between,
//! one file has the changes and the other hasn't.

#[doc(inline)]
pub use crate::backend::sqlite::connection::{
    Access, AsyncSqliteConnection, AttachError, Attached, Resolver, SqliteExecute, SqliteLoad, SqliteRow, SqliteRows,
    SqliteTransactionManager, SqliteTransactionState,
};
