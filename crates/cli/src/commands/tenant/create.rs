use clap::Args;
use diesel_tenants::LifecycleError;
use serde_json::json;

use super::place;
use crate::{
    completion::databases,
    context::Context,
    migrations::Migrations,
    options::TenantMigrations,
    output::{Ending, Outcomes, counted, warned},
};

/// Options of `tenant create`.
#[derive(Debug, Args)]
pub struct Create {
    /// The names of the tenants, which are also the names of their schemas or files.
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
    /// PostgreSQL and MySQL: creates the tenants in this database, by its name in `diesel-tenants.toml`; `main` is that of the
    /// database URL. Needs a directory. Default: the database of the URL.
    #[arg(long, value_name = "DATABASE", add = databases(), conflicts_with = "if_not_exists")]
    place: Option<String>,
}

impl Create {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = self.migrations(context).await?;
        if let Some(database) = &self.place {
            return place::place(context, &self.names, database, migrations).await;
        }
        let pool = context.pool().await?;
        let outside = pool.outside_work(migrations.clone()).await?;
        if !context.settings.tenants.refuse_outside_work {
            outside.iter().for_each(|work| eprintln!("{}", warned(work)));
        }
        let done = if self.if_not_exists { "there" } else { "created" };
        Outcomes::of_each(context.printer, &self.names, done, async |name| {
            let versions = pool.create_tenant(name, migrations.clone(), self.if_not_exists).await?;
            let text = format!("{} applied", counted(versions.len(), "migration"));
            Ok::<_, LifecycleError>((text, json!({ "versions": versions, "outside": outside })))
        })
        .await
    }

    async fn migrations(&self, context: &Context) -> anyhow::Result<Migrations> {
        if self.without_tables {
            return Ok(Migrations::None);
        }
        let folder = context.settings.tenant_migrations(&self.migrations).await?;
        Ok(match self.only_version.as_slice() {
            [] => Migrations::All(folder),
            versions => Migrations::Versions(folder, versions.to_vec()),
        })
    }
}
