use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use anyhow::bail;
use clap::Args;
use diesel_tenants::{LifecycleError, TenantInfo};
use serde_json::json;

use super::postgres_options::PostgresOptions;
use crate::{
    completion::tenants,
    confirm::confirm,
    context::Context,
    database::AnyPool,
    options::{Consent, Patience},
    output::{Ending, Outcomes, bytes, counted, name as shown},
};

/// Options of `tenant drop`.
#[derive(Debug, Args)]
pub struct Drop {
    /// The tenants' names, or the schemas of archives, spares, and unfinished tenants that a crash left.
    #[arg(required = true, add = tenants())]
    names: Vec<String>,
    #[command(flatten)]
    patience: Patience,
    /// PostgreSQL: ends the sessions that use the tenant, and drops objects in other schemas that depend on the tenant:
    /// foreign keys, views.
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
        let options = PostgresOptions {
            force: self.force,
            ..PostgresOptions::default()
        };
        let manner = options.manner(&self.patience, context)?;
        let pool = context.pool().await?;
        let own = names_of(pool.all_tenants().await?);
        // A directory also lists the tenants of other databases.
        let listed = names_of(pool.tenants().await?);
        if let Some(unknown) = self
            .names
            .iter()
            .find(|name| !own.contains(*name) && !listed.contains(*name))
        {
            bail!(
                "there is no tenant {unknown:?}, and nothing was dropped: `diesel-tenants tenant list --all` shows the \
                 existing tenants"
            );
        }
        let mut sizes = BTreeMap::new();
        for name in &self.names {
            let size = match own.contains(name) {
                true => size(&*pool, name).await?,
                false => "in another database".to_owned(),
            };
            sizes.insert(name.as_str(), size);
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
            pool.drop_tenant(name, manner).await?;
            Ok::<_, LifecycleError>((sizes[name].clone(), json!({})))
        })
        .await
    }
}

fn names_of(tenants: Vec<TenantInfo>) -> BTreeSet<String> {
    tenants.into_iter().map(|tenant| tenant.name.to_string()).collect()
}

/// The size of a schema, as text for people.
async fn size(pool: &dyn AnyPool, schema: &str) -> anyhow::Result<String> {
    let size = pool.schema_size(schema).await?.unwrap_or_default();
    Ok(format!("{}, {}", counted(size.tables, "table"), bytes(size.bytes)))
}
