//! The state of the migrations of the shared database, and of all tenants.

use std::{collections::HashSet, sync::Arc};

use diesel::{migration::MigrationSource, mysql};
use futures_core::future::BoxFuture;

use super::{
    fleet::unusable,
    of_life,
    survey::{changed, survey},
};
use crate::{
    Mysql, TenantPool,
    backend::mysql::{
        lifecycle::OperationError,
        migrations::{Plan, recorded},
    },
    migrations::{FleetError, FleetStatus, MigrationError, MigrationStatusRequest, SharedVersions, TenantVersions},
};

/// # The state of migrations
impl TenantPool<Mysql> {
    /// Which migrations the shared database has and lacks. Without a database it lacks all of them.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn shared_migration_status(
        &self,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<SharedVersions, MigrationError> {
        let owner = self.shared_database();
        let compared = async {
            let plan = Plan::read(Arc::new(migrations)).await?;
            let mut session = self.mysql_server().open().await?;
            let recorded = recorded(&mut session, self.shared_schema()).await?;
            let applied: Vec<String> = recorded.applied.into_iter().map(|(version, _)| version).collect();
            Ok::<_, OperationError>(SharedVersions {
                pending: plan.lacked_by(&applied),
                unknown: unknown(&applied, &plan),
                applied,
                invalid_indexes: Vec::new(),
            })
        };
        compared.await.map_err(|error| of_life(&owner, error))
    }

    /// Which migrations every tenant has and lacks, by the same handful of queries as
    /// [`migrate_tenants`](Self::migrate_tenants) makes. A migration that was begun and not finished is pending.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Mysql, TenantPool, migrations::NoMigrations};
    /// # async fn run(pool: TenantPool<Mysql>) -> Result<(), Box<dyn std::error::Error>> {
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
    pub fn migration_status<S>(&self, migrations: S) -> MigrationStatusRequest<'_, S, Mysql>
    where
        S: MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    {
        MigrationStatusRequest::new(self, migrations)
    }
}

impl<S: MigrationSource<mysql::Mysql> + Send + Sync + 'static> MigrationStatusRequest<'_, S, Mysql> {
    async fn find(self) -> Result<FleetStatus, FleetError> {
        let Self {
            pool,
            migrations,
            chosen,
        } = self;
        let plan = Plan::read(Arc::new(migrations)).await.map_err(unusable)?;
        let mut found = survey(pool, chosen.transpose()?, &[]).await?;
        found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let changed = changed(&found, &plan, pool.shared_schema()).await.map_err(unusable)?;
        let mut tenants = Vec::with_capacity(found.len());
        for (tenant, status, recorded) in found {
            let applied: Vec<String> = recorded?.applied.into_iter().map(|(version, _)| version).collect();
            tenants.push(TenantVersions {
                reserved: pool.tenant_name(&tenant).err(),
                tenant,
                status,
                pending: plan.lacked_by(&applied),
                unknown: unknown(&applied, &plan),
                applied,
                invalid_indexes: Vec::new(),
            });
        }
        Ok(FleetStatus { tenants, changed })
    }
}

/// The versions applied that the given migrations don't have.
fn unknown(applied: &[String], plan: &Plan) -> Vec<String> {
    let known: HashSet<&String> = plan.versions().iter().collect();
    applied
        .iter()
        .filter(|version| !known.contains(version))
        .cloned()
        .collect()
}

impl<'a, S> IntoFuture for MigrationStatusRequest<'a, S, Mysql>
where
    S: MigrationSource<mysql::Mysql> + Send + Sync + 'static,
{
    type Output = Result<FleetStatus, FleetError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}
