use diesel::{migration::MigrationSource, pg::Pg};
use futures_core::future::BoxFuture;
use futures_util::future::join_all;

use super::{
    choice::Choice,
    fleet_database::{FleetDatabase, lacking},
};
use crate::{
    IntoSchemaName, MigrationSourceError, PostgresConnection, SchemaName, SchemaNameError,
    migrations::{
        ChangedMigration, FleetError, FleetStatus, Plan, SharedVersions, TenantVersions,
        fleet::{Limits, chosen_names},
        postgres::fleet::{survey::Survey, worker::Worker},
    },
    pool::{AllDatabases, OWN_DATABASE, PoolDatabases, UnreachableDatabase, Unreached},
};

/// Which migrations every tenant of several databases has and lacks. See [`AllDatabases::migration_status`].
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DatabasesStatus {
    /// The databases, the pool's own first, the others sorted by name.
    pub databases: Vec<DatabaseStatus>,
}

/// Which migrations the tenants of one database have and lack.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DatabaseStatus {
    /// The database.
    pub database: String,
    /// Why the database was skipped, if it was.
    #[cfg_attr(
        feature = "serde",
        serde(
            serialize_with = "crate::migrations::fleet::serialize::if_any",
            rename = "error",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub unreachable: Option<UnreachableDatabase>,
    /// The shared schema, if its migrations were given, and it is not a tenant's.
    pub shared: Option<SharedVersions>,
    /// The tenants, by the names that the directory gives them.
    pub tenants: Vec<TenantVersions>,
    /// The tenants that the directory knows here, and that have no schema here.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "crate::migrations::fleet::serialize::texts")
    )]
    pub missing: Vec<SchemaName>,
    /// Migrations that were edited after they were applied here.
    pub changed: Vec<ChangedMigration>,
}

impl DatabaseStatus {
    /// Whether the database was reached, and nothing is pending, unknown or invalid there.
    pub fn is_up_to_date(&self) -> bool {
        let is_well = |pending: &[String], unknown: &[String], invalid: &[String]| {
            pending.is_empty() && unknown.is_empty() && invalid.is_empty()
        };
        let shared = self.shared.as_ref();
        self.unreachable.is_none()
            && self.missing.is_empty()
            && shared.is_none_or(|shared| is_well(&shared.pending, &[], &shared.invalid_indexes))
            && self
                .tenants
                .iter()
                .all(|tenant| is_well(&tenant.pending, &tenant.unknown, &tenant.invalid_indexes))
    }
}

impl DatabasesStatus {
    /// Whether every database was reached, and nothing is pending, unknown or invalid there.
    pub fn is_up_to_date(&self) -> bool {
        self.databases.iter().all(DatabaseStatus::is_up_to_date)
    }
}

type ReadPlan<'a> = BoxFuture<'a, Result<Plan, MigrationSourceError>>;

/// Finds out which migrations the tenants of several databases have and lack, when awaited; made by
/// [`AllDatabases::migration_status`].
#[must_use = "a request does nothing until it is awaited"]
pub struct DatabasesStatusRequest<'a> {
    databases: AllDatabases<'a>,
    plan: ReadPlan<'a>,
    shared: Option<ReadPlan<'a>>,
    with_tenants: bool,
    chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
}

/// # The state of the migrations of all databases
impl<'a> AllDatabases<'a> {
    /// Which migrations the tenants of all databases have and lack.
    ///
    /// # Errors
    /// [`FleetError`] if a database can't be reached, unless it may be
    /// [skipped](AllDatabases::skip_unreachable), or if migrations, tenants or versions can't be read.
    pub fn migration_status(
        self,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> DatabasesStatusRequest<'a> {
        DatabasesStatusRequest {
            databases: self,
            plan: Box::pin(Plan::read(migrations)),
            shared: None,
            with_tenants: true,
            chosen: None,
        }
    }
}

impl<'a> DatabasesStatusRequest<'a> {
    /// Reads the state of the shared schemas as well. Default: only that of tenants.
    pub fn shared(self, migrations: impl MigrationSource<Pg> + Send + Sync + 'static) -> Self {
        Self {
            shared: Some(Box::pin(Plan::read(migrations))),
            ..self
        }
    }

    /// Leaves the tenants out, and doesn't read their version tables: for the [shared schemas](Self::shared) only.
    /// Default: tenants are listed.
    pub fn without_tenants(self) -> Self {
        Self {
            with_tenants: false,
            ..self
        }
    }

    /// Only these tenants, in the databases where they live. Default: all.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            chosen: Some(chosen_names(self.databases.pool, tenants)),
            ..self
        }
    }

    async fn find(self) -> Result<DatabasesStatus, FleetError> {
        let plan = self.plan.await?;
        let shared = match self.shared {
            Some(shared) => Some(shared.await?),
            None => None,
        };
        let mut databases = self.databases.reach().await?;
        let chosen = match self.chosen {
            Some(chosen) => Some(Choice::of(chosen, &mut databases).await?),
            None => None,
        };
        let PoolDatabases { reached, unreached } = databases;
        let reached = reached.into_iter().filter(|reached| {
            chosen
                .as_ref()
                .is_none_or(|chosen| !chosen.of_database(&reached.name).is_empty())
        });
        let (databases, connections): (Vec<FleetDatabase>, Vec<_>) = reached.map(FleetDatabase::of).unzip();
        let each = databases.iter().zip(connections).map(|(database, mut connection)| {
            let chosen = match self.with_tenants {
                true => chosen
                    .as_ref()
                    .map(|chosen| chosen.of_database(&database.name).to_vec()),
                false => Some(Vec::new()),
            };
            let plans = (&plan, shared.as_ref());
            async move {
                let status = status_of(database, &mut connection, chosen, plans).await;
                status.map_err(|error| error.in_database(&database.name))
            }
        });
        let mut databases: Vec<DatabaseStatus> = join_all(each).await.into_iter().collect::<Result<_, _>>()?;
        databases.extend(unreached.into_iter().map(skipped));
        databases.sort_by(|one, other| {
            let key = |status: &DatabaseStatus| (status.database != OWN_DATABASE, status.database.clone());
            key(one).cmp(&key(other))
        });
        Ok(DatabasesStatus { databases })
    }
}

fn skipped(unreached: Unreached) -> DatabaseStatus {
    DatabaseStatus {
        database: unreached.problem.database.clone(),
        unreachable: Some(unreached.problem),
        shared: None,
        tenants: Vec::new(),
        missing: Vec::new(),
        changed: Vec::new(),
    }
}

async fn status_of(
    database: &FleetDatabase,
    connection: &mut PostgresConnection,
    chosen: Option<Vec<SchemaName>>,
    (plan, shared_plan): (&Plan, Option<&Plan>),
) -> Result<DatabaseStatus, FleetError> {
    let own = database.pool.shared_schema();
    let owner = database
        .owner()
        .filter(|_| chosen.as_ref().is_none_or(|chosen| chosen.contains(own)));
    let others = chosen.map(|chosen| chosen.into_iter().filter(|name| name != own).collect::<Vec<_>>());
    let mut workers = Worker::crew(&database.pool, Limits::default(), true, 2);
    let mut survey = Survey::of(&database.pool, connection, others.clone(), &[], &mut workers).await?;
    let missing = match others {
        None => database
            .complete(&mut survey, connection)
            .await
            .map_err(FleetError::Tenants)?,
        Some(_) => Vec::new(),
    };
    let FleetStatus {
        mut tenants,
        mut changed,
    } = FleetStatus::of(survey, others.as_deref(), plan, connection).await?;
    for versions in &mut tenants {
        versions.tenant = database.tenant(&versions.tenant).clone();
    }
    for tenant in changed.iter_mut().flat_map(|changed| &mut changed.tenants) {
        *tenant = database.tenant(tenant).clone();
    }
    if let Some(owner) = owner {
        let applied = database
            .applied_to_shared(connection)
            .await
            .map_err(FleetError::Tenants)?;
        tenants.push(TenantVersions {
            tenant: owner.tenant.clone(),
            status: owner.status,
            reserved: None,
            pending: lacking(plan, &applied),
            unknown: applied
                .iter()
                .filter(|version| plan.find(version).is_none())
                .cloned()
                .collect(),
            applied,
            invalid_indexes: Vec::new(),
        });
    }
    let shared = match shared_plan.filter(|_| database.owner().is_none()) {
        Some(plan) => Some(
            SharedVersions::read(connection, own, plan)
                .await
                .map_err(FleetError::Tenants)?,
        ),
        None => None,
    };
    Ok(DatabaseStatus {
        database: database.name.clone(),
        unreachable: None,
        shared,
        tenants,
        missing,
        changed,
    })
}

impl<'a> IntoFuture for DatabasesStatusRequest<'a> {
    type Output = Result<DatabasesStatus, FleetError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}
