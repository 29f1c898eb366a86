//! Schemas that are kept ready for future tenants.

mod prepare;
mod report;
mod take;

use diesel::QueryResult;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::catalog::tenants::{Wanted, migrated_schemas},
    tenancy::{SPARE_PREFIX, TenantStatus},
};

pub use report::SpareReport;
pub(super) use take::take_spare;

/// The schemas with names of spares. A schema with such a name but without a version table is not a spare.
pub(super) async fn spares(connection: &mut PostgresConnection) -> QueryResult<Vec<(SchemaName, TenantStatus)>> {
    let schemas = migrated_schemas(connection, Wanted::Named(SPARE_PREFIX))
        .await?
        .into_iter();
    Ok(schemas
        .filter_map(|found| Some((SchemaName::new(&found.schema).ok()?, found.status())))
        .collect())
}
