use std::{
    path::{Path, PathBuf},
    process,
};

use clap::{Args, Subcommand};
use diesel_tenants::rust_schema::{OutdatedFile, RustSchema, SchemaWarning};
use serde_json::json;

use crate::{
    completion::tenants,
    context::Context,
    database::SchemaSource,
    options::{SharedMigrations, TenantMigrations},
    output::{Ending, say, tell},
};

/// What to do with the declarations of tables.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes `shared.rs` and `tenant.rs` if they differ from the database, and a `mod.rs` if there is none.
    Generate(Source),
    /// Shows how the files differ from what `generate` would write, and ends with exit code 1 if they do.
    Check(Source),
}

/// The source of the declarations, and their folder.
#[derive(Debug, Args)]
pub struct Source {
    /// The folder of the files. Default: the folder in `diesel-tenants.toml`, or else `src/schema`.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Reads the existing database, and this tenant's tables for those of all tenants. Default: the migrations are
    /// applied to a scratch database, which is dropped afterwards; the role must be allowed to create databases. On
    /// SQLite it is a folder among the system's temporary files.
    #[arg(long, value_name = "TENANT", add = tenants(), conflicts_with_all = ["shared_migration_dir", "tenant_migration_dir"])]
    tenant: Option<String>,
    /// The folder of the shared migrations. Default: as for `shared migrate`.
    #[arg(long, env = "MIGRATION_DIRECTORY", hide_env_values = true, value_name = "FOLDER")]
    shared_migration_dir: Option<PathBuf>,
    /// The folder of the tenants' migrations. Default: as for `migrate`.
    #[arg(long, value_name = "FOLDER")]
    tenant_migration_dir: Option<PathBuf>,
}

impl Command {
    pub async fn run(self, context: &Context) -> anyhow::Result<Ending> {
        match self {
            Self::Generate(source) => {
                let schema = source.read(context).await?;
                let written = schema.write(context.settings.schema_folder(source.folder.as_deref()))?;
                let result = json!({ "written": written, "warnings": messages(&schema) });
                context.printer.result(&result, || {
                    for path in &written {
                        say!("wrote {}", path.display());
                    }
                    if written.is_empty() {
                        say!("nothing to write: all files are up to date");
                    }
                })?;
                Ok(Ending::Well)
            }
            Self::Check(source) => {
                let schema = source.read(context).await?;
                let folder = context.settings.schema_folder(source.folder.as_deref());
                let outdated = schema.check(&folder)?;
                let files = outdated.iter().map(|file| {
                    let OutdatedFile { path, is_missing, .. } = file;
                    json!({ "path": path, "is_missing": is_missing, "diff": file.to_string() })
                });
                let result = json!({ "outdated": files.collect::<Vec<_>>(), "warnings": messages(&schema) });
                context.printer.result(&result, || print_outdated(&outdated, &folder))?;
                Ok(Ending::well_if(outdated.is_empty()))
            }
        }
    }
}

fn print_outdated(outdated: &[OutdatedFile], folder: &Path) {
    for file in outdated {
        say!("{}", file.to_string().trim_end());
    }
    if outdated.is_empty() {
        say!("{} is up to date", folder.display());
    } else {
        say!(
            "{} is not up to date: `diesel-tenants schema generate` writes it anew",
            folder.display()
        );
    }
}

impl Source {
    /// On Ctrl-C the work stops, and the scratch database is dropped.
    async fn read(&self, context: &Context) -> anyhow::Result<RustSchema> {
        let schema = tokio::select! {
            schema = self.read_uninterrupted(context) => schema?,
            Ok(()) = tokio::signal::ctrl_c() => {
                // The other branch's future is dropped by now, which dropped the scratch database.
                tell!("stopped; nothing was written");
                process::exit(130);
            }
        };
        for warning in schema.warnings() {
            tell!("warning: {warning}");
        }
        Ok(schema)
    }

    async fn read_uninterrupted(&self, context: &Context) -> anyhow::Result<RustSchema> {
        let source = self.source(context).await?;
        let pool = context.pool().await?;
        Ok(pool.rust_schema(&context.settings.tenants.schema, source).await?)
    }

    async fn source(&self, context: &Context) -> anyhow::Result<SchemaSource> {
        if let Some(tenant) = &self.tenant {
            return Ok(SchemaSource::Tenant(tenant.clone()));
        }
        let shared = SharedMigrations {
            migration_dir: self.shared_migration_dir.clone(),
        };
        let tenant = TenantMigrations {
            migration_dir: self.tenant_migration_dir.clone(),
        };
        let shared = context.settings.shared_migrations(&shared).await?;
        let tenant = context.settings.tenant_migrations(&tenant).await?;
        Ok(SchemaSource::Migrations(shared, tenant))
    }
}

fn messages(schema: &RustSchema) -> Vec<String> {
    schema.warnings().iter().map(SchemaWarning::to_string).collect()
}
