use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    output::{Ending, name, print_reserved, say, table},
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
        let listed = tenants.iter().map(|tenant| {
            let mut listed = json!({ "tenant": tenant.name.as_str(), "status": tenant.status.to_string() });
            if let Some(reserved) = &tenant.reserved {
                listed["reserved"] = reserved.to_string().into();
            }
            listed
        });
        let listed: Vec<_> = listed.collect();
        context.printer.result(&json!({ "tenants": listed }), || {
            if tenants.is_empty() {
                say!("no tenants");
            } else {
                let rows = tenants
                    .iter()
                    .map(|tenant| [name(tenant.name.as_str()), tenant.status.to_string()]);
                say!("{}", table(["tenant", "status"], rows));
                for tenant in &tenants {
                    print_reserved(None, &tenant.name, tenant.reserved.as_ref());
                }
            }
        })?;
        Ok(Ending::Well)
    }
}
