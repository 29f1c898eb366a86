use clap::Args;
use serde_json::json;

use crate::{
    commands::Context,
    completion::tenants,
    output::{Ending, Outcomes},
};

/// Options of `tenant suspend`.
#[derive(Debug, Args)]
pub struct Suspend {
    /// The tenants' names.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
}

/// Options of `tenant resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// The tenants' names.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
}

impl Suspend {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let mut outcomes = Outcomes::new(context.printer);
        for name in &self.names {
            let suspended = pool.suspend_tenant(name).await;
            let note = "known to all within a minute, by default";
            outcomes.add(name, "suspended", suspended.map(|()| (note.to_owned(), json!({}))));
        }
        outcomes.end()
    }
}

impl Resume {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let mut outcomes = Outcomes::new(context.printer);
        for name in &self.names {
            outcomes.add(
                name,
                "resumed",
                pool.resume_tenant(name).await.map(|()| (String::new(), json!({}))),
            );
        }
        outcomes.end()
    }
}
