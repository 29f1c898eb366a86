//! A page that shows the fleet: one file for a browser, which needs nothing else.

mod fleet;
mod html;
mod survey;
mod utc;

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueHint};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::{
    context::Context,
    options::TenantMigrations,
    output::{Ending, counted, print_raw, say, tell},
    whole_file::WholeFile,
};
use fleet::Fleet;
use survey::{Expected, Survey};

/// Options of `page`.
#[derive(Debug, Args)]
pub struct Page {
    #[command(flatten)]
    migrations: TenantMigrations,
    /// The file to write, which must not exist yet, or - for the standard output. The file appears when it is complete.
    #[arg(short, long, value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Replaces the file if there is one. It must be a regular file, not a link or a device.
    #[arg(long)]
    force: bool,
    /// The heading of the page: which fleet this is.
    #[arg(long, value_name = "TEXT", default_value = "Tenants")]
    title: String,
}

impl Page {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let is_to_stdout = self.output == Path::new("-");
        if is_to_stdout && context.printer.is_json() {
            bail!("the page itself is not JSON: name a file by --output, or use `diesel-tenants status --json`");
        }
        let expected = Expected {
            shared: context.settings.shared_migrations_if_any().await?,
            tenants: context.settings.tenant_migrations(&self.migrations).await?,
        };
        let made = SystemTime::now();
        let fleet = Fleet::of(Survey::of(context, expected).await?);
        let page = html::page(&fleet, &self.title, made);
        if is_to_stdout {
            print_raw(page.trim_end());
            unreached(&fleet).for_each(|reason| tell!("not reached: {reason}"));
            return Ok(Ending::well_if(fleet.is_reached()));
        }
        let file = WholeFile::begin(&self.output, self.force)?;
        let mut writer = file.writer().context("can't write to the disk")?;
        writer.write_all(page.as_bytes()).await?;
        writer.flush().await?;
        drop(writer);
        tokio::task::spawn_blocking(|| file.finish()).await??;
        let path = self.output.display().to_string();
        let result = json!({
            "file": path,
            "databases": fleet.databases.len(),
            "tenants": fleet.count_of_tenants(),
            "behind": fleet.tenants.iter().filter(|tenant| tenant.is_behind).count(),
            "unreachable": unreached(&fleet).collect::<Vec<_>>(),
        });
        context.printer.result(&result, || {
            unreached(&fleet).for_each(|reason| say!("not reached: {reason}"));
            let tenants = counted(fleet.count_of_tenants(), "tenant");
            let databases = counted(fleet.databases.len(), "database");
            say!("wrote {path}: {tenants} in {databases}");
        })?;
        Ok(Ending::well_if(fleet.is_reached()))
    }
}

/// Why databases could not be reached.
fn unreached(fleet: &Fleet) -> impl Iterator<Item = &str> {
    fleet
        .databases
        .iter()
        .filter_map(|database| database.unreachable.as_deref())
}
