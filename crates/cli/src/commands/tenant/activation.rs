//! `tenant suspend` and `tenant resume`.

use clap::Args;
use diesel_tenants::LifecycleError;
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
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
        Outcomes::of_each(context.printer, &self.names, "suspended", async |name| {
            pool.suspend_tenant(name).await?;
            let note = format!("other processes see it {}", context.database.suspension_is_seen());
            Ok::<_, LifecycleError>((note, json!({})))
        })
        .await
    }
}

impl Resume {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        Outcomes::of_each(context.printer, &self.names, "resumed", async |name| {
            pool.resume_tenant(name).await?;
            Ok::<_, LifecycleError>((String::new(), json!({})))
        })
        .await
    }
}
