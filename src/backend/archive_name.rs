//! The names of archived tenants, on each kind of database.

#[cfg(any(feature = "sqlite", feature = "mysql"))]
use std::time::Duration;

use diesel_tenants_translate::quote::clipped;

use crate::{MAX_NAME_BYTES, SchemaName, SchemaNameError};

/// Of a schema: `archived_20261121143000_client1`, with as much of the tenant's name as fits.
pub(crate) fn for_schema(tenant: &SchemaName, stamp: &str, number: usize) -> Result<SchemaName, SchemaNameError> {
    let number = match number {
        1 => String::new(),
        number => format!("_{number}"),
    };
    let name = format!("archived_{stamp}_{}", tenant.as_str());
    let name = clipped(&name, MAX_NAME_BYTES - number.len());
    SchemaName::new(&format!("{name}{number}"))
}

/// Of a file or a database: `client1 archived 1764500000000000`, the tenant's name, as far as there is room, and the
/// time since 1970 in microseconds.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(crate) fn for_file_or_database(tenant: &SchemaName, since: Duration) -> Result<SchemaName, SchemaNameError> {
    let time = format!(" archived {}", since.as_micros());
    let kept = clipped(tenant.as_str(), MAX_NAME_BYTES - time.len());
    SchemaName::new(&[kept, &time].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_archive_fits_whatever_the_tenants() {
        for tenant in ["client1".to_owned(), "x".repeat(63), "ü".repeat(31), "\"".repeat(63)] {
            for number in [1, 2, 1000] {
                let archive = for_schema(&SchemaName::new(&tenant).unwrap(), "20261121143000", number).unwrap();
                assert!(archive.as_str().starts_with("archived_20261121143000_"));
            }
        }
        let long = SchemaName::new(&"x".repeat(63)).unwrap();
        assert_ne!(
            for_schema(&long, "20261121143000", 1),
            for_schema(&long, "20261121143000", 2)
        );
    }
}
