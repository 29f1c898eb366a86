use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, bail};
use clap::Args;
use diesel_tenants::transfer::ExportReport;
use serde_json::json;
use tokio::io::AsyncWrite;

use crate::{
    completion::tenants,
    context::Context,
    database::Postgres,
    interrupt::EndSignals,
    output::{Ending, Outcomes, name, tell},
    whole_file::WholeFile,
};

/// Options of `tenant export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The tenant, which may be in use.
    #[arg(add = tenants())]
    name: String,
    /// The file to write, which must not exist yet, or - for the standard output. The file appears when it is complete.
    file: PathBuf,
    /// Replaces the file if there is one. It must be a regular file, not a link or a device.
    #[arg(long)]
    force: bool,
}

impl Export {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if self.file == Path::new("-") {
            if std::io::stdout().is_terminal() {
                bail!("can't write an export to a terminal: name a file, or send the standard output to a program");
            }
            let exported = Self::write(&self.name, self.database(context).await?, tokio::io::stdout()).await?;
            tell!("{}: exported, {}", name(&self.name), text(&exported));
            return Ok(Ending::Well);
        }
        let database = self.database(context).await?;
        // Before there is a file that would have to be removed.
        let signals = EndSignals::watch()?;
        let file = WholeFile::begin(&self.file, self.force)?;
        let exported = {
            let mut writer = file.writer().context("can't write to the disk")?;
            tokio::select! {
                exported = Self::write(&self.name, database, &mut writer) => exported?,
                code = signals.arrived() => {
                    drop(file);
                    tell!("stopped; {} is unchanged", self.file.display());
                    process::exit(code);
                }
            }
        };
        tokio::task::spawn_blocking(|| file.finish()).await??;
        let mut outcomes = Outcomes::new(context.printer);
        outcomes.add::<std::convert::Infallible>(
            &self.name,
            "exported",
            Ok((
                format!("{}, to {}", text(&exported), self.file.display()),
                json!({
                    "file": self.file.display().to_string(),
                    "tables": exported.tables,
                    "rows": exported.rows,
                    "bytes": exported.bytes,
                }),
            )),
        );
        outcomes.end()
    }

    async fn database(&self, context: &Context) -> anyhow::Result<Postgres> {
        let instead = "`diesel-tenants tenant clone` copies a tenant, and a tenant is a file, which can be copied \
                       while nobody has it open";
        context.postgres("`tenant export`", instead).await
    }

    async fn write(name: &str, database: Postgres, writer: impl AsyncWrite + Unpin) -> anyhow::Result<ExportReport> {
        let Postgres { pool, tls } = database;
        let export = pool.export_tenant(name);
        Ok(match tls {
            Some(tls) => export.tls(tls).to(writer).await?,
            None => export.to(writer).await?,
        })
    }
}

fn text(exported: &ExportReport) -> String {
    let ExportReport {
        tables, rows, bytes, ..
    } = exported;
    format!("{tables} tables with {rows} rows in {bytes} bytes")
}
