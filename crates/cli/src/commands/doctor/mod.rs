//! Looks for what goes wrong later.

mod catalog;
mod changes;
mod directory;
mod finding;
mod functions;
mod server;
mod session;

use clap::Args;
use serde_json::json;

use crate::{
    context::Context,
    output::{Ending, line, say, table},
};
use finding::{Check, Finding, Severity};

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Ends with exit code 1 also if there are warnings.
    #[arg(long)]
    strict: bool,
}

impl Doctor {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let client = context.database.client("").await;
        let client = client.map_err(|error| anyhow::Error::new(error).context("can't connect to the database"))?;
        let mut findings = server::findings(&client).await?;
        findings.extend(session::findings(context, &client).await?);
        let shared_schema = context.settings.tenants.shared_schema.as_deref().unwrap_or("public");
        findings.extend(catalog::findings(&client, shared_schema).await?);
        findings.extend(changes::findings(&client, shared_schema).await?);
        findings.push(functions::findings(&client, shared_schema).await?);
        findings.extend(directory::findings(&client, shared_schema).await);
        match context.pool().await {
            Ok(pool) => {
                let found = "the library's connections can be opened, and reach no table by its bare name";
                findings.push(Finding::fine("pool", found));
                findings.push(catalog::unfinished(&pool).await?);
                findings.push(catalog::cross_references(&pool).await?);
            }
            Err(error) => findings.push(Finding::problem(
                "pool",
                line(error.as_ref()),
                "see what the message advises",
            )),
        }
        let worst = findings.iter().map(|finding| finding.severity).max();
        context.printer.result(&json!({ "findings": findings }), || {
            let rows = findings.iter().map(|finding| {
                [
                    finding.severity.to_string(),
                    finding.check.to_owned(),
                    finding.found.clone(),
                ]
            });
            say!("{}", table(["", "check", "found"], rows));
            for Finding { check, advice, .. } in &findings {
                if let Some(advice) = advice {
                    say!("{check}: {advice}");
                }
            }
        })?;
        let worst_allowed = if self.strict { Severity::Fine } else { Severity::Warning };
        Ok(Ending::well_if(worst <= Some(worst_allowed)))
    }
}
