use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use diesel_tenants::transfer::Exported;
use serde_json::json;
use tokio::{fs, io::AsyncWrite};

use crate::{
    commands::Context,
    output::{Ending, Outcomes},
};

/// Options of `tenant export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The tenant, which may be in use.
    name: String,
    /// The file to be written, which must not exist yet, or - for the standard output.
    file: PathBuf,
    /// Replaces the file if there is one.
    #[arg(long)]
    force: bool,
}

impl Export {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        if self.file == Path::new("-") {
            if std::io::stdout().is_terminal() {
                bail!("an export is no text for a terminal: name a file, or send the standard output to a program");
            }
            let exported = self.write(context, tokio::io::stdout()).await?;
            eprintln!("{}: exported, {}", self.name.escape_debug(), text(&exported));
            return Ok(Ending::Well);
        }
        if !self.force && fs::try_exists(&self.file).await.unwrap_or(false) {
            bail!(
                "there is a file {} already: name another one, or replace it by --force",
                self.file.display()
            );
        }
        // Under its own name only once it is whole.
        let mut partial = self.file.clone().into_os_string();
        partial.push(".partial");
        let file = fs::File::create(&partial).await;
        let mut file = file.with_context(|| format!("can't write to {}", Path::new(&partial).display()))?;
        let exported = match self.write(context, &mut file).await {
            Ok(exported) => exported,
            Err(error) => {
                let _ = fs::remove_file(&partial).await;
                return Err(error);
            }
        };
        file.sync_all().await.context("can't write the export to the disk")?;
        let renamed = fs::rename(&partial, &self.file).await;
        renamed.with_context(|| format!("can't write to {}", self.file.display()))?;
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

    async fn write(&self, context: &Context, writer: impl AsyncWrite + Unpin) -> anyhow::Result<Exported> {
        let pool = context.pool().await?;
        let export = pool.export_tenant(self.name.as_str());
        Ok(match context.database.tls() {
            Some(tls) => export.tls(tls).to(writer).await?,
            None => export.to(writer).await?,
        })
    }
}

fn text(exported: &Exported) -> String {
    let Exported {
        tables, rows, bytes, ..
    } = exported;
    format!("{tables} tables with {rows} rows in {bytes} bytes")
}
