//! Measures the tenants of one database.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use diesel::QueryResult;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};

use super::BalanceError;
use crate::{
    PostgresConnection, SchemaName, TenantStatus,
    backend::postgres::{
        catalog::{
            schema_sizes::{SchemaContents, all_contents, bytes_of},
            tenants::{Wanted, migrated_schemas},
        },
        set_lock_timeout,
    },
    pool::Reached,
    tenancy::COMMENT_PREFIX,
};

/// How many relations one connection measures. The server's process keeps some kilobytes for each of them: with 20,000
/// these are about 100 MB, and with a million, as 10,000 tenants may have, it would be gigabytes.
const RELATIONS_PER_CONNECTION: i64 = 20_000;

/// How long to wait for a table that is locked against reads.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a schema holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measured {
    pub(super) tables: u64,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) has_keyless_tables: bool,
}

/// What the schemas of a database hold.
#[derive(Debug, Default)]
pub(super) struct Measurement {
    /// The tenants' schemas that exist.
    pub(super) of: HashMap<SchemaName, Measured>,
    /// The names of all schemas but those that an operation left unfinished: a move there clears these away.
    pub(super) names: HashSet<SchemaName>,
}

/// Measures the schemas in which tenants live, as the directory says.
pub(super) async fn measure(reached: &mut Reached) -> Result<Measurement, BalanceError> {
    let failed = |database: &str| {
        let database = database.to_owned();
        move |source| BalanceError::Measure { database, source }
    };
    let contents = all_contents(&mut reached.connection)
        .await
        .map_err(failed(&reached.name))?;
    let unfinished = unfinished(&mut reached.connection).await;
    let unfinished = unfinished.map_err(failed(&reached.name))?;
    let wanted: HashSet<&str> = reached
        .residents
        .iter()
        .map(|resident| resident.schema.as_str())
        .collect();
    let mut measurement = Measurement::default();
    let mut bytes = HashMap::new();
    let tenants = contents
        .iter()
        .filter(|contents| wanted.contains(contents.schema.as_str()));
    for (index, batch) in batches(tenants, RELATIONS_PER_CONNECTION).into_iter().enumerate() {
        let found = match index {
            0 => measure_batch(&mut reached.connection, &batch).await,
            _ => {
                let connected = reached.pool.migration_connector().connect().await;
                let mut connection = connected.map_err(|source| BalanceError::Connect {
                    database: reached.name.clone(),
                    source,
                })?;
                measure_batch(&mut connection, &batch).await
            }
        };
        bytes.extend(found.map_err(failed(&reached.name))?);
    }
    for contents in contents {
        let Ok(name) = contents.schema.parse::<SchemaName>() else {
            // No tenant can have this name.
            continue;
        };
        if wanted.contains(contents.schema.as_str()) {
            let bytes = bytes.get(&contents.oid).copied().unwrap_or_default();
            let measured = Measured {
                tables: contents.tables.unsigned_abs(),
                bytes: bytes.unsigned_abs(),
                rows: contents.rows.unsigned_abs(),
                has_keyless_tables: contents.keyless > 0,
            };
            measurement.of.insert(name.clone(), measured);
        }
        if !unfinished.contains(&contents.schema) {
            measurement.names.insert(name);
        }
    }
    Ok(measurement)
}

/// The schemas that were being created when a process ended: by a move, for example.
async fn unfinished(connection: &mut PostgresConnection) -> QueryResult<HashSet<String>> {
    let comment = format!("{COMMENT_PREFIX}creation {}", TenantStatus::Unfinished);
    let schemas = migrated_schemas(connection, Wanted::Commented(&comment)).await?;
    Ok(schemas.into_iter().map(|schema| schema.schema).collect())
}

/// The OIDs of schemas, in groups that one connection can measure.
fn batches<'c>(schemas: impl Iterator<Item = &'c SchemaContents>, limit: i64) -> Vec<Vec<u32>> {
    let mut batches: Vec<Vec<u32>> = Vec::new();
    let mut relations = limit;
    for contents in schemas {
        if relations >= limit {
            batches.push(Vec::new());
            relations = 0;
        }
        relations += contents.relations;
        if let Some(batch) = batches.last_mut() {
            batch.push(contents.oid);
        }
    }
    batches
}

/// In a transaction, so that the time limit does not outlive it.
async fn measure_batch(connection: &mut PostgresConnection, schemas: &[u32]) -> QueryResult<HashMap<u32, i64>> {
    connection
        .transaction(async |connection| {
            connection.batch_execute(&set_lock_timeout(PATIENCE)).await?;
            bytes_of(connection, schemas).await
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_measures_schemas_until_it_has_enough_of_them() {
        let schema = |(oid, relations): (u32, i64)| SchemaContents {
            schema: format!("t{oid}"),
            oid,
            tables: 1,
            rows: 0,
            relations,
            keyless: 0,
        };
        let schemas = [(1, 60), (2, 30), (3, 20), (4, 500), (5, 1)].map(schema);
        assert_eq!(batches(schemas.iter(), 100), [vec![1, 2, 3], vec![4], vec![5]]);
        assert!(batches([].iter(), 100).is_empty());
    }
}
