//! Who lives in which database, by the directory.

use std::collections::BTreeMap;

use super::OWN_DATABASE;
use crate::{
    SchemaName, TenantPool, TenantStatus,
    pool::CheckoutError,
    tenancy::{DirectoryEntry, Tables},
};

/// A tenant that has a schema.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) tenant: SchemaName,
    pub(crate) schema: SchemaName,
    pub(crate) status: TenantStatus,
}

/// The tenants of a directory, by the names of their databases.
#[derive(Debug, Default)]
pub(super) struct Residents {
    /// Those with a schema, besides archives.
    pub(super) of: BTreeMap<String, Vec<Resident>>,
    /// How many there are, those that share tables included.
    pub(super) counts: BTreeMap<String, usize>,
}

impl Residents {
    /// All of them; none without a directory that lists its tenants.
    pub(super) async fn of(pool: &TenantPool) -> Result<Self, CheckoutError> {
        let mut residents = Self::default();
        for (tenant, DirectoryEntry { placement, status }) in pool.listed_tenants().await?.unwrap_or_default() {
            if status == TenantStatus::Archived {
                continue;
            }
            let (database, tables) = placement.parts();
            let database = database.unwrap_or(OWN_DATABASE);
            *residents.counts.entry(database.to_owned()).or_default() += 1;
            match tables {
                Tables::Schema(schema) => {
                    let schema = schema.clone();
                    let of_database = residents.of.entry(database.to_owned()).or_default();
                    of_database.push(Resident { tenant, schema, status });
                }
                Tables::Rows(_) => {}
            }
        }
        Ok(residents)
    }
}
