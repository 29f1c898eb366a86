//! Why a pool, or a connection of it, could not be had.

mod build_error;
mod checkout_error;
mod database_error;
#[cfg(feature = "mysql")]
mod mysql_error;
#[cfg(feature = "sqlite")]
mod sqlite_error;

pub use build_error::BuildError;
pub use checkout_error::{CheckoutError, Target};
pub use database_error::DatabaseError;
#[cfg(feature = "mysql")]
pub use mysql_error::MysqlError;
#[cfg(feature = "sqlite")]
pub use sqlite_error::SqliteError;
