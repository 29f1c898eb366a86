use clap::Args;
use diesel_tenants::LifecycleError;
use serde_json::json;

use crate::{
    arguments::Patience,
    completion::tenants,
    context::Context,
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
    /// Goes on although texts elsewhere hold the name, such as settings of roles: they lead to whoever gets it next.
    #[arg(long)]
    leave_texts: bool,
}

impl Archive {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        Outcomes::of_each(context.printer, &self.names, "archived", async |name| {
            let mut archive = pool.archive_tenant(name).wait(self.patience.wait);
            if self.force {
                archive = archive.force();
            }
            if self.leave_texts {
                archive = archive.leave_texts();
            }
            let archive = archive.await?;
            let text = format!("as {}", shown(archive.as_str()));
            Ok::<_, LifecycleError>((text, json!({ "archive": archive.as_str() })))
        })
        .await
    }
}
