use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use diesel_tenants::lifecycle::ArchivedTenant;
use serde_json::{Value, json};

use crate::{
    confirm::confirm,
    context::Context,
    duration,
    options::Consent,
    output::{Ending, Outcomes, name, say, table},
};

/// Options of `tenant archived`.
#[derive(Debug, Args)]
pub struct Archived {
    /// Drops the archives of at least this age, for good: a number with s, m, h or d.
    #[arg(long, value_name = "AGE", value_parser = duration::parse)]
    drop_older_than: Option<Duration>,
    #[command(flatten)]
    consent: Consent,
}

impl Archived {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self.drop_older_than {
            None => list(context).await,
            Some(age) => self.drop(context, age).await,
        }
    }

    async fn drop(self, context: &Context, age: Duration) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let question = format!("Drop all archives that are older than {} days, for good?", days(age));
        confirm(&self.consent, &question)?;
        let report = pool.drop_archived(age).await?;
        if report.dropped.is_empty() && report.failed.is_empty() && !context.printer.is_json() {
            say!("no archives of that age");
        }
        let mut outcomes = Outcomes::new(context.printer);
        for archived in report.dropped {
            let details = (
                format!("an archive of {}", name(archived.tenant.as_str())),
                json!({ "archive_of": archived.tenant.as_str() }),
            );
            outcomes.add::<diesel_tenants::LifecycleError>(archived.archive.as_str(), "dropped", Ok(details));
        }
        for (archived, error) in report.failed {
            outcomes.add(archived.archive.as_str(), "dropped", Err(error));
        }
        outcomes.end()
    }
}

async fn list(context: &Context) -> anyhow::Result<Ending> {
    let archives = context.pool().await?.archived_tenants().await?;
    let listed: Vec<Value> = archives.iter().map(document).collect();
    context.printer.result(&json!({ "archives": listed }), || {
        if archives.is_empty() {
            say!("no archives");
        } else {
            let rows = archives.iter().map(|archived| {
                let age = SystemTime::now().duration_since(archived.since).unwrap_or_default();
                [
                    name(archived.archive.as_str()),
                    name(archived.tenant.as_str()),
                    format!("{} days", days(age)),
                ]
            });
            say!("{}", table(["archive", "tenant", "age"], rows));
        }
    })?;
    Ok(Ending::Well)
}

fn document(archived: &ArchivedTenant) -> Value {
    let since = archived.since.duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "archive": archived.archive.as_str(),
        "tenant": archived.tenant.as_str(),
        "since_unix_seconds": since.as_secs(),
    })
}

/// A time in days, with one digit after the decimal point.
fn days(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / 86_400.0)
}
