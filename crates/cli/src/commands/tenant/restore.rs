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
    /// The tenant's new name. Default: its former name.
    name: Option<String>,
    /// Restores the tenant even if texts of the tenant hold its former name. Such texts lead to the tenant that has the
    /// former name.
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
                        "{:?} is not an archive: `diesel-tenants tenant archived` lists the archives",
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
