use anyhow::anyhow;
use clap::Args;
use diesel_tenants::{directory::DomainError, pool::OWN_DATABASE};
use serde_json::json;

use super::move_to::size_of;
use crate::{
    completion::tenants,
    context::Context,
    migrations::Migrations,
    options::TenantMigrations,
    output::{Ending, bytes, counted, in_our_words, name, say, table},
};

/// Options of `tenant show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The tenant's name.
    #[arg(add = tenants())]
    name: String,
    #[command(flatten)]
    migrations: TenantMigrations,
}

impl Show {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.places("`tenant show`").await?;
        let unknown = || anyhow!("there is no tenant {:?}", self.name);
        let placement = pool.placement_of(&self.name).await?.ok_or_else(unknown)?;
        let domains = match pool.domains(Some(self.name.as_str())).await {
            Ok(domains) => domains,
            Err(DomainError::NoDirectory) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let database = placement.database().unwrap_or(OWN_DATABASE);
        let mut versions = None;
        if placement.schema_name().is_some() {
            let migrations = context.settings.tenant_migrations(&self.migrations).await?;
            let migrations = Migrations::All(migrations);
            versions = pool.versions_of(&self.name, &placement, migrations).await?;
        }
        // The directory knows of suspensions of tenants that live elsewhere.
        let listed = pool
            .tenants()
            .await?
            .into_iter()
            .find(|tenant| tenant.name.as_str() == self.name);
        let reserved = listed.as_ref().and_then(|listed| listed.reserved.as_ref());
        let reserved = reserved.map(ToString::to_string);
        let status = match (&listed, &versions) {
            (Some(listed), _) => listed.status.to_string(),
            (None, Some(versions)) => versions.status.to_string(),
            (None, None) => return Err(unknown()),
        };
        let (tables, size) = size_of(&*pool, &placement).await?;
        let schema = placement.schema_name().map(|schema| schema.as_str());
        let (applied, pending) = match &versions {
            Some(versions) => (versions.applied.clone(), versions.pending.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let mut result = json!({
            "tenant": self.name, "status": status, "database": database, "schema": schema,
            "tenant_id": placement.tenant_id(), "domains": domains, "applied": applied, "pending": pending,
            "tables": tables, "bytes": size,
        });
        if let Some(reserved) = &reserved {
            result["reserved"] = reserved.as_str().into();
        }
        context.printer.result(&result, || {
            let listed = |versions: &[String]| match versions {
                [] => "-".to_owned(),
                versions => versions.join(", "),
            };
            let domains: Vec<String> = domains
                .iter()
                .map(|one| format!("{}{}", one.domain, if one.is_primary { " (primary)" } else { "" }))
                .collect();
            let mut rows = vec![
                ["tenant".to_owned(), name(&self.name)],
                ["status".to_owned(), status.clone()],
                ["place".to_owned(), placement.to_string()],
                ["domains".to_owned(), listed(&domains)],
            ];
            if let Some(reserved) = &reserved {
                rows.insert(2, ["reserved".to_owned(), in_our_words(reserved)]);
            }
            if let Some(versions) = &versions {
                rows.push(["version".to_owned(), versions.newest().unwrap_or("-").to_owned()]);
                rows.push(["pending".to_owned(), listed(&pending)]);
                rows.push([
                    "size".to_owned(),
                    format!("{}, {}", counted(tables, "table"), bytes(size)),
                ]);
            }
            say!("{}", table(["", ""], rows));
        })?;
        Ok(Ending::Well)
    }
}
