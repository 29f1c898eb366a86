//! Which migrations tenants have and lack.

use std::collections::{BTreeMap, HashSet};

use diesel::{migration::MigrationSource, pg::Pg};
use futures_core::future::BoxFuture;

use super::{
    survey::{Applied, Survey, SurveyedTenant},
    worker::Worker,
};
use crate::{
    PostgresConnection, SchemaName, TenantPool, TenantStatus,
    backend::postgres::catalog::invalid_indexes::{by_schema, by_schema_of},
    migrations::{
        ChangedMigration, FleetError, FleetStatus, MigrationStatusRequest, Plan, TenantVersions, fleet::Limits,
    },
};

/// How many connections read the tenants' version tables.
const READERS: usize = 2;

/// # The state of all tenants' migrations
impl TenantPool {
    /// Which migrations every tenant has and lacks, by the same handful of queries as
    /// [`migrate_tenants`](Self::migrate_tenants) makes.
    ///
    /// ```no_run
    /// # use diesel_tenants::{TenantPool, migrations::NoMigrations};
    /// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// # let migrations = NoMigrations;
    /// let status = pool.migration_status(migrations).only(["client1"]).await?;
    /// for tenant in &status.tenants {
    ///     println!("{} lacks {:?}", tenant.tenant, tenant.pending);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`FleetError`] if the migrations, the tenants, or one tenant's versions can't be read, or if one of the chosen
    /// tenants doesn't exist.
    pub fn migration_status<S>(&self, migrations: S) -> MigrationStatusRequest<'_, S>
    where
        S: MigrationSource<Pg> + Send + Sync + 'static,
    {
        MigrationStatusRequest::new(self, migrations)
    }
}

impl<S: MigrationSource<Pg> + Send + Sync + 'static> MigrationStatusRequest<'_, S> {
    async fn find(self) -> Result<FleetStatus, FleetError> {
        let Self {
            pool,
            migrations,
            chosen,
        } = self;
        let chosen = chosen.transpose()?;
        let plan = Plan::read(migrations).await?;
        let mut connection = pool.migration_connector().connect().await?;
        let mut workers = Worker::crew(pool, Limits::default(), true, READERS);
        let survey = Survey::of(pool, &mut connection, chosen.clone(), &[], &mut workers).await?;
        FleetStatus::of(survey, chosen.as_deref(), &plan, &mut connection).await
    }
}

impl<'a, S: MigrationSource<Pg> + Send + Sync + 'static> IntoFuture for MigrationStatusRequest<'a, S> {
    type Output = Result<FleetStatus, FleetError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}

impl FleetStatus {
    /// The state of the tenants of one database, sorted by the names of their schemas.
    pub(super) async fn of(
        mut survey: Survey,
        chosen: Option<&[SchemaName]>,
        plan: &Plan,
        connection: &mut PostgresConnection,
    ) -> Result<Self, FleetError> {
        survey.tenants.sort_by(|one, other| one.name.cmp(&other.name));
        let changed = survey.changed(plan).await?;
        let invalid = match chosen {
            None => by_schema(connection).await,
            Some(chosen) => by_schema_of(connection, chosen).await,
        };
        let mut invalid = invalid.map_err(FleetError::Tenants)?;
        let mut tenants = Vec::with_capacity(survey.tenants.len());
        for tenant in survey.tenants {
            let SurveyedTenant {
                name,
                status,
                reserved,
                applied,
            } = tenant;
            let applied = applied.map_err(FleetError::Tenants)?;
            let invalid_indexes = invalid.remove(name.as_str()).unwrap_or_default();
            tenants.push(TenantVersions {
                reserved,
                ..TenantVersions::of(name, status, &applied, plan, invalid_indexes)
            });
        }
        Ok(Self { tenants, changed })
    }
}

impl TenantVersions {
    pub(super) fn of(
        tenant: SchemaName,
        status: TenantStatus,
        applied: &Applied,
        plan: &Plan,
        invalid_indexes: Vec<String>,
    ) -> Self {
        let names = applied.versions.iter().map(|(version, _)| version);
        let pending = plan.migrations.iter().map(|migration| &migration.version);
        Self {
            tenant,
            status,
            reserved: None,
            applied: names.clone().cloned().collect(),
            pending: pending.filter(|version| !applied.contains(version)).cloned().collect(),
            unknown: names.filter(|version| plan.find(version).is_none()).cloned().collect(),
            invalid_indexes,
        }
    }
}

impl Survey {
    /// The migrations that were edited after some tenant got them.
    pub(super) async fn changed(&self, plan: &Plan) -> Result<Vec<ChangedMigration>, FleetError> {
        let groups = self.groups();
        // Only migrations that were applied as SQL are read: reading a migration written in Rust means calling it.
        let recorded: HashSet<&str> = groups
            .iter()
            .flat_map(|(applied, _)| &applied.versions)
            .filter_map(|(version, checksum)| checksum.as_ref().map(|_| version.as_str()))
            .filter(|version| plan.find(version).is_some())
            .collect();
        let current = plan
            .checksums(recorded.into_iter().map(str::to_owned).collect())
            .await?;
        let mut changed: BTreeMap<&str, Vec<SchemaName>> = BTreeMap::new();
        for (applied, tenants) in &groups {
            for (version, checksum) in &applied.versions {
                if let (Some(then), Some(now)) = (checksum, current.get(version))
                    && then != now
                {
                    let others = changed.entry(version).or_default();
                    others.extend(tenants.iter().map(|&tenant| tenant.clone()));
                }
            }
        }
        Ok(changed
            .into_iter()
            .map(|(version, mut tenants)| {
                tenants.sort();
                ChangedMigration {
                    version: version.to_owned(),
                    tenants,
                }
            })
            .collect())
    }
}
