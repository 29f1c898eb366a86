mod build_error;
mod checkout_error;
mod database_error;

pub use build_error::BuildError;
pub use checkout_error::{CheckoutError, Target};
pub use database_error::DatabaseError;
