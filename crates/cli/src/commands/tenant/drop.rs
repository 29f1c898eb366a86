use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use anyhow::bail;
use clap::Args;
use diesel_tenants::{LifecycleError, Placement, TenantInfo};
use serde_json::json;

use super::{move_to::size_of, postgres_options::PostgresOptions};
use crate::{
    completion::tenants,
    confirm::confirm,
    context::Context,
    database::{AnyPool, Places},
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
        let mut places = BTreeMap::new();
        for name in &self.names {
            let is_known = own.contains(name) || listed.contains(name);
            let is_elsewhere = |placement: &Placement| {
                let schema = placement.schema_name().map(|schema| schema.as_str());
                placement.database().is_some() || is_known && schema != Some(name)
            };
            let elsewhere = match pool.placement_of(name).await {
                Ok(placement) => placement.filter(is_elsewhere),
                Err(error) if is_known => return Err(error.into()),
                // No tenant can have that name.
                Err(_) => None,
            };
            if !is_known && elsewhere.is_none() {
                bail!(
                    "there is no tenant {name:?}, and nothing was dropped: `diesel-tenants tenant list --all` shows the \
                     existing tenants"
                );
            }
            places.insert(name.as_str(), elsewhere);
        }
        // What is dropped is where the directory says, even if a schema of that name is here as well.
        let mut sizes = BTreeMap::new();
        let mut further = None;
        for (name, elsewhere) in places {
            let size = match elsewhere {
                Some(placement) if placement.schema_name().is_none() => format!("in {placement}"),
                Some(placement) => {
                    let there = match further.take() {
                        Some(there) => there,
                        None => context.places("`tenant drop`").await?,
                    };
                    size_elsewhere(&**further.insert(there), &placement).await?
                }
                None if own.contains(name) => size(&*pool, name).await?,
                None => "without a schema".to_owned(),
            };
            sizes.insert(name, size);
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

/// The place of a tenant in another database, and its size there.
async fn size_elsewhere(places: &dyn Places, placement: &Placement) -> anyhow::Result<String> {
    let (tables, size) = size_of(places, placement).await?;
    Ok(format!("in {placement}, {}, {}", counted(tables, "table"), bytes(size)))
}
