//! Which versions are applied to which tenants.

use std::collections::HashSet;

use crate::{
    SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FileError, Surveyed},
        migrations::Plan,
    },
    migrations::{ChangedMigration, FleetError},
    pool::SqliteError,
};

/// A tenant, and what is known of its file.
pub(super) type Found = (SchemaName, Result<Surveyed, FileError>);

/// The tenants that migrations reach. Files that were never migrated are left out, unless they were chosen.
pub(super) async fn survey(
    pool: &TenantPool<Sqlite>,
    chosen: Option<Vec<SchemaName>>,
    canaries: &[SchemaName],
    workers: usize,
) -> Result<Vec<Found>, FleetError> {
    let folder = pool.folder();
    let is_chosen = chosen.is_some();
    let found = blocking(move || {
        let names = match chosen {
            Some(names) => names,
            None => folder.names()?,
        };
        let surveyed = folder.survey(&names, workers);
        let never_migrated = |name: &SchemaName, surveyed| match surveyed {
            Ok(None) if is_chosen => folder.never_migrated(name),
            surveyed => surveyed,
        };
        let found = names.into_iter().zip(surveyed);
        Ok(found
            .map(|(name, surveyed)| {
                let surveyed = never_migrated(&name, surveyed);
                (name, surveyed)
            })
            .collect::<Vec<_>>())
    });
    let found = found
        .await
        .map_err(|error| FleetError::Files(SqliteError::file(error)))?;
    let mut tenants = Vec::with_capacity(found.len());
    for (name, surveyed) in found {
        match surveyed {
            Ok(Some(surveyed)) if surveyed.facts.status.is_migrated() => tenants.push((name, Ok(surveyed))),
            Ok(_) if is_chosen => return Err(FleetError::UnknownTenant { tenant: name }),
            Ok(_) => {}
            Err(error) => tenants.push((name, Err(error))),
        }
    }
    let met: HashSet<&SchemaName> = tenants.iter().map(|(name, _)| name).collect();
    match canaries.iter().find(|canary| !met.contains(canary)) {
        Some(canary) => Err(FleetError::UnknownTenant { tenant: canary.clone() }),
        None => Ok(tenants),
    }
}

/// The migrations that were edited after they were applied.
pub(super) fn changed(found: &[Found], plan: &Plan) -> Vec<ChangedMigration> {
    let versions: Vec<String> = plan.versions().collect();
    let checksums = plan.checksums(&versions);
    let is_changed = |version: &String| {
        let now = checksums.get(version)?;
        let has_another = |surveyed: &Surveyed| {
            let mut applied = surveyed.applied.iter();
            applied.any(|(applied, then)| applied == version && then.as_ref().is_some_and(|then| then != now))
        };
        let tenants: Vec<SchemaName> = found
            .iter()
            .filter(|(_, surveyed)| surveyed.as_ref().is_ok_and(has_another))
            .map(|(tenant, _)| tenant.clone())
            .collect();
        (!tenants.is_empty()).then(|| ChangedMigration {
            version: version.clone(),
            tenants,
        })
    };
    versions.iter().filter_map(is_changed).collect()
}
