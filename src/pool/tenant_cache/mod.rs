//! What a pool remembers of tenants, for how long, and what makes it forget.
//!
//! Each cache holds a bounded number of entries; beyond that, entries that are rarely used give way. An entry also
//! expires after a time, and is forgotten when this process changes the tenant or hears that another one did
//! (`pool/announcements/listen.rs`).
//!
//! | file | remembers | bounds |
//! |---|---|---|
//! | `schemas` | schemas and their types; `missing_schemas` has those that are missing; `listed_schemas` fills `schemas` ahead of the checkouts, `read_ahead` says when | [`schema_cache`](crate::TenantPoolBuilder::schema_cache) |
//! | `directory_answers` | answers of a directory; `directory_caches` has one for tenants and one for domains | [`DirectoryCache`](crate::tenancy::DirectoryCache) |

mod directory_answers;
mod directory_caches;
mod forgotten_meanwhile;
mod listed_schemas;
mod missing_schemas;
mod read_ahead;
mod read_progress;
mod schemas;

pub(crate) use directory_caches::{KnownTenants, Resolved};
pub(crate) use schemas::{Refused, Schemas};
