//! Facts from PostgreSQL's catalogs, apart from the [structure](super::structure) of a schema: one file for each kind
//! of fact.

pub(crate) mod database;
pub(crate) mod dependents;
pub(crate) mod extensions;
pub(crate) mod invalid_indexes;
pub(crate) mod lock_holders;
pub(crate) mod requirements;
pub(crate) mod row_tables;
pub(crate) mod schema;
pub(crate) mod schema_sizes;
#[cfg(feature = "schema")]
pub(crate) mod scratch_databases;
pub(crate) mod sequences;
pub(crate) mod tenants;
#[cfg(feature = "schema")]
pub(crate) mod typed_tables;
