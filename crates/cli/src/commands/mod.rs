//! The subcommands, one in each file.

mod completions;
mod doctor;
mod drift;
mod man;
mod migrate;
mod redo;
mod revert;
mod run;
mod schema;
mod shared;
mod spares;
mod status;
mod tenant;

use clap::Subcommand;
use diesel_tenants::TenantPool;

use crate::{
    arguments::{Arguments, Global},
    database::Database,
    output::{Ending, Printer},
    settings::Settings,
};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The shared schema's migrations.
    #[command(subcommand)]
    Shared(shared::Command),
    /// The lives of tenants: create, list, clone, rename, suspend, archive, drop, export, import.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Schemas made ahead of time.
    #[command(subcommand)]
    Spares(spares::Command),
    /// Applies the pending migrations of all tenants, or of some.
    Migrate(migrate::Migrate),
    /// Reverts the newest migrations of all tenants, or of some.
    Revert(revert::Revert),
    /// Reverts the newest migrations of all tenants, or of some, and applies them again.
    Redo(redo::Redo),
    /// Shows each tenant's version, and what it lacks.
    Status(status::Status),
    /// Shows how tenants' tables differ from those of a template tenant, and how to repair them.
    Drift(drift::Drift),
    /// Declares the tables in Rust, from the migrations or a live tenant: shared ones pinned, tenants' unqualified.
    #[command(subcommand)]
    Schema(schema::Command),
    /// Runs SQL in all tenants, or in some.
    Run(run::Run),
    /// Looks for what goes wrong later: in the server's settings, the role, and the tenants.
    Doctor(doctor::Doctor),
    /// Prints a script that completes this command's words in a shell.
    Completions(completions::Completions),
    /// Prints the manual, for `man`: a page for the command, and one for each subcommand.
    Man,
}

/// What a subcommand needs to do its work.
pub struct Context {
    pub settings: Settings,
    pub database: Database,
    pub printer: Printer,
}

impl Context {
    pub fn new(global: &Global, printer: Printer) -> anyhow::Result<Self> {
        Ok(Self {
            settings: Settings::read(global)?,
            database: Database::new(global)?,
            printer,
        })
    }

    /// A pool for one thing at a time.
    pub async fn pool(&self) -> anyhow::Result<TenantPool> {
        self.database.pool(&self.settings, 2).await
    }
}

/// Runs what the arguments ask for.
pub async fn run(arguments: Arguments, printer: Printer) -> anyhow::Result<Ending> {
    let Arguments { command, global } = arguments;
    // These two need no database.
    let context = || Context::new(&global, printer);
    match command {
        Command::Shared(shared) => shared.run(&context()?).await,
        Command::Tenant(tenant) => tenant.run(&context()?).await,
        Command::Spares(spares) => spares.run(&context()?).await,
        Command::Migrate(migrate) => migrate.run(&context()?).await,
        Command::Revert(revert) => revert.run(&context()?).await,
        Command::Redo(redo) => redo.run(&context()?).await,
        Command::Status(status) => status.run(&context()?).await,
        Command::Drift(drift) => drift.run(&context()?).await,
        Command::Schema(schema) => schema.run(&context()?).await,
        Command::Run(run) => run.run(&context()?).await,
        Command::Doctor(doctor) => doctor.run(&context()?).await,
        Command::Completions(completions) => completions.run(),
        Command::Man => man::run(),
    }
}
