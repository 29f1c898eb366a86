use clap::Args;
use serde_json::json;

use crate::{
    arguments::Patience,
    commands::Context,
    completion::tenants,
    output::{Ending, Outcomes, name as shown},
};

/// Options of `tenant archive`.
#[derive(Debug, Args)]
pub struct Archive {
    /// The tenants' names, which are free again afterwards.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
    #[command(flatten)]
    patience: Patience,
    /// Ends the sessions that use the tenant, of whatever application.
    #[arg(long)]
    force: bool,
}

impl Archive {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let mut outcomes = Outcomes::new(context.printer);
        for name in &self.names {
            let archive = pool.archive_tenant(name).wait(self.patience.wait);
            let archived = if self.force {
                archive.force().await
            } else {
                archive.await
            };
            let archived = archived.map(|archive| {
                (
                    format!("as {}", shown(archive.as_str())),
                    json!({ "archive": archive.as_str() }),
                )
            });
            outcomes.add(name, "archived", archived);
        }
        outcomes.end()
    }
}
