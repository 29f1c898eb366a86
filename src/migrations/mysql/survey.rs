//! Which versions are applied to which tenants.

use std::collections::HashSet;

use crate::{
    Mysql, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{
        SessionError,
        migrations::{MigrationProblem, Owner, Plan, Recorded, recorded, recorded_in_all},
        registry::{Entry, prepare},
    },
    migrations::{ChangedMigration, FleetError},
    pool::MysqlError,
};

/// A tenant, its status, and what is recorded of its migrations.
pub(super) type Found = (SchemaName, TenantStatus, Result<Recorded, SessionError>);

/// How many databases one query looks at.
const AT_ONCE: usize = 200;

impl From<SessionError> for FleetError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Database(source) => Self::Tenants(source),
            error => Self::Mysql(MysqlError::session(error)),
        }
    }
}

/// The tenants that migrations reach, in the order in which they were chosen, or else by name.
pub(super) async fn survey(
    pool: &TenantPool<Mysql>,
    chosen: Option<Vec<SchemaName>>,
    canaries: &[SchemaName],
) -> Result<Vec<Found>, FleetError> {
    let server = pool.mysql_server();
    let mut session = server.open().await?;
    let shared = server.shared();
    let entries = async {
        prepare(&mut session, shared).await?;
        Entry::all(&mut session.connection, shared).await
    };
    let entries = entries.await.map_err(FleetError::Tenants)?;
    let mut tenants: Vec<(SchemaName, TenantStatus)> = entries
        .into_iter()
        .filter(|entry| entry.status.is_migrated())
        .map(|entry| (entry.name, entry.status))
        .collect();
    if let Some(chosen) = chosen {
        let found = |name: SchemaName| match tenants.binary_search_by(|(tenant, _)| tenant.cmp(&name)) {
            Ok(at) => Ok(tenants[at].clone()),
            Err(_) => Err(FleetError::UnknownTenant { tenant: name }),
        };
        tenants = chosen.into_iter().map(found).collect::<Result<_, _>>()?;
    }
    let met: HashSet<&SchemaName> = tenants.iter().map(|(name, _)| name).collect();
    if let Some(canary) = canaries.iter().find(|canary| !met.contains(canary)) {
        return Err(FleetError::UnknownTenant { tenant: canary.clone() });
    }
    let mut found = Vec::with_capacity(tenants.len());
    for some in tenants.chunks(AT_ONCE) {
        let names: Vec<&SchemaName> = some.iter().map(|(name, _)| name).collect();
        match recorded_in_all(&mut session, &names).await {
            Ok(all) => {
                let known = some.iter().zip(all);
                found.extend(known.map(|((name, status), recorded)| (name.clone(), *status, Ok(recorded))));
            }
            // One of them was dropped meanwhile, or never migrated by this library.
            Err(_) => {
                for (name, status) in some {
                    let recorded = recorded(&mut session, name).await.map_err(SessionError::from);
                    found.push((name.clone(), *status, recorded));
                }
            }
        }
    }
    Ok(found)
}

/// The migrations that were edited after they were applied.
pub(super) async fn changed(
    found: &[Found],
    plan: &Plan,
    shared: &SchemaName,
) -> Result<Vec<ChangedMigration>, MigrationProblem> {
    let known: HashSet<&String> = plan.versions().iter().collect();
    let applied = found.iter().filter_map(|(_, _, recorded)| recorded.as_ref().ok());
    // Only migrations that were applied as SQL are read.
    let recorded: HashSet<&String> = applied
        .flat_map(|recorded| &recorded.applied)
        .filter(|(version, checksum)| checksum.is_some() && known.contains(version))
        .map(|(version, _)| version)
        .collect();
    let mut versions: Vec<String> = recorded.into_iter().cloned().collect();
    versions.sort();
    let owner = Owner::Tenant {
        tenant: shared.clone(),
        shared: shared.clone(),
    };
    let checksums = plan.checksums(versions.clone(), &owner).await?;
    let is_changed = |version: String| {
        let now = checksums.get(&version)?;
        let has_another = |recorded: &Recorded| {
            let mut applied = recorded.applied.iter();
            applied.any(|(applied, then)| *applied == version && then.as_ref().is_some_and(|then| then != now))
        };
        let mut tenants: Vec<SchemaName> = found
            .iter()
            .filter(|(_, _, recorded)| recorded.as_ref().is_ok_and(has_another))
            .map(|(tenant, _, _)| tenant.clone())
            .collect();
        tenants.sort();
        (!tenants.is_empty()).then_some(ChangedMigration { version, tenants })
    };
    Ok(versions.into_iter().filter_map(is_changed).collect())
}
