use anyhow::bail;
use clap::Args;
use serde_json::json;

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
    /// The name that the tenant gets. Default: the one that it had.
    name: Option<String>,
    /// Goes on although texts of the tenant hold the name that it had: they lead to whoever has that one.
    #[arg(long)]
    leave_texts: bool,
}

impl Restore {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
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
                        "{:?} is no archive: `diesel-tenants tenant archived` lists those there are",
                        self.archive
                    ),
                }
            }
        };
        let restore = pool.restore_tenant(self.archive.as_str(), name.as_str());
        let restored = if self.leave_texts {
            restore.leave_texts().await
        } else {
            restore.await
        };
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
