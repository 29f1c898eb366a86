//! The name of an archived tenant's file or database.

use std::time::Duration;

use diesel_tenants_translate::quote::clipped;

use crate::{MAX_NAME_BYTES, SchemaName, SchemaNameError};

/// `client1 archived 1764500000000000`: the tenant's name, as far as there is room, and the time since 1970 in
/// microseconds.
pub(crate) fn archive_name(tenant: &SchemaName, since: Duration) -> Result<SchemaName, SchemaNameError> {
    let time = format!(" archived {}", since.as_micros());
    let kept = clipped(tenant.as_str(), MAX_NAME_BYTES - time.len());
    SchemaName::new(&[kept, &time].concat())
}
