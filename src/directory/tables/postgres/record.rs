use std::time::Duration;

use crate::{
    SchemaName,
    directory::tables::record::{Notation, of_row},
    tenancy::DirectoryChange,
};

/// The statements that repeat on a tenant's row what happens to its schema.
pub(super) fn sql(change: &DirectoryChange<'_>, schema: &SchemaName, reuse_after: Duration) -> String {
    format!(
        "SELECT pg_catalog.set_config('diesel_tenants.reuse_after', '{}', true);\n{}",
        reuse_after.as_secs_f64(),
        of_row(change, &Notation::standard(schema))
    )
}
