use clap::{Args, Subcommand};
use serde_json::json;

use super::databases;
use crate::{
    chosen_databases::Databases,
    confirm::confirm,
    context::Context,
    migrations::Migrations,
    options::{Consent, Count, SharedMigrations},
    output::{Ending, print_invalid, say, table},
};

/// What to do with the shared schema.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Applies the shared schema's pending migrations.
    Migrate(Migrate),
    /// Reverts the shared schema's newest migrations.
    Revert(Revert),
    /// Shows which migrations the shared schema has, and which are pending.
    Status(Status),
}

/// Options of `shared migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    migrations: SharedMigrations,
    /// Only shows what would be applied.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    databases: Databases,
}

/// Options of `shared revert`.
#[derive(Debug, Args)]
pub struct Revert {
    #[command(flatten)]
    migrations: SharedMigrations,
    #[command(flatten)]
    count: Count,
    /// Only shows what would be reverted.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    databases: Databases,
}

/// Options of `shared status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    migrations: SharedMigrations,
    /// Ends with exit code 1 if a migration is pending, or an index is invalid.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    databases: Databases,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::Migrate(migrate) => migrate.run(context).await,
            Self::Revert(revert) => revert.run(context).await,
            Self::Status(status) => status.run(context).await,
        }
    }
}

impl Migrate {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let folder = context.settings.shared_migrations(&self.migrations).await?;
        if context.has_further_databases() {
            return databases::shared::migrate(context, &self.databases, folder, self.dry_run).await;
        }
        let migrations = Migrations::All(folder);
        let pool = context.pool_of("shared migrate", &self.databases).await?;
        let versions: Vec<String> = if self.dry_run {
            pool.shared_migration_status(migrations).await?.pending
        } else {
            pool.migrate_shared(migrations).await?
        };
        print(context, "applied", &versions, self.dry_run)
    }
}

impl Revert {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let folder = context.settings.shared_migrations(&self.migrations).await?;
        if context.has_further_databases() {
            let how = (&self.count, &self.consent, self.dry_run);
            return databases::shared::revert(context, &self.databases, folder, how).await;
        }
        let migrations = Migrations::All(folder);
        let pool = context.pool_of("shared revert", &self.databases).await?;
        let status = pool.shared_migration_status(migrations.clone()).await?;
        let count = if self.count.all { usize::MAX } else { self.count.number };
        let newest: Vec<String> = status.applied.into_iter().rev().take(count).collect();
        if self.dry_run || newest.is_empty() {
            return print(context, "reverted", &newest, self.dry_run);
        }
        let question = format!(
            "Revert {} of the shared schema {}, with the data of the tables that this drops?",
            newest.join(", "),
            pool.shared_schema()
        );
        confirm(&self.consent, &question)?;
        let versions = pool.revert_shared(migrations, self.count.revert()).await?;
        print(context, "reverted", &versions, false)
    }
}

fn print(context: &Context, done: &str, versions: &[String], dry_run: bool) -> anyhow::Result<Ending> {
    let result = json!({ "versions": versions, "dry_run": dry_run });
    context.printer.result(&result, || {
        for version in versions {
            say!("{}{done} {version}", if dry_run { "would be " } else { "" });
        }
        if versions.is_empty() {
            say!("nothing to be {done}");
        }
    })?;
    Ok(Ending::Well)
}

impl Status {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let folder = context.settings.shared_migrations(&self.migrations).await?;
        if context.has_further_databases() {
            return databases::shared::status(context, &self.databases, folder, self.check).await;
        }
        let migrations = Migrations::All(folder);
        let pool = context.pool_of("shared status", &self.databases).await?;
        let status = pool.shared_migration_status(migrations).await?;
        context.printer.result(&status, || {
            let known = |version: &String| !status.unknown.contains(version);
            let mut rows: Vec<[String; 2]> = status
                .applied
                .iter()
                .map(|version| {
                    [
                        version.clone(),
                        if known(version) {
                            "applied"
                        } else {
                            "applied, not in the folder"
                        }
                        .into(),
                    ]
                })
                .chain(status.pending.iter().map(|version| [version.clone(), "pending".into()]))
                .collect();
            rows.sort();
            say!("{}", table(["migration", "status"], rows));
            print_invalid(None, pool.shared_schema(), &status.invalid_indexes);
        })?;
        let is_well = status.pending.is_empty() && status.invalid_indexes.is_empty();
        Ok(Ending::well_if(!self.check || is_well))
    }
}
