use anyhow::anyhow;
use clap::Args;
use diesel_tenants::migrations::FleetError;

use super::databases;
use crate::{
    chosen_databases::Databases,
    completion::tenants,
    context::Context,
    migrations::Migrations,
    options::TenantMigrations,
    output::{Ending, counted, name, print_changed, print_invalid, print_reserved, say, table},
};

/// Options of `status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    migrations: TenantMigrations,
    /// Only this tenant; may be given more than once. Default: all tenants, including suspended ones and spares.
    #[arg(long, value_name = "TENANT", add = tenants())]
    only: Vec<String>,
    /// Only tenants that lack a migration, have a migration that isn't in the folder, or have an invalid index.
    #[arg(long)]
    behind: bool,
    /// Ends with exit code 1 if a tenant lacks a migration, has a migration that isn't in the folder, or has an invalid
    /// index.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    databases: Databases,
}

impl Status {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let migrations = context.settings.tenant_migrations(&self.migrations).await?;
        if context.has_further_databases() {
            let shared = context.settings.shared_migrations_if_any().await?;
            let migrations = (shared, migrations);
            let shown = (self.behind, self.check);
            return databases::status(context, &self.databases, migrations, &self.only, shown).await;
        }
        let pool = context.pool_of("status", &self.databases).await?;
        let status = pool.migration_status(Migrations::All(migrations), &self.only).await;
        let mut status = status.map_err(advised)?;
        let is_behind = |versions: &diesel_tenants::migrations::TenantVersions| {
            !versions.pending.is_empty() || !versions.unknown.is_empty()
        };
        let (behind, all) = (
            status.tenants.iter().filter(|versions| is_behind(versions)).count(),
            status.tenants.len(),
        );
        let invalid: usize = status
            .tenants
            .iter()
            .map(|versions| versions.invalid_indexes.len())
            .sum();
        if self.behind {
            status
                .tenants
                .retain(|versions| is_behind(versions) || !versions.invalid_indexes.is_empty());
        }
        context.printer.result(&status, || {
            let rows = status.tenants.iter().map(|versions| {
                [
                    name(versions.tenant.as_str()),
                    versions.status.to_string(),
                    versions.newest().unwrap_or("-").to_owned(),
                    versions.applied.len().to_string(),
                    listed(&versions.pending),
                    listed(&versions.unknown),
                ]
            });
            let header = ["tenant", "status", "version", "applied", "pending", "not in the folder"];
            if !status.tenants.is_empty() {
                say!("{}", table(header, rows));
            }
            print_changed(&status.changed);
            for versions in &status.tenants {
                print_invalid(None, &versions.tenant, &versions.invalid_indexes);
                print_reserved(None, &versions.tenant, versions.reserved.as_ref());
            }
            match (all, behind) {
                (0, _) => say!("no tenants"),
                (_, 0) => say!("{}, all up to date", counted(all, "tenant")),
                _ => say!("{}, {behind} not up to date", counted(all, "tenant")),
            }
        })?;
        Ok(Ending::well_if(!self.check || (behind == 0 && invalid == 0)))
    }
}

/// Why there is no status, and what to type instead.
fn advised(error: FleetError) -> anyhow::Error {
    match error {
        FleetError::UnknownTenant { tenant } => anyhow!(
            "there is no tenant {:?}: `diesel-tenants tenant list` shows the existing tenants",
            tenant.as_str()
        ),
        error => error.into(),
    }
}

/// The first version, and how many more there are.
fn listed(versions: &[String]) -> String {
    match versions {
        [] => "-".to_owned(),
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}
