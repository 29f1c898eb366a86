use clap::Args;
use serde_json::json;

use super::postgres_options::PostgresOptions;
use crate::{
    completion::tenants,
    context::Context,
    options::Patience,
    output::{Ending, Outcomes, name},
};

/// Options of `tenant rename`.
#[derive(Debug, Args)]
pub struct Rename {
    /// The name up to now.
    #[arg(add = tenants())]
    from: String,
    /// The name from now on.
    to: String,
    #[command(flatten)]
    patience: Patience,
    /// PostgreSQL: renames the tenant even if texts hold the old name, such as bodies of functions and settings of
    /// roles. Such texts will lead to the next tenant that gets the old name.
    #[arg(long)]
    leave_texts: bool,
}

impl Rename {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let options = PostgresOptions {
            leave_texts: self.leave_texts,
            ..PostgresOptions::default()
        };
        let manner = options.manner(&self.patience, context)?;
        let renamed = context.pool().await?.rename_tenant(&self.from, &self.to, manner).await;
        let mut outcomes = Outcomes::new(context.printer);
        outcomes.add(
            &self.from,
            "renamed",
            renamed.map(|()| (format!("now {}", name(&self.to)), json!({ "to": self.to }))),
        );
        outcomes.end()
    }
}
