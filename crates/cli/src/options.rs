//! Options that several subcommands have.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use diesel_tenants::{Placement, pool::OWN_DATABASE};

use crate::duration;

/// Options of all subcommands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of all subcommands")]
pub struct Global {
    /// The database: postgres://user:password@host:5432/database, mysql://user:password@host:3306 for a server of MySQL
    /// or MariaDB, or sqlite:FOLDER for a folder of SQLite files. A file `.env` is read too. With `sslmode=require`, on
    /// MySQL with `require_ssl=true`, the connection is encrypted, and the server's certificate checked.
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// PostgreSQL: another URL of the same database, for migrations, that bypasses a pooler in transaction mode.
    /// Default: the database URL.
    #[arg(
        long,
        global = true,
        env = "MIGRATION_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub migration_url: Option<String>,
    /// The configuration file of the `diesel` command; `diesel-tenants.toml` is looked for beside it. Default: the
    /// `diesel.toml` in the nearest folder upwards that has a `diesel.toml`, or else a `diesel-tenants.toml`, or else a
    /// `Cargo.toml`.
    #[arg(
        long,
        global = true,
        env = "DIESEL_CONFIG_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub config_file: Option<PathBuf>,
    /// Refuses tenants' migrations that create, alter or drop something outside the tenant's schema. Default: the value
    /// of `refuse_outside_work` in `diesel-tenants.toml`, or else they are run, with a warning.
    #[arg(long, global = true)]
    pub refuse_outside_work: bool,
    /// Prints no progress. Results, warnings and errors are printed as ever.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Prints the result as one JSON document to stdout.
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where the shared schema's migrations are.
#[derive(Debug, Clone, Args)]
pub struct SharedMigrations {
    /// The folder of the shared migrations. Default: the folder in `diesel-tenants.toml` or `diesel.toml`, or else
    /// `migrations/shared` if it exists, or else `migrations`.
    #[arg(long, env = "MIGRATION_DIRECTORY", hide_env_values = true, value_name = "FOLDER")]
    pub migration_dir: Option<PathBuf>,
}

/// Where tenants' migrations are.
#[derive(Debug, Clone, Args)]
pub struct TenantMigrations {
    /// The folder of the tenants' migrations. Default: the folder in `diesel-tenants.toml`, or else `migrations/tenant`
    /// if it exists, or else `tenant_migrations`.
    #[arg(long, value_name = "FOLDER")]
    pub migration_dir: Option<PathBuf>,
}

/// How many migrations to revert.
#[derive(Debug, Clone, Args)]
pub struct Count {
    /// How many migrations, counted from the newest one applied.
    #[arg(short, long, value_name = "COUNT", default_value_t = 1, conflicts_with = "all")]
    pub number: usize,
    /// All migrations that are applied.
    #[arg(short, long)]
    pub all: bool,
}

impl Count {
    /// The same as the library's type.
    pub fn revert(&self) -> diesel_tenants::Revert {
        match self {
            Self { all: true, .. } => diesel_tenants::Revert::All,
            Self { number, .. } => diesel_tenants::Revert::Last(*number),
        }
    }
}

/// A place for a tenant, as users write it.
#[derive(Debug, Clone)]
pub struct DatabaseAndSchema {
    pub database: String,
    pub schema: Option<String>,
}

impl DatabaseAndSchema {
    /// Reads `DATABASE` or `DATABASE:SCHEMA`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (database, schema) = match text.split_once(':') {
            Some((database, schema)) => (database, Some(schema.to_owned())),
            None => (text, None),
        };
        match database.is_empty() || schema.as_deref() == Some("") {
            true => Err("a place is a database, or DATABASE:SCHEMA, as in shard1 or shard1:client7".to_owned()),
            false => Ok(Self {
                database: database.to_owned(),
                schema,
            }),
        }
    }

    /// The place for a tenant. Without a schema's name the schema has the tenant's.
    pub fn of(&self, tenant: &str) -> anyhow::Result<Placement> {
        let placement = Placement::schema(self.schema.as_deref().unwrap_or(tenant).parse()?);
        Ok(match self.database.as_str() {
            OWN_DATABASE => placement,
            database => placement.in_database(database),
        })
    }
}

/// Consent to losing data.
#[derive(Debug, Clone, Args)]
pub struct Consent {
    /// Answers yes without asking. Without this option and without a terminal, nothing is done.
    #[arg(short, long)]
    pub yes: bool,
}

/// How long to wait for those who use a tenant.
#[derive(Debug, Clone, Args)]
pub struct Patience {
    /// How long to wait for transactions that use the tenant, or for connections that have its file open: a number with
    /// ms, s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration::parse)]
    pub wait: Duration,
}
