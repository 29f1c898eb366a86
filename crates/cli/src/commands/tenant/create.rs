use clap::Args;
use diesel::migration::MigrationVersion;
use diesel_tenants::{
    LifecycleError,
    migrations::{ChosenMigrations, MigrationFolder, NoMigrations, outside_work},
};
use serde_json::json;

use crate::{
    context::Context,
    options::TenantMigrations,
    output::{Ending, Outcomes, counted, warned},
};

/// Options of `tenant create`.
#[derive(Debug, Args)]
pub struct Create {
    /// The names of the tenants, which are also the names of their schemas.
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    migrations: TenantMigrations,
    /// Brings a tenant that exists up to date. Default: an existing tenant is an error, and is not changed.
    #[arg(long)]
    if_not_exists: bool,
    /// Creates no tables for now; `migrate` creates them later.
    #[arg(long, conflicts_with = "only_version")]
    without_tables: bool,
    /// Applies only the migration of this version; may be given more than once. Default: all migrations.
    #[arg(long, value_name = "VERSION")]
    only_version: Vec<String>,
}

impl Create {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = match self.without_tables {
            true => None,
            false => Some(context.settings.tenant_migrations(&self.migrations).await?),
        };
        let pool = context.pool().await?;
        let outside = match &migrations {
            None => Vec::new(),
            Some(migrations) if self.only_version.is_empty() => {
                outside_work(MigrationFolder::clone(migrations)).await?
            }
            Some(migrations) => {
                outside_work(ChosenMigrations::with_versions(migrations.clone(), &self.only_version)).await?
            }
        };
        if !context.settings.tenants.refuse_outside_work {
            outside.iter().for_each(|work| eprintln!("{}", warned(work)));
        }
        let done = if self.if_not_exists { "there" } else { "created" };
        Outcomes::of_each(context.printer, &self.names, done, async |name| {
            let versions = match (&migrations, self.only_version.as_slice()) {
                (None, _) => self.create(&pool, name, NoMigrations).await,
                (Some(migrations), []) => self.create(&pool, name, MigrationFolder::clone(migrations)).await,
                (Some(migrations), versions) => {
                    let chosen = ChosenMigrations::with_versions(migrations.clone(), versions);
                    self.create(&pool, name, chosen).await
                }
            }?;
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            let text = format!("{} applied", counted(versions.len(), "migration"));
            Ok::<_, LifecycleError>((text, json!({ "versions": versions, "outside": outside })))
        })
        .await
    }

    async fn create(
        &self,
        pool: &diesel_tenants::TenantPool,
        name: &str,
        migrations: impl diesel::migration::MigrationSource<diesel::pg::Pg> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        if self.if_not_exists {
            pool.ensure_tenant(name, migrations).await
        } else {
            pool.create_tenant(name, migrations).await
        }
    }
}
