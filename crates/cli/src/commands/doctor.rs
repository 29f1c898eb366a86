//! Looks for problems before they cause errors.

use clap::Args;
use diesel_tenants::diagnosis::{Check, Finding, Found, Severity};
use serde_json::{Value, json};

use crate::{
    context::Context,
    output::{Ending, in_our_words, name, on_one_line, say, table},
};

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Ends with exit code 1 also if there are warnings.
    #[arg(long)]
    strict: bool,
    /// SQLite: also reads the contents of all files, and looks whether they are damaged.
    #[arg(long)]
    integrity: bool,
}

impl Doctor {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let report = context.database.diagnose(&context.settings, self.integrity).await?;
        let findings: Vec<Value> = report.findings.iter().map(document).collect();
        context.printer.result(&json!({ "findings": findings }), || {
            let rows = report.findings.iter().map(|finding| {
                let severity = match finding.severity {
                    Severity::Fine => "ok",
                    severity => called(severity),
                };
                [severity.to_owned(), finding.check.to_string(), found(finding)]
            });
            say!("{}", table(["", "check", "found"], rows));
            for finding in &report.findings {
                if let Some(advice) = finding.advice {
                    say!("{}: {}", finding.check, in_our_words(advice));
                }
            }
        })?;
        let worst_allowed = if self.strict { Severity::Fine } else { Severity::Warning };
        Ok(Ending::well_if(report.worst() <= worst_allowed))
    }
}

fn document(finding: &Finding) -> Value {
    json!({
        "check": finding.check.to_string(),
        "severity": called(finding.severity),
        "found": found(finding),
        "advice": finding.advice.map(in_our_words),
    })
}

/// The severity's name in JSON.
fn called(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "fine",
        Severity::Warning => "warning",
        _ => "problem",
    }
}

/// What was found, with tenants' names as they are shown everywhere.
fn found(finding: &Finding) -> String {
    match (finding.check, finding.found.clone()) {
        (Check::UnfinishedTenants, Found::Names(names)) => {
            Found::Names(names.iter().map(|tenant| name(tenant)).collect()).to_string()
        }
        (_, Found::Locks { room, largest }) => {
            let largest = largest.map(|(tenant, relations)| (name(&tenant), relations));
            Found::Locks { room, largest }.to_string()
        }
        (Check::Pool, Found::Fact(fact)) if finding.severity == Severity::Problem => {
            on_one_line(&format!("can't use the database: {fact}"))
        }
        (_, Found::Fact(fact)) => on_one_line(&fact),
        (_, found) => found.to_string(),
    }
}
