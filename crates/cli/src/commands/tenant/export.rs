use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, bail};
use clap::Args;
use diesel_tenants::transfer::ExportReport;
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
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
            let exported = context
                .pool()
                .await?
                .export_tenant(&self.name, &mut tokio::io::stdout())
                .await?;
            let line = format!("{}: exported, {}", name(&self.name), text(&exported));
            context.printer.note(&line);
            return Ok(Ending::Well);
        }
        let pool = context.pool().await?;
        // Before there is a file that would have to be removed.
        let signals = EndSignals::watch()?;
        let file = WholeFile::begin(&self.file, self.force)?;
        let exported = {
            let mut writer = file.writer().context("can't write to the disk")?;
            tokio::select! {
                exported = pool.export_tenant(&self.name, &mut writer) => exported?,
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
}

fn text(exported: &ExportReport) -> String {
    let ExportReport {
        tables, rows, bytes, ..
    } = exported;
    format!("{tables} tables with {rows} rows in {bytes} bytes")
}
