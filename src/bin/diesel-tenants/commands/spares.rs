use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::{
    arguments::TenantMigrations,
    output::{Ending, say},
};

/// What to do about spares.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes as many spares as are missing: `tenant create` takes one, and only has to rename it.
    Prepare(Prepare),
}

/// Options of `spares prepare`.
#[derive(Debug, Args)]
pub struct Prepare {
    /// How many spares there should be.
    count: usize,
    #[command(flatten)]
    migrations: TenantMigrations,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let Self::Prepare(Prepare { count, migrations }) = self;
        let migrations = context.settings.tenant_migrations(&migrations).await?;
        let made = context.pool().await?.prepare_spares(count, migrations).await?;
        context.printer.result(&json!({ "made": made, "ready": count }), || {
            say!("spares ready: {count}; new ones: {made}");
        })?;
        Ok(Ending::Well)
    }
}
