//! What a tenant's migration makes, alters or drops outside of the tenant's schema.
//!
//! The first tenant's migration does it for all, and the second one's finds it there. It is found in the text of the migration, which is
//! the same for all tenants, so that it costs none of them anything.

mod find;
mod function;
mod of_script;
mod reader;
mod statement;
mod words;
mod work;

pub use function::left_on_session;
pub use of_script::outside_work;
pub use work::OutsideWork;
