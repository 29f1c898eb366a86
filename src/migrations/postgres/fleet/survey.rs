//! Which versions are applied to which tenants, by a handful of queries for thousands of them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use diesel::QueryResult;

use futures_util::future::try_join_all;

use super::worker::Worker;
use crate::{
    PostgresConnection, SchemaName, SchemaNameError, TenantInfo, TenantPool, TenantStatus,
    backend::postgres::{
        catalog::{schema::status_of, tenants::Wanted},
        version_table::{Alike, survey},
    },
    migrations::FleetError,
    pool::ListedTenant,
};

/// The number of schemas in one query. The server takes more than twice as long to plan a query that names twice as
/// many tables. It holds two locks for each schema, on the table and its index, of at least 6,400 locks with
/// PostgreSQL's defaults.
const SCHEMAS_A_QUERY: usize = 100;

/// The number of schemas that one connection reads: its server process remembers the tables of each.
const SCHEMAS_A_CONNECTION: usize = 2_000;

/// Up to this number, the schemas are read on the connection that exists anyway.
const TOO_FEW_TO_SHARE: usize = 50;

/// The contents of a version table. Tenants with equal contents share one value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// The versions, oldest first, each with the checksum that was recorded for it, if any.
    pub(super) versions: Vec<(String, Option<String>)>,
    /// Whether the table has a column for checksums.
    pub(super) has_checksums: bool,
    /// Whether there is a version table.
    pub(super) has_table: bool,
}

impl Applied {
    pub(super) fn contains(&self, version: &str) -> bool {
        self.versions
            .binary_search_by(|(applied, _)| applied.as_str().cmp(version))
            .is_ok()
    }
}

/// The versions applied to each tenant of a fleet.
pub(super) struct Survey {
    pub(super) tenants: Vec<SurveyedTenant>,
}

pub(super) struct SurveyedTenant {
    pub(super) name: SchemaName,
    pub(super) status: TenantStatus,
    /// Why no tenant may have this name, if that is so.
    pub(super) reserved: Option<SchemaNameError>,
    /// A table that can't be read is an error of this tenant only.
    pub(super) applied: QueryResult<Arc<Applied>>,
}

type Answers = HashMap<String, QueryResult<Arc<Applied>>>;

impl Survey {
    /// Surveys all tenants, or the chosen ones, including the canaries.
    pub(super) async fn of(
        pool: &TenantPool,
        connection: &mut PostgresConnection,
        chosen: Option<Vec<SchemaName>>,
        canaries: &[SchemaName],
        workers: &mut [Worker<'_>],
    ) -> Result<Self, FleetError> {
        let names: Option<Vec<&str>> = chosen
            .as_ref()
            .map(|chosen| chosen.iter().chain(canaries).map(SchemaName::as_str).collect());
        let wanted = names.as_deref().map_or(Wanted::All, Wanted::These);
        let listed = pool.list_tenants(connection, wanted).await;
        let listed = listed.map_err(FleetError::Tenants)?;
        let mut migrated = HashMap::with_capacity(listed.len());
        let mut others = HashSet::new();
        let mut all = Vec::with_capacity(listed.len());
        for listed in listed {
            let name = listed.tenant.name.clone();
            if listed.tenant.status.is_migrated() {
                migrated.insert(name.clone(), listed);
                all.push(name);
            } else {
                others.insert(name);
            }
        }
        let mut tenants = chosen.unwrap_or(all);
        let missing = canaries.iter().filter(|name| !tenants.contains(name)).cloned();
        tenants.splice(0..0, missing.collect::<Vec<_>>());

        let (mut found, mut with_table) = (Vec::new(), Vec::with_capacity(tenants.len()));
        for (place, name) in tenants.into_iter().enumerate() {
            if let Some(listed) = migrated.get(&name) {
                with_table.push((place, listed.clone()));
                continue;
            }
            let status = match others.contains(&name) {
                true => None,
                false => status_of(&name, connection).await.map_err(FleetError::Tenants)?,
            };
            let Some(status) = status else {
                return Err(FleetError::UnknownTenant { tenant: name });
            };
            // The tenant was asked for, and was never migrated.
            let applied = Ok(Arc::default());
            let reserved = pool.tenant_name(&name).err();
            let tenant = SurveyedTenant {
                name,
                status,
                reserved,
                applied,
            };
            found.push((place, tenant));
        }
        let (places, with_table): (Vec<usize>, Vec<ListedTenant>) = with_table.into_iter().unzip();
        let mut answers = ask_for_all(connection, &with_table, workers).await?;
        // Tenants that aren't in the answer were dropped since they were listed.
        found.extend(places.into_iter().zip(with_table).filter_map(|(place, listed)| {
            let TenantInfo { name, status, reserved } = listed.tenant;
            let applied = answers.remove(name.as_str())?;
            let tenant = SurveyedTenant {
                name,
                status,
                reserved,
                applied,
            };
            Some((place, tenant))
        }));
        found.sort_by_key(|(place, _)| *place);
        Ok(Self {
            tenants: found.into_iter().map(|(_, found)| found).collect(),
        })
    }

    /// The readable contents: each distinct list of versions once, with the tenants that have it.
    pub(super) fn groups(&self) -> Vec<(&Applied, Vec<&SchemaName>)> {
        let mut groups: Vec<(&Applied, Vec<&SchemaName>)> = Vec::new();
        let mut known: HashMap<*const Applied, usize> = HashMap::new();
        for SurveyedTenant { name, applied, .. } in &self.tenants {
            if let Ok(applied) = applied {
                let index = *known.entry(Arc::as_ptr(applied)).or_insert_with(|| {
                    groups.push((applied, Vec::new()));
                    groups.len() - 1
                });
                groups[index].1.push(name);
            }
        }
        groups
    }
}

/// Has each worker read its share of the schemas, if there are enough to share. A connection knows the tables that it
/// has used, so the same worker will migrate that share.
async fn ask_for_all(
    connection: &mut PostgresConnection,
    schemas: &[ListedTenant],
    workers: &mut [Worker<'_>],
) -> Result<Answers, FleetError> {
    if schemas.len() <= TOO_FEW_TO_SHARE {
        return Ok(ask_piecemeal(connection, schemas).await);
    }
    let shares = schemas.chunks(schemas.len().div_ceil(workers.len()));
    let work = async |worker: &mut Worker<'_>, share: &[ListedTenant]| {
        let mut answers = Answers::with_capacity(share.len());
        for part in share.chunks(SCHEMAS_A_CONNECTION) {
            let mut connection = worker.pool().migration_connector().connect().await?;
            answers.extend(ask_piecemeal(&mut connection, part).await);
            worker.set_connection(connection);
        }
        Ok::<_, FleetError>(answers)
    };
    let answers = try_join_all(
        workers
            .iter_mut()
            .zip(shares)
            .map(|(worker, share)| work(worker, share)),
    )
    .await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Reads several schemas. Schemas that don't exist are missing from the answer.
async fn ask_piecemeal(connection: &mut PostgresConnection, schemas: &[ListedTenant]) -> Answers {
    let mut answers = Answers::with_capacity(schemas.len());
    let mut parts: Vec<&[ListedTenant]> = schemas.chunks(SCHEMAS_A_QUERY).rev().collect();
    while let Some(part) = parts.pop() {
        match (ask(connection, part).await, part) {
            (Ok(found), _) => answers.extend(found.into_iter().map(|(name, applied)| (name, Ok(applied)))),
            (Err(error), [listed]) => {
                let schema = &listed.tenant.name;
                // An error is only reported if the schema still exists.
                if !matches!(status_of(schema, connection).await, Ok(None)) {
                    answers.insert(schema.as_str().to_owned(), Err(error));
                }
            }
            // A schema that is being dropped, or whose table isn't Diesel's, fails the query for all of them.
            (Err(_), _) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    answers
}

async fn ask(
    connection: &mut PostgresConnection,
    schemas: &[ListedTenant],
) -> QueryResult<Vec<(String, Arc<Applied>)>> {
    let asked = schemas.iter().map(|listed| (&listed.tenant.name, listed.has_checksums));
    let mut answers = Vec::with_capacity(schemas.len());
    for Alike {
        schemas,
        has_checksums,
        versions,
    } in survey(connection, asked).await?
    {
        let applied = Arc::new(Applied {
            versions,
            has_checksums,
            has_table: true,
        });
        answers.extend(schemas.into_iter().map(|schema| (schema, Arc::clone(&applied))));
    }
    Ok(answers)
}
