//! The domains that lead to tenants.

use clap::{Args, Subcommand};
use diesel_tenants::directory::DomainError;
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
    output::{Ending, Outcomes, name, say, table},
};

/// What to do with domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lets domains lead to a tenant.
    Add(Add),
    /// Lets domains lead to no tenant any more.
    Remove(Remove),
    /// Lists domains with their tenants.
    List(List),
    /// Makes a domain the main one of its tenant.
    Primary(Primary),
}

/// Options of `domain add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The tenant's name.
    #[arg(add = tenants())]
    tenant: String,
    /// The domains, in ASCII, as in xn--bcher-kva.example.
    #[arg(required = true)]
    domains: Vec<String>,
}

/// Options of `domain remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// The domains.
    #[arg(required = true)]
    domains: Vec<String>,
}

/// Options of `domain list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only those of this tenant.
    #[arg(add = tenants())]
    tenant: Option<String>,
}

/// Options of `domain primary`.
#[derive(Debug, Args)]
pub struct Primary {
    /// The domain, which leads to a tenant already.
    domain: String,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::Add(add) => add.run(context).await,
            Self::Remove(remove) => remove.run(context).await,
            Self::List(list) => list.run(context).await,
            Self::Primary(primary) => primary.run(context).await,
        }
    }
}

impl Add {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.database.domains(&context.settings).await?;
        Outcomes::of_each(context.printer, &self.domains, "leads", async |domain| {
            let is_new = pool.add_domain(&self.tenant, domain).await?;
            let text = format!("to {}{}", name(&self.tenant), if is_new { "" } else { ", as before" });
            Ok::<_, DomainError>((
                text,
                json!({ "domain": domain, "tenant": self.tenant, "is_new": is_new }),
            ))
        })
        .await
    }
}

impl Remove {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.database.domains(&context.settings).await?;
        Outcomes::of_each(context.printer, &self.domains, "removed", async |domain| {
            match pool.remove_domain(domain).await? {
                true => Ok((String::new(), json!({ "domain": domain }))),
                false => Err(DomainError::Unknown {
                    domain: domain.to_owned(),
                }),
            }
        })
        .await
    }
}

impl List {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.database.domains(&context.settings).await?;
        let domains = pool.domains(self.tenant.as_deref()).await?;
        context.printer.result(&json!({ "domains": domains }), || {
            if domains.is_empty() {
                say!("no domains");
                return;
            }
            let rows = domains.iter().map(|one| {
                let primary = if one.is_primary { "primary" } else { "" };
                [one.domain.clone(), name(&one.tenant), primary.to_owned()]
            });
            say!("{}", table(["domain", "tenant", ""], rows));
        })?;
        Ok(Ending::Well)
    }
}

impl Primary {
    async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.database.domains(&context.settings).await?;
        pool.set_primary_domain(&self.domain).await?;
        let result = json!({ "domain": self.domain, "outcome": "primary" });
        context.printer.result(&result, || {
            say!("{}: is the primary domain of its tenant", name(&self.domain))
        })?;
        Ok(Ending::Well)
    }
}
