use std::{collections::BTreeMap, convert::Infallible};

use anyhow::bail;
use clap::Args;
use diesel_tenants::LifecycleError;
use serde_json::json;
use tokio_postgres::{Client, types::Type};

use crate::{
    arguments::{Consent, Patience},
    completion::tenants,
    confirm::confirm,
    context::Context,
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
        let mut sizes = BTreeMap::new();
        for name in &self.names {
            sizes.insert(name.as_str(), size(&client, name).await?);
        }
        if self.dry_run {
            return Outcomes::of_each(context.printer, &self.names, "would be dropped", async |name| {
                Ok::<_, Infallible>((sizes[name].clone(), json!({})))
            })
            .await;
        }
        let listed = self
            .names
            .iter()
            .map(|name| format!("{} ({})", shown(name), sizes[name.as_str()]));
        let listed = listed.collect::<Vec<_>>().join(", ");
        confirm(&self.consent, &format!("Drop {listed}, for good?"))?;
        Outcomes::of_each(context.printer, &self.names, "dropped", async |name| {
            let mut drop = pool.drop_tenant(name).wait(self.patience.wait);
            if self.force {
                drop = drop.force();
            }
            drop.await?;
            Ok::<_, LifecycleError>((sizes[name].clone(), json!({})))
        })
        .await
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
