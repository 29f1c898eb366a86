//! A pool of connections for all tenants, over r2d2.

mod background;
mod builder;
mod checkout;
mod diesel_traits;
mod manager;
mod request;
mod tenant_pool;
mod tenants;

pub use builder::{BuildError, TenantPoolBuilder};
pub use checkout::Checkout;
pub use diesel_traits::CheckoutTransactionManager;
pub use request::CheckoutRequest;
pub use tenant_pool::TenantPool;
