//! A pool of connections for all tenants: over r2d2 for PostgreSQL, kept by tenant for SQLite.

mod backend;
mod background;
mod build_error;
mod builder;
mod checkout;
mod diesel_traits;
mod postgres;
mod request;
mod retired;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tenant_pool;
mod tenants;

pub use backend::Backend;
pub use build_error::BuildError;
pub use builder::TenantPoolBuilder;
pub use checkout::Checkout;
pub use diesel_traits::CheckoutTransactionManager;
pub use request::CheckoutRequest;
pub use tenant_pool::TenantPool;
