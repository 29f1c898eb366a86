use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use diesel_tenants::transfer::ImportReport;
use serde_json::json;
use tokio::{
    fs,
    io::{AsyncRead, BufReader},
};

use crate::{
    context::Context,
    database::AnyPool,
    output::{Ending, Outcomes, name},
};

/// Options of `tenant import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The new tenant's name. It may differ from the exported tenant's name.
    name: String,
    /// The export, or - for the standard input. Import only files that you trust: an export from PostgreSQL has
    /// SQL statements, which the import runs, and one from SQLite may have triggers.
    file: PathBuf,
}

impl Import {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let pool = context.pool().await?;
        let imported = if self.file == Path::new("-") {
            self.read(&*pool, tokio::io::stdin()).await?
        } else {
            let file = fs::File::open(&self.file).await;
            let file = file.with_context(|| format!("can't read {}", self.file.display()))?;
            self.read(&*pool, file).await?
        };
        let ImportReport {
            exported_as,
            tables,
            rows,
            ..
        } = imported;
        let mut outcomes = Outcomes::new(context.printer);
        outcomes.add::<std::convert::Infallible>(
            &self.name,
            "imported",
            Ok((
                format!("{tables} tables with {rows} rows, exported as {}", name(&exported_as)),
                json!({ "exported_as": exported_as, "tables": tables, "rows": rows }),
            )),
        );
        outcomes.end()
    }

    async fn read(&self, pool: &dyn AnyPool, reader: impl AsyncRead + Send + Unpin) -> anyhow::Result<ImportReport> {
        let mut reader = BufReader::new(reader);
        Ok(pool.import_tenant(&self.name, &mut reader).await?)
    }
}
