use clap::Args;
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
    output::{Ending, Outcomes, name},
};

/// Options of `tenant clone`.
#[derive(Debug, Args)]
pub struct Clone {
    /// The tenant to be copied, which may be in use.
    #[arg(add = tenants())]
    template: String,
    /// The new tenant's name.
    name: String,
    /// Copies the tables without their rows.
    #[arg(long)]
    without_data: bool,
}

impl Clone {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let cloned = pool.clone_tenant(&self.template, &self.name, !self.without_data).await;
        let mut outcomes = Outcomes::new(context.printer);
        let rows = if self.without_data { "without" } else { "with" };
        outcomes.add(
            &self.name,
            "created",
            cloned.map(|()| {
                let text = format!("like {}, {rows} its rows", name(&self.template));
                (
                    text,
                    json!({ "template": self.template, "with_rows": !self.without_data }),
                )
            }),
        );
        outcomes.end()
    }
}
