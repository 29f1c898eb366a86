use std::{
    path::{Path, PathBuf},
    process,
};

use clap::{Args, Subcommand};
use diesel_tenants::rust_schema::{AllowTogether, OutdatedFile, RustSchema, SchemaWarning};
use serde_json::json;

use crate::{
    arguments::{SharedMigrations, TenantMigrations},
    completion::tenants,
    context::Context,
    output::{Ending, say, tell},
    settings::Together,
};

/// What to do about declarations of tables.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes `shared.rs` and `tenant.rs`, as far as they differ, and a `mod.rs` if there is none.
    Generate(Source),
    /// Shows how the files differ from what `generate` would write, and ends with exit code 1 if they do.
    Check(Source),
}

/// What the declarations are made of, and where they are.
#[derive(Debug, Args)]
pub struct Source {
    /// The folder of the files. Default: as `diesel-tenants.toml` says, or `src/schema`.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Reads the database as it is, with this tenant for all. Default: the migrations, applied to a scratch database that is
    /// dropped afterwards, for which the role has to be allowed to create databases.
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
                        say!("nothing to be written: all is as it should be");
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
    /// Ctrl-C gives up, and drops the scratch database.
    async fn read(&self, context: &Context) -> anyhow::Result<RustSchema> {
        let schema = tokio::select! {
            schema = self.read_uninterrupted(context) => schema?,
            Ok(()) = tokio::signal::ctrl_c() => {
                // By now the other branch is dropped, and with it the scratch database.
                tell!("given up; nothing was written");
                process::exit(130);
            }
        };
        for warning in schema.warnings() {
            tell!("warning: {warning}");
        }
        Ok(schema)
    }

    async fn read_uninterrupted(&self, context: &Context) -> anyhow::Result<RustSchema> {
        let file = &context.settings.tenants.schema;
        let together = match file.allow_together {
            Together::All => AllowTogether::All,
            Together::Related => AllowTogether::Related,
            Together::Nothing => AllowTogether::Nothing,
        };
        let pool = context.pool().await?;
        let mut request = pool.rust_schema().except(&file.except).allow_together(together);
        for (name, path) in &file.sql_types {
            request = request.sql_type(name, path);
        }
        if let Some(template) = &file.template {
            request = request.template(template);
        }
        if let Some(sql) = &file.set_up {
            request = request.set_up(sql);
        }
        if let Some(tenant) = &self.tenant {
            return Ok(request.from_tenant(tenant.as_str()).await?);
        }
        let shared = SharedMigrations {
            migration_dir: self.shared_migration_dir.clone(),
        };
        let tenant = TenantMigrations {
            migration_dir: self.tenant_migration_dir.clone(),
        };
        let shared = context.settings.shared_migrations(&shared).await?;
        let tenant = context.settings.tenant_migrations(&tenant).await?;
        Ok(request.from_migrations(shared, tenant).await?)
    }
}

fn messages(schema: &RustSchema) -> Vec<String> {
    schema.warnings().iter().map(SchemaWarning::to_string).collect()
}
