//! The names of advisory locks. A session that holds the lock of a name keeps others from the same work.

use crate::{SchemaName, backend::random};

/// All changes of one schema.
pub(crate) fn of_schema(schema: &SchemaName) -> String {
    format!("diesel-tenants: migrations of {}", schema.quoted())
}

/// A migration of all tenants of a database.
pub(crate) const ALL_TENANTS: &str = "diesel-tenants: migrations of all tenants";

/// Making the directory's tables.
pub(crate) const DIRECTORY: &str = "diesel-tenants: directory";

/// A name that no other session uses.
pub(crate) fn random() -> String {
    format!("diesel-tenants: {}", random::random())
}
