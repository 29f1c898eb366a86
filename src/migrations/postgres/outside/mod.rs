//! What a tenant's migration creates, alters or drops outside the tenant's schema.
//!
//! The first tenant's migration does that for all tenants, and the second tenant's migration finds it done. Such
//! statements are found in the migration's text, which is the same for all tenants, so the search costs nothing per
//! tenant.

mod find;
mod function;
mod of_script;
mod reader;
mod statement;
mod words;

pub use function::left_on_session;
pub use of_script::outside_work;
