use clap::Args;
use diesel_tenants::LifecycleError;
use serde_json::json;

use super::postgres_options::PostgresOptions;
use crate::{
    completion::tenants,
    context::Context,
    options::Patience,
    output::{Ending, Outcomes, name as shown},
};

/// Options of `tenant archive`.
#[derive(Debug, Args)]
pub struct Archive {
    /// The tenants' names. They are free for other tenants afterwards.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
    #[command(flatten)]
    patience: Patience,
    /// PostgreSQL: ends the sessions that use the tenant, whatever application they belong to.
    #[arg(long)]
    force: bool,
    /// PostgreSQL: archives the tenant even if texts elsewhere hold its name, such as settings of roles. Such texts
    /// will lead to the next tenant that gets the name.
    #[arg(long)]
    leave_texts: bool,
}

impl Archive {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let options = PostgresOptions {
            force: self.force,
            leave_texts: self.leave_texts,
        };
        let manner = options.manner(&self.patience, context)?;
        let pool = context.pool().await?;
        Outcomes::of_each(context.printer, &self.names, "archived", async |name| {
            let archive = pool.archive_tenant(name, manner).await?;
            let text = format!("as {}", shown(archive.as_str()));
            Ok::<_, LifecycleError>((text, json!({ "archive": archive.as_str() })))
        })
        .await
    }
}
