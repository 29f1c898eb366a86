//! One Diesel query under one map.
//!
//! A [`Translated`] query is built by [`in_schema`](TranslateDsl::in_schema) or
//! [`with_schema_map`](TranslateDsl::with_schema_map), and runs on any Diesel connection, sync or async. On a
//! [`TenantConnection`](crate::TenantConnection) the query's map replaces the checkout's: nothing is merged.
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_tenants::TranslateDsl;
//!
//! diesel::table! { orders (id) { id -> Integer, total -> Integer } }
//!
//! let query = orders::table.in_schema("client2").filter(orders::total.gt(10)).select(orders::id);
//! let sql = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
//! assert!(sql.starts_with(r#"SELECT "orders"."id" FROM "client2"."orders" WHERE"#));
//! ```

mod dsl;
mod finished;
mod refusal;
mod text;
mod translated;
mod translated_backend;
mod translation;
mod type_names;

pub use dsl::TranslateDsl;
pub use finished::finished_statistics;
pub(crate) use finished::{Finished, Rendered};
#[cfg(feature = "sqlite")]
pub(crate) use refusal::Refusals;
pub use refusal::RefusedStatement;
pub use refusal::{RefusalStatistics, refusal_statistics};
pub(crate) use refusal::{Sharing, count_refusal};
pub use translated::{Translated, TranslatedQuery};
pub use translated_backend::TranslatedBackend;
pub(crate) use translation::Translation;
#[cfg(feature = "blocking")]
pub(crate) use type_names::TypeLookupTime;
