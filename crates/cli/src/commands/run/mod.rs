//! SQL in many tenants.

mod answer;
mod connections;
mod script;

use std::{
    io::{self, IsTerminal, Read},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use clap::Args;
use diesel_tenants::{SchemaName, SchemaTranslateMap, TenantPool, TenantStatus};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
    interrupt::Interrupt,
    output::{Ending, Progress, line, name, say},
};
use connections::Connections;
use script::needs_transaction;

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The SQL: one or more statements, which are one transaction in each tenant, unless they say otherwise. Tables without
    /// a schema are the tenant's. Default: what stdin holds.
    #[arg(conflicts_with = "file")]
    sql: Option<String>,
    /// Reads the SQL from a file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this tenant, also if it is suspended; may be given more than once. Default: all active tenants.
    #[arg(long, value_name = "TENANT", add = tenants())]
    only: Vec<String>,
    /// In how many tenants at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    workers: usize,
}

impl Run {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let sql = self.sql()?;
        let in_transaction = needs_transaction(&sql)?;
        let pool = context.database.pool(&context.settings, 1).await?;
        let tenants = self.tenants(&pool).await?;
        let symbolic = context.settings.tenants.symbolic_schema.as_deref();
        let mut schemas = Vec::new();
        for tenant in tenants {
            schemas.push((schema_of(&pool, &tenant).await?, tenant));
        }
        let tenants = schemas;
        let texts = tenants
            .iter()
            .map(|(schema, tenant)| {
                let map = SchemaTranslateMap::tenant(schema.clone());
                let map = match symbolic {
                    Some(schema) => map.with_symbolic(schema),
                    None => map,
                };
                let text = map
                    .translate(&sql)
                    .context("the SQL can't be used, and nothing was sent")?;
                Ok((tenant.clone(), text.into_owned()))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let interrupt = Interrupt::watch();
        let connections = Connections::new(context);
        let progress = Progress::new();
        progress.begin(texts.len());
        let each = texts.into_iter().map(|(tenant, sql)| {
            let (connections, interrupt) = (&connections, &interrupt);
            async move {
                let answered = match interrupt.is_pressed() {
                    true => Err(anyhow::anyhow!("not reached")),
                    false => connections.run(&sql, in_transaction).await,
                };
                (tenant, answered)
            }
        });
        let mut answers = stream::iter(each).buffered(self.workers.max(1));
        let (mut documents, mut failed) = (Vec::new(), 0_usize);
        while let Some((tenant, answered)) = answers.next().await {
            match answered {
                Ok(answer) => {
                    progress.done();
                    if context.printer.is_json() {
                        documents.push(json!({ "tenant": tenant.as_str(), "results": answer.document() }));
                    } else {
                        progress.aside(|| answer.print(tenant.as_str()));
                    }
                }
                Err(error) => {
                    failed += 1;
                    let error = line(error.as_ref());
                    progress.tenant(&format!("{}: failed: {error}", name(tenant.as_str())), true);
                    documents.push(json!({ "tenant": tenant.as_str(), "error": error }));
                }
            }
        }
        progress.end();
        context.printer.result(&json!({ "tenants": documents }), || {
            if tenants.is_empty() {
                say!("no active tenants");
            } else if failed > 0 {
                say!("failed in {failed} of {} tenants", tenants.len());
            }
        })?;
        Ok(Ending::well_if(failed == 0))
    }

    fn sql(&self) -> anyhow::Result<String> {
        let sql = match (&self.sql, &self.file) {
            (Some(sql), _) => sql.clone(),
            (None, Some(file)) => {
                std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?
            }
            (None, None) if io::stdin().is_terminal() => {
                bail!("which SQL? Give it as an argument, by --file, or on stdin")
            }
            (None, None) => {
                let mut sql = String::new();
                io::stdin()
                    .read_to_string(&mut sql)
                    .context("can't read the SQL from stdin")?;
                sql
            }
        };
        if sql.trim().is_empty() {
            bail!("there is no SQL to be run");
        }
        Ok(sql)
    }

    /// The tenants to run it in. All of those chosen must be there.
    async fn tenants(&self, pool: &TenantPool) -> anyhow::Result<Vec<SchemaName>> {
        let tenants = pool.tenants().await?;
        if self.only.is_empty() {
            let active = tenants.iter().filter(|tenant| tenant.status == TenantStatus::Active);
            return Ok(active.map(|tenant| tenant.name.clone()).collect());
        }
        let find = |only: &String| {
            let found = tenants.iter().find(|tenant| tenant.name.as_str() == only);
            found.map(|tenant| tenant.name.clone()).with_context(|| {
                format!("there is no tenant {only:?}, and nothing was sent: `diesel-tenants tenant list` shows those there are")
            })
        };
        self.only.iter().map(find).collect()
    }
}

/// The schema that holds a tenant's tables, which a directory may call otherwise than the tenant.
async fn schema_of(pool: &TenantPool, tenant: &SchemaName) -> anyhow::Result<SchemaName> {
    let placement = pool.placement_of(tenant).await?;
    let placement = placement.with_context(|| format!("there is no tenant {tenant:?}, and nothing was sent"))?;
    match placement.schema_name() {
        Some(schema) if placement.database().is_none() => Ok(schema.clone()),
        _ => bail!(
            "tenant {tenant:?} lives in {placement}, which this command doesn't reach, and nothing was sent: choose others by --only"
        ),
    }
}
