//! Compares the tenants of several databases with one template.

use std::collections::{BTreeSet, HashMap};

use futures_core::future::BoxFuture;
use futures_util::future::join_all;

use super::from_template::{compare_all, structure_of};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError,
    backend::postgres::{
        catalog::tenants::{Wanted, migrated_schemas},
        structure::Structure,
    },
    drift::{DriftError, DriftReport},
    pool::{AllDatabases, OWN_DATABASE, Reached, UnreachableDatabase},
};

/// How the tenants of one database differ from the template; see [`AllDatabases::drift`].
#[derive(Debug)]
#[non_exhaustive]
pub struct DatabaseDrift {
    /// The database.
    pub database: String,
    /// Why the database was skipped, if it was.
    pub unreachable: Option<UnreachableDatabase>,
    /// The tenants, by the names that the directory gives them.
    pub report: DriftReport,
}

impl DatabaseDrift {
    /// Whether the database was reached, and all its tenants are like the template.
    pub fn is_clean(&self) -> bool {
        self.unreachable.is_none() && self.report.is_clean()
    }
}

/// Compares tenants when awaited; made by [`AllDatabases::drift`].
#[must_use = "a request does nothing until it is awaited"]
pub struct DatabasesDriftRequest<'a> {
    databases: AllDatabases<'a>,
    template: Result<SchemaName, SchemaNameError>,
}

/// # Comparing the tenants of all databases
impl<'a> AllDatabases<'a> {
    /// Compares the structure of all tenants in all databases with that of a template tenant, wherever it lives. See
    /// [`TenantPool::drift`](crate::TenantPool::drift).
    ///
    /// # Errors
    /// [`DriftError`].
    pub fn drift(self, template: impl IntoSchemaName) -> DatabasesDriftRequest<'a> {
        DatabasesDriftRequest {
            template: self.pool.tenant_name(template),
            databases: self,
        }
    }
}

impl DatabasesDriftRequest<'_> {
    async fn find(self) -> Result<Vec<DatabaseDrift>, DriftError> {
        let tenant = self.template?;
        let found = self.databases.reach().await?;
        let mut reached = found.reached;
        let (place, template) = place_of(&tenant, &mut reached).await?;
        let expected = structure_of(&template, &mut reached[place].connection).await;
        let expected = expected.map_err(|error| in_database(&reached[place].name, error))?;
        let each = reached.into_iter().enumerate().map(|(index, reached)| {
            let left_out = (index == place).then_some(&template);
            let compared = (&template, &expected);
            async move {
                let name = reached.name.clone();
                let report = compare_in(reached, compared, left_out).await;
                let report = report.map_err(|error| in_database(&name, error))?;
                Ok(DatabaseDrift {
                    database: name,
                    unreachable: None,
                    report,
                })
            }
        });
        let mut databases = join_all(each)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, DriftError>>()?;
        databases.extend(found.unreached.into_iter().map(|unreached| DatabaseDrift {
            database: unreached.problem.database.clone(),
            unreachable: Some(unreached.problem),
            report: DriftReport::default(),
        }));
        databases.sort_by(|one, other| {
            let key = |drift: &DatabaseDrift| (drift.database != OWN_DATABASE, drift.database.clone());
            key(one).cmp(&key(other))
        });
        Ok(databases)
    }
}

fn in_database(database: &str, error: DriftError) -> DriftError {
    DriftError::Database {
        database: database.to_owned(),
        source: Box::new(error),
    }
}

/// The database of the template, and its schema there: by the directory, or else the first database that has it.
async fn place_of(tenant: &SchemaName, reached: &mut [Reached]) -> Result<(usize, SchemaName), DriftError> {
    for (index, reached) in reached.iter().enumerate() {
        if let Some(resident) = reached.residents.iter().find(|resident| resident.tenant == *tenant) {
            return Ok((index, resident.schema.clone()));
        }
    }
    for (index, reached) in reached.iter_mut().enumerate() {
        let name = reached.name.clone();
        let wanted = [tenant.as_str()];
        let found = migrated_schemas(&mut reached.connection, Wanted::These(&wanted)).await;
        let found = found.map_err(|source| {
            let tenants = vec![tenant.clone()];
            in_database(&name, DriftError::Read { tenants, source })
        })?;
        if !found.is_empty() {
            return Ok((index, tenant.clone()));
        }
    }
    Err(DriftError::UnknownTemplate {
        template: tenant.clone(),
    })
}

/// Compares all tenants of a database, without the template itself.
async fn compare_in(
    mut reached: Reached,
    compared: (&SchemaName, &Structure),
    left_out: Option<&SchemaName>,
) -> Result<DriftReport, DriftError> {
    let listed = reached.pool.list_tenants(&mut reached.connection, Wanted::All).await;
    let listed = listed.map_err(|source| DriftError::Read {
        tenants: Vec::new(),
        source,
    })?;
    let listed = listed.into_iter().filter(|listed| listed.tenant.status.is_tenant());
    let mut schemas: BTreeSet<SchemaName> = listed.map(|listed| listed.tenant.name).collect();
    // Whatever the directory knows here is compared, and missing if it isn't here.
    let residents = reached.residents.iter().filter(|resident| resident.status.is_tenant());
    schemas.extend(residents.map(|resident| resident.schema.clone()));
    let schemas: Vec<SchemaName> = schemas.into_iter().filter(|schema| Some(schema) != left_out).collect();
    let shared = reached.pool.shared_schema().clone();
    let mut report = compare_all(compared, &schemas, &shared, &mut reached.connection).await?;
    let names = reached
        .residents
        .iter()
        .map(|resident| (&resident.schema, &resident.tenant));
    let names: HashMap<&SchemaName, &SchemaName> = names.collect();
    let drifted = report.drifted.iter_mut().chain(&mut report.partly_compared);
    let tenants = drifted.map(|drift| &mut drift.tenant).chain(&mut report.missing);
    for tenant in tenants {
        if let Some(name) = names.get(tenant) {
            *tenant = SchemaName::clone(name);
        }
    }
    Ok(report)
}

impl<'a> IntoFuture for DatabasesDriftRequest<'a> {
    type Output = Result<Vec<DatabaseDrift>, DriftError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}
