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
    database::Postgres,
    output::{Ending, Outcomes, name},
};

/// Options of `tenant import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The new tenant's name. It may differ from the exported tenant's name.
    name: String,
    /// The export, or - for the standard input. Import only files that you trust: the import runs the SQL statements in
    /// the file.
    file: PathBuf,
}

impl Import {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        let instead = "`diesel-tenants tenant clone` copies a tenant";
        let database = context.postgres("`tenant import`", instead).await?;
        let imported = if self.file == Path::new("-") {
            self.read(database, tokio::io::stdin()).await?
        } else {
            let file = fs::File::open(&self.file).await;
            let file = file.with_context(|| format!("can't read {}", self.file.display()))?;
            self.read(database, file).await?
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

    async fn read(&self, database: Postgres, reader: impl AsyncRead + Unpin) -> anyhow::Result<ImportReport> {
        let Postgres { pool, tls } = database;
        let import = pool.import_tenant(self.name.as_str());
        let reader = BufReader::new(reader);
        Ok(match tls {
            Some(tls) => import.tls(tls).from(reader).await?,
            None => import.from(reader).await?,
        })
    }
}
