use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    output::{Ending, name, say, table},
};

/// Options of `tenant list`.
#[derive(Debug, Args)]
pub struct List {
    /// Also lists spares, archives, and unfinished tenants that a crash left.
    #[arg(long)]
    all: bool,
}

impl List {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let tenants = if self.all {
            pool.all_tenants().await?
        } else {
            pool.tenants().await?
        };
        let listed: Vec<_> = tenants
            .iter()
            .map(|tenant| json!({ "tenant": tenant.name.as_str(), "status": tenant.status.to_string() }))
            .collect();
        context.printer.result(&json!({ "tenants": listed }), || {
            if tenants.is_empty() {
                say!("no tenants");
            } else {
                let rows = tenants
                    .iter()
                    .map(|tenant| [name(tenant.name.as_str()), tenant.status.to_string()]);
                say!("{}", table(["tenant", "status"], rows));
            }
        })?;
        Ok(Ending::Well)
    }
}
