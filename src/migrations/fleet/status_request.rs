use diesel::{migration::MigrationSource, pg::Pg};
use futures_core::future::BoxFuture;

use super::{
    FleetError, FleetStatus, TenantVersions,
    chosen::chosen_names,
    limits::Limits,
    survey::{Survey, SurveyedTenant},
    worker::Worker,
};
use crate::{
    IntoSchemaName, PostgresConnection, SchemaName, SchemaNameError, TenantPool,
    backend::postgres::catalog::invalid_indexes::{by_schema, by_schema_of},
    migrations::Plan,
    pool::{Backend, Postgres},
};

/// How many connections read the tenants' version tables.
const READERS: usize = 2;

/// Finds out which migrations tenants have and lack when awaited; made by [`TenantPool::migration_status`].
#[must_use = "a request does nothing until it is awaited"]
pub struct MigrationStatusRequest<'a, S, B: Backend = Postgres> {
    pub(in crate::migrations) pool: &'a TenantPool<B>,
    pub(in crate::migrations) migrations: S,
    pub(in crate::migrations) chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
}

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

impl<'a, S, B: Backend> MigrationStatusRequest<'a, S, B> {
    pub(in crate::migrations) fn new(pool: &'a TenantPool<B>, migrations: S) -> Self {
        Self {
            pool,
            migrations,
            chosen: None,
        }
    }

    /// Only these tenants; how many others there are doesn't matter. A schema that was never migrated lacks all
    /// migrations. Default: all tenants, active, suspended and spare.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            chosen: Some(chosen_names(self.pool, tenants)),
            ..self
        }
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
        for SurveyedTenant { name, status, applied } in survey.tenants {
            let applied = applied.map_err(FleetError::Tenants)?;
            let invalid_indexes = invalid.remove(name.as_str()).unwrap_or_default();
            tenants.push(TenantVersions::of(name, status, &applied, plan, invalid_indexes));
        }
        Ok(Self { tenants, changed })
    }
}

impl<'a, S: MigrationSource<Pg> + Send + Sync + 'static> IntoFuture for MigrationStatusRequest<'a, S> {
    type Output = Result<FleetStatus, FleetError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}
