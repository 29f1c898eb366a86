//! What a directory has answered, for how long that is remembered, and what makes the pool forget it.
//!
//! The cache holds a bounded number of answers ([`DirectoryCache`](crate::tenancy::DirectoryCache)); beyond that, answers
//! that are rarely used give way. An answer is also forgotten after a time, and when this process changes the tenant or
//! hears that another one did.

mod directory_answers;
mod known_tenants;

pub(crate) use known_tenants::{KnownTenants, Resolved};
