use clap::Args;
use diesel_tenants::{LifecycleError, pool::OWN_DATABASE};
use serde_json::json;

use crate::{
    completion::databases,
    context::Context,
    migrations::Migrations,
    options::{DatabaseAndSchema, TenantMigrations},
    output::{Ending, Outcomes, counted},
};

/// Options of `tenant place`.
#[derive(Debug, Args)]
pub struct Place {
    /// The tenant's name.
    name: String,
    /// The database, by its name in `diesel-tenants.toml`, or DATABASE:SCHEMA if the schema is to have another name than
    /// the tenant; `main` is the database of the URL.
    #[arg(value_name = "PLACE", value_parser = DatabaseAndSchema::parse, add = databases())]
    place: DatabaseAndSchema,
    #[command(flatten)]
    migrations: TenantMigrations,
}

impl Place {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let folder = context.settings.tenant_migrations(&self.migrations).await?;
        at(context, &[self.name], &self.place, Migrations::All(folder)).await
    }
}

/// Creates tenants in a database, each in a schema of its own name.
pub async fn place(
    context: &Context,
    names: &[String],
    database: &str,
    migrations: Migrations,
) -> anyhow::Result<Ending> {
    let place = DatabaseAndSchema {
        database: database.to_owned(),
        schema: None,
    };
    at(context, names, &place, migrations).await
}

async fn at(
    context: &Context,
    names: &[String],
    place: &DatabaseAndSchema,
    migrations: Migrations,
) -> anyhow::Result<Ending> {
    let pool = context.places("the place of a tenant").await?;
    let mut outcomes = Outcomes::new(context.printer);
    for name in names {
        let placement = place.of(name)?;
        let placed = pool
            .place_tenant(name.as_str(), placement.clone(), migrations.clone())
            .await;
        let placed = placed.map(|versions| {
            let text = format!("{placement}, {} applied", counted(versions.len(), "migration"));
            let database = placement.database().unwrap_or(OWN_DATABASE);
            let details = json!({ "database": database, "schema": placement.schema_name().map(|name| name.as_str()), "versions": versions });
            (format!("in {text}"), details)
        });
        outcomes.add::<LifecycleError>(name, "created", placed);
    }
    outcomes.end()
}
