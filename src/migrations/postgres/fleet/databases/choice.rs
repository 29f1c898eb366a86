//! The tenants that the caller names, by the databases where they live.

use std::collections::HashMap;

use crate::{
    SchemaName, SchemaNameError,
    backend::postgres::catalog::tenants::{Wanted, migrated_schemas},
    migrations::FleetError,
    pool::{PoolDatabases, Resident},
};

/// The schemas of the named tenants, by their databases.
#[derive(Debug, Default)]
pub(super) struct Choice(HashMap<String, Vec<SchemaName>>);

impl Choice {
    /// Finds the tenants: by the directory, or else by the catalogs of the databases.
    pub(super) async fn of(
        names: Result<Vec<SchemaName>, SchemaNameError>,
        databases: &mut PoolDatabases,
    ) -> Result<Self, FleetError> {
        let mut choice = Self::default();
        for name in names? {
            let (database, schema) = place_of(name, databases).await?;
            choice.0.entry(database).or_default().push(schema);
        }
        Ok(choice)
    }

    /// The schemas in a database.
    pub(super) fn of_database(&self, database: &str) -> &[SchemaName] {
        self.0.get(database).map_or(&[], Vec::as_slice)
    }
}

async fn place_of(name: SchemaName, databases: &mut PoolDatabases) -> Result<(String, SchemaName), FleetError> {
    let is_named = |resident: &&Resident| resident.tenant == name;
    for reached in &databases.reached {
        if let Some(resident) = reached.residents.iter().find(is_named) {
            return Ok((reached.name.clone(), resident.schema.clone()));
        }
    }
    if let Some(unreached) = databases
        .unreached
        .iter()
        .find(|unreached| unreached.residents.iter().any(|one| is_named(&one)))
    {
        return Err(FleetError::UnreachableTenant {
            tenant: name,
            database: unreached.problem.database.clone(),
        });
    }
    let mut found = Vec::new();
    for reached in &mut databases.reached {
        let wanted = [name.as_str()];
        let schemas = migrated_schemas(&mut reached.connection, Wanted::These(&wanted)).await;
        let schemas = schemas.map_err(|source| FleetError::Tenants(source).in_database(&reached.name))?;
        if schemas.iter().any(|schema| schema.status().is_migrated()) {
            found.push(reached.name.clone());
        }
    }
    match found.as_slice() {
        [database] => Ok((database.clone(), name)),
        [] => Err(FleetError::UnknownTenant { tenant: name }),
        _ => Err(FleetError::AmbiguousTenant {
            tenant: name,
            databases: found,
        }),
    }
}
