//! What whole migrations do outside of their schema.

use diesel::{migration::MigrationSource, pg::Pg};

use super::find::find;
use crate::{
    SchemaName,
    migrations::{
        Direction, MigrationSourceError, OutsideWork, Plan, SchemaOwner,
        postgres::script::{Body, Script},
    },
};

impl OutsideWork {
    /// The outside work of all migrations of a source, in one direction.
    pub(in crate::migrations) async fn of_plan(
        plan: &Plan,
        direction: Direction,
    ) -> Result<Vec<Self>, MigrationSourceError> {
        let versions = plan.migrations.iter().map(|migration| migration.version.clone());
        let scripts = plan.prepare(versions.collect(), direction).await?;
        Ok(Self::of_scripts(&scripts))
    }

    pub(in crate::migrations) fn of_scripts(scripts: &[Script]) -> Vec<Self> {
        scripts.iter().filter_map(|script| script.outside_work(None)).collect()
    }
}

/// What the tenants' migrations of a source create, alter or drop outside the tenant's schema, oldest first. Migrations
/// written in Rust are called with a connection that executes nothing.
///
/// ```
/// # use diesel_migrations::FileBasedMigrations;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::create_dir(folder.path().join("1_accounts"))?;
/// # std::fs::write(folder.path().join("1_accounts/up.sql"), "CREATE TABLE public.accounts (id int)")?;
/// # std::fs::write(folder.path().join("1_accounts/down.sql"), "DROP TABLE public.accounts")?;
/// let migrations = FileBasedMigrations::from_path(folder.path())?;
/// for work in diesel_tenants::migrations::outside_work(migrations).await? {
///     println!("{work}"); // migration 1_accounts: CREATE TABLE public.accounts
/// #   assert_eq!(work.to_string(), "migration 1_accounts: CREATE TABLE public.accounts");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`MigrationSourceError`] if the migrations can't be used.
pub async fn outside_work(
    migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
) -> Result<Vec<OutsideWork>, MigrationSourceError> {
    OutsideWork::of_plan(&Plan::read(migrations).await?, Direction::Up).await
}

impl Script {
    /// The outside work of a migration for any tenant, or for one tenant, whose own schema it may name.
    pub(in crate::migrations) fn outside_work(&self, tenant: Option<&SchemaName>) -> Option<OutsideWork> {
        let Body::Sql(sql) = &self.body else { return None };
        let found = sql.iter().flat_map(|sql| find(sql));
        let statements: Vec<String> = found
            .filter(|found| tenant.is_none_or(|tenant| found.schema.as_deref() != Some(tenant.as_str())))
            .map(|found| found.statement)
            .collect();
        (!statements.is_empty()).then(|| OutsideWork {
            migration: self.migration.name.clone(),
            statements,
        })
    }

    /// The outside work of a migration for the owner of a schema. Shared migrations may work anywhere in the database.
    pub(in crate::migrations) fn outside_work_for(&self, owner: &SchemaOwner) -> Option<OutsideWork> {
        match owner {
            SchemaOwner::Tenant(tenant) => self.outside_work(Some(tenant)),
            SchemaOwner::Shared(_) => None,
        }
    }
}
