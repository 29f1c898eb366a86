use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::postgres_options::TEXTS;
use crate::{
    completion::archives,
    context::Context,
    output::{Ending, Outcomes, name as shown},
};

/// Options of `tenant restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The archive's name, as `tenant archived` shows it.
    #[arg(add = archives())]
    archive: String,
    /// The tenant's new name. Default: its former name.
    name: Option<String>,
    /// PostgreSQL: restores the tenant even if texts of the tenant hold its former name. Such texts lead to the tenant
    /// that has the former name.
    #[arg(long)]
    leave_texts: bool,
}

impl Restore {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if self.leave_texts {
            context.database.needs_postgres("--leave-texts", TEXTS)?;
        }
        let pool = context.pool().await?;
        let name = match self.name {
            Some(name) => name,
            None => {
                let archives = pool.archived_tenants().await?;
                match archives
                    .iter()
                    .find(|archived| archived.archive.as_str() == self.archive)
                {
                    Some(archived) => archived.tenant.to_string(),
                    None => bail!(
                        "{:?} is not an archive: `diesel-tenants tenant archived` lists the archives",
                        self.archive
                    ),
                }
            }
        };
        let restored = pool.restore_tenant(&self.archive, &name, self.leave_texts).await;
        let mut outcomes = Outcomes::new(context.printer);
        outcomes.add(
            &name,
            "restored",
            restored.map(|()| {
                let text = format!("from {}; `migrate` brings it up to date", shown(&self.archive));
                (text, json!({ "archive": self.archive }))
            }),
        );
        outcomes.end()
    }
}
