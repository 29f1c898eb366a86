use anyhow::bail;
use clap::Args;
use serde_json::json;
use tokio_postgres::{Client, types::Type};

use crate::{
    arguments::{Consent, Patience},
    commands::Context,
    completion::tenants,
    confirm::confirm,
    output::{Ending, Outcomes, counted, name as shown},
};

/// Options of `tenant drop`.
#[derive(Debug, Args)]
pub struct Drop {
    /// The tenants' names; or the schemas of archives, spares, and what a crash left.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
    #[command(flatten)]
    patience: Patience,
    /// Ends the sessions that use the tenant, and drops what depends on it in other schemas: foreign keys, views.
    #[arg(long)]
    force: bool,
    /// Only shows what would be dropped.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

impl Drop {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let there = pool.all_tenants().await?;
        if let Some(unknown) = self
            .names
            .iter()
            .find(|name| !there.iter().any(|tenant| tenant.name.as_str() == **name))
        {
            bail!(
                "there is no tenant {unknown:?}, and nothing was dropped: `diesel-tenants tenant list --all` shows those there \
                 are"
            );
        }
        let client = context.database.safe_client(&context.settings).await?;
        let mut outcomes = Outcomes::new(context.printer);
        let mut sizes = Vec::new();
        for name in &self.names {
            sizes.push(size(&client, name).await?);
        }
        if self.dry_run {
            for (name, size) in self.names.iter().zip(sizes) {
                outcomes.add::<tokio_postgres::Error>(name, "would be dropped", Ok((size, json!({}))));
            }
            return outcomes.end();
        }
        let listed: Vec<String> = self
            .names
            .iter()
            .zip(&sizes)
            .map(|(name, size)| format!("{} ({size})", shown(name)))
            .collect();
        confirm(&self.consent, &format!("Drop {}, for good?", listed.join(", ")))?;
        for (name, size) in self.names.iter().zip(sizes) {
            let request = pool.drop_tenant(name).wait(self.patience.wait);
            let dropped = if self.force {
                request.force().await
            } else {
                request.await
            };
            outcomes.add(name, "dropped", dropped.map(|()| (size, json!({}))));
        }
        outcomes.end()
    }
}

/// How much there is in a schema, for people.
async fn size(client: &Client, schema: &str) -> anyhow::Result<String> {
    let sql = "SELECT pg_catalog.count(*), pg_catalog.pg_size_pretty(coalesce(pg_catalog.sum( \
               pg_catalog.pg_total_relation_size(c.oid)), 0)) FROM pg_catalog.pg_class c \
               WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) \
               AND c.relkind IN ('r', 'p', 'm')";
    let row = client.query_typed_one(sql, &[(&schema, Type::NAME)]).await?;
    let (tables, size): (i64, &str) = (row.get(0), row.get(1));
    Ok(format!("{}, {size}", counted(tables, "table")))
}
