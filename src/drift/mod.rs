//! How tenants differ from a template, and the statements that would repair them.

mod alter;
mod compare;
mod cross_references;
mod errors;
mod report;
mod unmakable;

use std::collections::HashSet;

use diesel::QueryResult;
use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};

pub use cross_references::CrossReference;
pub use errors::DriftError;
pub use report::{Change, Difference, Drift, DriftReport, Repair};

pub use crate::backend::postgres::structure::Kind as ObjectKind;
use crate::{
    IntoSchemaName, SchemaName, TenantPool,
    backend::postgres::{
        catalog::schema::statuses_of,
        structure::{Structure, read},
    },
};
use compare::compare;
use cross_references::schemas_of_tenants;

/// How many tenants are read by one set of queries.
const TOGETHER: usize = 50;

/// How often tenants are read that are changed while they are read.
const ATTEMPTS: usize = 3;

/// # Comparing tenants with a template
impl TenantPool {
    /// Compares the structure of tenants with that of a template tenant. Rows are not compared, and nothing is changed.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::DriftError> {
    /// let report = pool.drift("template", ["client1", "client2"]).await?;
    /// for drift in &report.drifted {
    ///     for difference in &drift.differences {
    ///         println!("{}: {difference}", drift.tenant);
    ///     }
    ///     for repair in &drift.repair {
    ///         println!("{repair};{}", if repair.is_destructive { " -- destructive!" } else { "" });
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Everything that [`clone_tenant`](Self::clone_tenant) copies is compared, by [kind](ObjectKind) of object. Of the
    /// version table, only the existence is compared. The order of columns does not count. Other objects of a schema
    /// are [listed](Drift::not_compared), and their tenant never counts as alike. A comparison takes some twenty
    /// queries for each 50 tenants, on a connection of its own.
    ///
    /// # Errors
    /// [`DriftError`]. A tenant that does not exist is no error: the report names it.
    pub async fn drift<N: IntoSchemaName>(
        &self,
        template: impl IntoSchemaName,
        tenants: impl IntoIterator<Item = N>,
    ) -> Result<DriftReport, DriftError> {
        let template = self.tenant_name(template)?;
        let names = tenants.into_iter().map(|tenant| self.tenant_name(tenant));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let connected = self.migration_connector().connect().await;
        let mut connection = connected.map_err(|source| DriftError::Connect {
            template: template.clone(),
            source,
        })?;

        let mut read = structures(&mut connection, std::slice::from_ref(&template)).await?;
        let Some(expected) = read.pop().flatten() else {
            return Err(DriftError::UnknownTemplate { template });
        };
        let mut report = DriftReport::default();
        let unread = |source| DriftError::Read {
            tenants: names.clone(),
            source,
        };
        let tenants = schemas_of_tenants(&mut connection, self.shared_schema()).await;
        let tenants = tenants.map_err(&unread)?;
        for names in names.chunks(TOGETHER) {
            let schemas: Vec<&str> = names.iter().map(SchemaName::as_str).collect();
            let found = cross_references::of(&mut connection, &schemas, &tenants).await;
            report.cross_references.extend(found.map_err(&unread)?);
            for (tenant, found) in names.iter().zip(structures(&mut connection, names).await?) {
                match found.map(|found| compare(&template, tenant, &expected, &found)) {
                    None => report.missing.push(tenant.clone()),
                    Some(drift) if !drift.differences.is_empty() => report.drifted.push(drift),
                    Some(drift) if !drift.not_compared.is_empty() => report.partly_compared.push(drift),
                    Some(_) => report.alike += 1,
                }
            }
        }
        Ok(report)
    }
}

/// Reads structures, and reads them again if they change while they are read: the functions of the catalogs don't
/// follow the transaction's snapshot.
async fn structures(
    connection: &mut AsyncPgConnection,
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
    connection: &mut AsyncPgConnection,
    tenants: &[SchemaName],
) -> QueryResult<Vec<Option<Structure>>> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    AnsiTransactionManager::begin_transaction_sql(connection, begin).await?;
    let read = structures_in_transaction(connection, tenants).await;
    let ended = AnsiTransactionManager::rollback_transaction(connection).await;
    let structures = read?;
    ended.map(|()| structures)
}

async fn structures_in_transaction(
    connection: &mut AsyncPgConnection,
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
async fn finished(connection: &mut AsyncPgConnection, tenants: &[SchemaName]) -> QueryResult<HashSet<String>> {
    let found = statuses_of(tenants, connection).await?.into_iter();
    let finished = found.filter(|(_, status)| status.is_migrated());
    Ok(finished.map(|(name, _)| name).collect())
}
