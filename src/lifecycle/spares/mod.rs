//! Schemas kept ready for tenants to come.

mod prepare;
mod report;
mod take;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use crate::{
    SchemaName,
    backend::postgres::catalog::tenants::{Wanted, migrated_schemas},
    tenancy::{SPARE_PREFIX, TenantStatus},
};

pub use report::SpareReport;
pub(super) use take::take_spare;

/// The schemas with names of spares. What has such a name and no version table is none.
pub(super) async fn spares(connection: &mut AsyncPgConnection) -> QueryResult<Vec<(SchemaName, TenantStatus)>> {
    let schemas = migrated_schemas(connection, Wanted::Named(SPARE_PREFIX))
        .await?
        .into_iter();
    Ok(schemas
        .filter_map(|found| Some((SchemaName::new(&found.schema).ok()?, found.status())))
        .collect())
}
