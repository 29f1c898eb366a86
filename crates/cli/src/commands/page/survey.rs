//! Asks the databases and the directory, by what `status`, `tenant list`, `domain list` and `database list` ask.

use std::collections::HashMap;

use diesel_tenants::{
    SchemaName, TenantInfo, TenantPool,
    diagnosis::DatabaseInfo,
    directory::{DirectoryEntry, DomainError, TenantDomain},
    migrations::{ChangedMigration, DatabaseStatus, FleetStatus, MigrationFolder, SharedVersions, TenantVersions},
    pool::OWN_DATABASE,
};

use crate::{
    commands::databases::ONE_BY_ONE,
    context::Context,
    database::AnyPool,
    migrations::Migrations,
    output::{counted, line, on_one_line},
};

/// The migrations with which the databases are compared. A project may have no shared ones.
pub struct Expected {
    pub shared: Option<MigrationFolder>,
    pub tenants: MigrationFolder,
}

/// What was found out.
pub struct Survey {
    /// The database of the URL first.
    pub databases: Vec<Found>,
    /// What the directory's tables list, if there are any.
    pub directory: Option<Vec<(SchemaName, DirectoryEntry)>>,
    pub domains: Vec<TenantDomain>,
}

/// One database.
#[derive(Default)]
pub struct Found {
    pub database: String,
    /// Why nothing more is known, if the database can't be reached.
    pub unreachable: Option<String>,
    pub server_version: Option<String>,
    pub bytes: Option<u64>,
    /// What is wrong with the database itself.
    pub problems: Vec<String>,
    /// The tenants that migrations reach, by the names that the directory gives them.
    pub tenants: Vec<TenantVersions>,
    /// Archives, and what a crash left unfinished, by the names of their schemas.
    pub others: Vec<TenantInfo>,
    pub changed: Vec<ChangedMigration>,
}

impl Survey {
    /// Databases that can't be reached are part of the answer, except that of the URL: nothing is known without it.
    pub async fn of(context: &Context, expected: Expected) -> anyhow::Result<Self> {
        let pool = context.database.domains(&context.settings).await?;
        let domains = match pool.domains(None).await {
            Ok(domains) => Some(domains),
            Err(DomainError::NoDirectory) => None,
            Err(error) => return Err(error.into()),
        };
        let directory = match domains {
            Some(_) => Some(pool.listed().await?),
            None => None,
        };
        drop(pool);
        let databases = match context.database.has_all_databases() {
            true => all_at_once(context, expected).await?,
            false => one_by_one(context, &expected, directory.as_deref().unwrap_or_default()).await?,
        };
        Ok(Self {
            databases,
            directory,
            domains: domains.unwrap_or_default(),
        })
    }
}

/// The databases that the library's pool works on together.
async fn all_at_once(context: &Context, Expected { shared, tenants }: Expected) -> anyhow::Result<Vec<Found>> {
    let (pool, _) = context.schemas("page", ONE_BY_ONE).await?;
    let mut request = pool.all_databases().skip_unreachable().migration_status(tenants);
    if let Some(shared) = shared {
        request = request.shared(shared);
    }
    let status = request.await?;
    let mut infos: HashMap<String, DatabaseInfo> = pool
        .all_databases()
        .inspect()
        .await?
        .into_iter()
        .map(|info| (info.database.clone(), info))
        .collect();
    let mut databases = Vec::with_capacity(status.databases.len());
    for status in status.databases {
        let info = infos.remove(&status.database);
        databases.push(Found::reached_or_not(&pool, status, info).await?);
    }
    Ok(databases)
}

/// The database of the URL, and then each further one by a pool of its own.
async fn one_by_one(
    context: &Context,
    expected: &Expected,
    directory: &[(SchemaName, DirectoryEntry)],
) -> anyhow::Result<Vec<Found>> {
    let own = context.pool().await?;
    let mut databases = vec![Found::of_pool(&*own, OWN_DATABASE, expected, directory).await?];
    for database in context.settings.tenants.databases.keys() {
        let found = async {
            let pool = context.database.pool_of(&context.settings, database).await?;
            Found::of_pool(&*pool, database, expected, directory).await
        };
        databases.push(found.await.unwrap_or_else(|error| Found {
            database: database.clone(),
            unreachable: Some(format!("database {database:?} ({})", line(error.as_ref()))),
            ..Found::default()
        }));
    }
    Ok(databases)
}

impl Found {
    async fn reached_or_not(
        pool: &TenantPool,
        status: DatabaseStatus,
        info: Option<DatabaseInfo>,
    ) -> anyhow::Result<Self> {
        let DatabaseStatus {
            database,
            unreachable,
            shared,
            tenants,
            changed,
            ..
        } = status;
        let mut found = Self {
            database,
            unreachable: unreachable.map(|unreachable| on_one_line(&unreachable.to_string())),
            problems: shared.iter().flat_map(problems).collect(),
            tenants,
            changed,
            ..Self::default()
        };
        if let Some(state) = info.and_then(|info| info.state) {
            if state.is_standby {
                found.problems.push("a standby, accepts no writes".to_owned());
            }
            if !state.missing_extensions.is_empty() {
                let extensions = state.missing_extensions.join(", ");
                found.problems.push(format!("lacks extensions: {extensions}"));
            }
            found.server_version = Some(state.server_version);
            found.bytes = state.bytes;
        }
        if found.unreachable.is_none() {
            let there = match found.database.as_str() {
                OWN_DATABASE => pool.clone(),
                database => pool.using_database(database).pool().await?,
            };
            found.others = others(there.all_tenants().await?);
        }
        Ok(found)
    }

    async fn of_pool(
        pool: &dyn AnyPool,
        database: &str,
        expected: &Expected,
        directory: &[(SchemaName, DirectoryEntry)],
    ) -> anyhow::Result<Self> {
        let migrations = Migrations::All(expected.tenants.clone());
        let FleetStatus {
            mut tenants,
            mut changed,
            ..
        } = pool.migration_status(migrations, &[]).await?;
        let shared = match &expected.shared {
            Some(shared) => Some(pool.shared_migration_status(Migrations::All(shared.clone())).await?),
            None => None,
        };
        // This pool knows schemas. Their tenants may have other names in the directory.
        let named: HashMap<&SchemaName, &SchemaName> = directory
            .iter()
            .filter(|(_, entry)| entry.placement.database().unwrap_or(OWN_DATABASE) == database)
            .filter_map(|(tenant, entry)| Some((entry.placement.schema_name()?, tenant)))
            .collect();
        let rename = |name: &mut SchemaName| {
            if let Some(tenant) = named.get(name) {
                *name = (*tenant).clone();
            }
        };
        tenants.iter_mut().for_each(|versions| rename(&mut versions.tenant));
        let renamed = changed.iter_mut().flat_map(|changed| &mut changed.tenants);
        renamed.for_each(rename);
        Ok(Self {
            database: database.to_owned(),
            problems: shared.iter().flat_map(problems).collect(),
            tenants,
            others: others(pool.all_tenants().await?),
            changed,
            ..Self::default()
        })
    }
}

/// The tenants that migrations don't reach.
fn others(all: Vec<TenantInfo>) -> Vec<TenantInfo> {
    all.into_iter().filter(|tenant| !tenant.status.is_migrated()).collect()
}

/// What is wrong with a shared schema.
fn problems(shared: &SharedVersions) -> Vec<String> {
    let mut problems = Vec::new();
    if !shared.pending.is_empty() {
        let lacked = counted(shared.pending.len(), "shared migration");
        problems.push(format!("lacks {lacked}: {}", shared.pending.join(", ")));
    }
    if !shared.unknown.is_empty() {
        let unknown = shared.unknown.join(", ");
        problems.push(format!("shared migrations that are not in the folder: {unknown}"));
    }
    if !shared.invalid_indexes.is_empty() {
        let indexes = shared.invalid_indexes.join(", ");
        problems.push(format!("invalid indexes of the shared schema: {indexes}"));
    }
    problems
}
