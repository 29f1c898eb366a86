//! The state of the migrations of the shared file, and of all tenants.

use std::{collections::HashSet, thread::available_parallelism};

use diesel::{migration::MigrationSource, sqlite};
use futures_core::future::BoxFuture;

use super::survey::{changed, survey};
use crate::{
    Sqlite, TenantPool,
    backend::sqlite::{blocking, migrations::Plan},
    migrations::{FleetError, FleetStatus, MigrationError, MigrationStatusRequest, SharedVersions, TenantVersions},
    pool::SqliteError,
};

/// # The state of migrations
///
/// Nothing is written, and no file is made.
impl TenantPool<Sqlite> {
    /// Which migrations the shared file has and lacks. Without a file it lacks all of them.
    ///
    /// # Errors
    /// [`MigrationError`] if migrations or versions can't be read.
    pub async fn shared_migration_status(
        &self,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<SharedVersions, MigrationError> {
        let (owner, folder) = (self.shared_file(), self.folder());
        let compared = blocking(move || {
            let plan = Plan::read(&migrations).map_err(SqliteError::migrations)?;
            let applied = folder.shared_versions().map_err(SqliteError::file)?;
            let [pending, unknown] = Versions::of(&plan).compare(&applied);
            Ok(SharedVersions {
                applied,
                pending,
                unknown,
                invalid_indexes: Vec::new(),
            })
        });
        compared.await.map_err(|error| owner.of_file(error))
    }

    /// Which migrations every tenant has and lacks. Each file is looked at once, by several threads.
    ///
    /// ```no_run
    /// # use diesel_tenants::{Sqlite, TenantPool, migrations::NoMigrations};
    /// # async fn run(pool: TenantPool<Sqlite>) -> Result<(), Box<dyn std::error::Error>> {
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
    /// [`FleetError`] if the migrations, the folder, or one tenant's file can't be read, or if one of the chosen
    /// tenants doesn't exist.
    pub fn migration_status<S>(&self, migrations: S) -> MigrationStatusRequest<'_, S, Sqlite>
    where
        S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    {
        MigrationStatusRequest::new(self, migrations)
    }
}

impl<S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static> MigrationStatusRequest<'_, S, Sqlite> {
    async fn find(self) -> Result<FleetStatus, FleetError> {
        let Self {
            pool,
            migrations,
            chosen,
        } = self;
        let threads = available_parallelism().map_or(2, usize::from);
        let mut found = survey(pool, chosen.transpose()?, &[], threads).await?;
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let names = pool.clone();
        let compared = blocking(move || {
            let plan = Plan::read(&migrations).map_err(SqliteError::migrations)?;
            let changed = changed(&found, &plan);
            let versions = Versions::of(&plan);
            let mut tenants = Vec::with_capacity(found.len());
            for (tenant, surveyed) in found {
                let surveyed = surveyed.map_err(SqliteError::file)?;
                let applied: Vec<String> = surveyed.applied.into_iter().map(|(version, _)| version).collect();
                let [pending, unknown] = versions.compare(&applied);
                tenants.push(TenantVersions {
                    reserved: names.tenant_name(&tenant).err(),
                    tenant,
                    status: surveyed.facts.status,
                    applied,
                    pending,
                    unknown,
                    invalid_indexes: Vec::new(),
                });
            }
            Ok(FleetStatus { tenants, changed })
        });
        compared.await.map_err(FleetError::Files)
    }
}

impl<'a, S> IntoFuture for MigrationStatusRequest<'a, S, Sqlite>
where
    S: MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
{
    type Output = Result<FleetStatus, FleetError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}

/// The versions of the given migrations, and how those of one file differ.
struct Versions {
    given: Vec<String>,
    known: HashSet<String>,
}

impl Versions {
    fn of(plan: &Plan) -> Self {
        let given: Vec<String> = plan.versions().collect();
        Self {
            known: given.iter().cloned().collect(),
            given,
        }
    }

    /// The versions that are not applied, and those applied that were not given.
    fn compare(&self, applied: &[String]) -> [Vec<String>; 2] {
        let has: HashSet<&String> = applied.iter().collect();
        let pending = self.given.iter().filter(|version| !has.contains(version));
        let unknown = applied.iter().filter(|version| !self.known.contains(*version));
        [pending.cloned().collect(), unknown.cloned().collect()]
    }
}
