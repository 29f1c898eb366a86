//! The structures of tenants, as of one moment each.

use std::collections::HashSet;

use diesel::QueryResult;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        catalog::schema::statuses_of,
        snapshot::{begin_reading, end_reading},
        structure::{Structure, read},
    },
    drift::DriftError,
};

/// How many tenants are read by one set of queries.
pub(super) const TOGETHER: usize = 50;

/// How often tenants are read that are changed while they are read.
pub(super) const ATTEMPTS: usize = 3;

/// Reads structures, and reads them again if they change while they are read: the functions of the catalogs don't
/// follow the transaction's snapshot.
pub(super) async fn structures(
    connection: &mut PostgresConnection,
    tenants: &[SchemaName],
) -> Result<Vec<Option<Structure>>, DriftError> {
    let mut attempt = 1;
    loop {
        match structures_now(connection, tenants).await {
            Ok(structures) => return Ok(structures),
            Err(_) if attempt < ATTEMPTS => attempt += 1,
            Err(source) => {
                return Err(DriftError::Read {
                    tenants: tenants.to_vec(),
                    source,
                });
            }
        }
    }
}

async fn structures_now(
    connection: &mut PostgresConnection,
    tenants: &[SchemaName],
) -> QueryResult<Vec<Option<Structure>>> {
    begin_reading(connection).await?;
    let read = structures_in_transaction(connection, tenants).await;
    end_reading(connection, read).await
}

async fn structures_in_transaction(
    connection: &mut PostgresConnection,
    tenants: &[SchemaName],
) -> QueryResult<Vec<Option<Structure>>> {
    let finished = finished(connection, tenants).await?;
    let found = read(connection, tenants).await?;
    let found = tenants.iter().zip(found);
    Ok(found
        .map(|(tenant, structure)| structure.filter(|_| finished.contains(tenant.as_str())))
        .collect())
}

/// The tenants that migrations reach: those that are neither unfinished nor archived.
async fn finished(connection: &mut PostgresConnection, tenants: &[SchemaName]) -> QueryResult<HashSet<String>> {
    let found = statuses_of(tenants, connection).await?.into_iter();
    let finished = found.filter(|(_, status)| status.is_migrated());
    Ok(finished.map(|(name, _)| name).collect())
}
