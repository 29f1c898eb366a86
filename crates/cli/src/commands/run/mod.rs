//! SQL in many tenants.

mod answer;

use std::{
    io::{self, IsTerminal, Read},
    path::PathBuf,
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use diesel_tenants::ScriptError;
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
    interrupt::Interrupt,
    output::{Ending, line, name, say},
};

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The SQL: one or more statements, which are one transaction in each tenant, unless they begin or end
    /// transactions. Tables without a schema are the tenant's. Default: the SQL is read from stdin.
    #[arg(conflicts_with = "file")]
    sql: Option<String>,
    /// Reads the SQL from a file.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this tenant, also if it is suspended; may be given more than once. Default: all active tenants.
    #[arg(long, value_name = "TENANT", add = tenants())]
    only: Vec<String>,
    /// The number of tenants at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    workers: usize,
}

impl Run {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let sql = self.sql()?;
        let pool = context.database.pool(&context.settings, 1).await?;
        let interrupt = Interrupt::watch();
        let stop = || interrupt.is_pressed();
        let answers = pool.run_script(sql, &self.only, self.workers, &stop).await;
        let mut answers = answers.map_err(advised)?;
        let tenants = answers.tenants();
        let progress = context.printer.progress();
        progress.begin(tenants);
        let (mut documents, mut failed) = (Vec::new(), 0_usize);
        while let Some((tenant, answered)) = answers.next().await {
            match answered {
                Ok(answer) => {
                    progress.done();
                    if context.printer.is_json() {
                        documents.push(json!({ "tenant": tenant.as_str(), "results": answer::document(&answer) }));
                    } else {
                        progress.aside(|| answer::print(tenant.as_str(), &answer));
                    }
                }
                Err(error) => {
                    failed += 1;
                    let error = line(&error);
                    progress.tenant(&format!("{}: failed: {error}", name(tenant.as_str())), true);
                    documents.push(json!({ "tenant": tenant.as_str(), "error": error }));
                }
            }
        }
        progress.end();
        context.printer.result(&json!({ "tenants": documents }), || {
            if tenants == 0 {
                say!("no active tenants");
            } else if failed > 0 {
                say!("failed in {failed} of {tenants} tenants");
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
                bail!("no SQL was given: give it as an argument, by --file, or on stdin")
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
            bail!("there is no SQL to run");
        }
        Ok(sql)
    }
}

/// Why nothing was sent, and what to type instead.
fn advised(error: ScriptError) -> anyhow::Error {
    match error {
        ScriptError::CopyOut => anyhow!(
            "the SQL can't be used, and nothing was sent: `run` can't do COPY … TO STDOUT, because it shows the rows \
             of queries; use TABLE … or SELECT …, write a tenant to a file by `diesel-tenants tenant export`, or use \
             psql"
        ),
        ScriptError::CopyIn => anyhow!(
            "the SQL can't be used, and nothing was sent: `run` can't do COPY … FROM STDIN, because it sends no rows; \
             use INSERT, create a tenant from a file by `diesel-tenants tenant import`, or use psql"
        ),
        ScriptError::UnknownTenant { tenant } => anyhow!(
            "there is no tenant {:?}, and nothing was sent: `diesel-tenants tenant list` shows those there are",
            tenant.as_str()
        ),
        ScriptError::Elsewhere { tenant, placement } => anyhow!(
            "tenant {tenant:?} lives in {placement}, which this command doesn't reach, and nothing was sent: choose \
             other tenants by --only"
        ),
        error => error.into(),
    }
}
