//! The subcommands: each has a file, or a folder if it has subcommands of its own. The folder `databases` has the
//! subcommand `database`, and what other subcommands do in all databases at once.

mod balance;
mod completions;
mod databases;
mod directory;
mod doctor;
mod domain;
mod drift;
mod man;
mod migrate;
mod page;
mod redo;
mod revert;
mod run;
mod schema;
mod shared;
mod spares;
mod status;
mod tenant;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    context::Context,
    examples,
    options::Global,
    output::{Ending, Printer},
};

/// Creates, migrates, compares and inspects tenants: each in a schema of PostgreSQL, in a file of SQLite, or in a
/// database of MySQL or MariaDB.
#[derive(Debug, Parser)]
#[command(
    name = "diesel-tenants",
    version,
    after_help = "Exit codes: 0 success; 1 something failed, differs, or is pending where that was asked for; 2 wrong \
                  usage; 130 ended by Ctrl-C; 143 `tenant export` ended by SIGTERM.",
    max_term_width = 100
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The shared schema's migrations.
    #[command(subcommand, after_help = examples::SHARED)]
    Shared(shared::Command),
    /// The life of tenants, from creating to dropping them.
    #[command(subcommand, after_help = examples::TENANT)]
    Tenant(tenant::Command),
    /// PostgreSQL: the databases that `diesel-tenants.toml` names.
    #[command(subcommand, after_help = examples::DATABASE)]
    Database(databases::Command),
    /// PostgreSQL: shows which tenants to move so that the databases hold about as many bytes each, or moves them.
    ///
    /// All databases take part but those of one tenant whose schema is the shared schema. Choose by --database if others
    /// are reserved, by a contract or for a region.
    #[command(after_help = examples::BALANCE)]
    Balance(balance::Balance),
    /// PostgreSQL and MySQL: the directory, which knows where tenants live.
    #[command(subcommand, after_help = examples::DIRECTORY)]
    Directory(directory::Command),
    /// The domains that lead to tenants, in the directory.
    #[command(subcommand, after_help = examples::DOMAIN)]
    Domain(domain::Command),
    /// PostgreSQL: schemas made ahead of time.
    #[command(subcommand, after_help = examples::SPARES)]
    Spares(spares::Command),
    /// Applies the pending migrations of all tenants, or of some.
    #[command(after_help = examples::MIGRATE)]
    Migrate(migrate::Migrate),
    /// Reverts the newest migrations of all tenants, or of some.
    #[command(after_help = examples::REVERT)]
    Revert(revert::Revert),
    /// Reverts the newest migrations of all tenants, or of some, and applies them again.
    #[command(after_help = examples::REDO)]
    Redo(redo::Redo),
    /// Shows each tenant's version, and its pending migrations.
    #[command(after_help = examples::STATUS)]
    Status(status::Status),
    /// Writes a page for a browser that shows the databases and all tenants, with their versions and domains.
    ///
    /// The page is one file that needs no network, and shows the moment at which it was made. A database that can't be
    /// reached is shown as such, its tenants as unknown, and the exit code is 1. If the database of the URL can't be
    /// reached, nothing is written.
    #[command(after_help = examples::PAGE)]
    Page(page::Page),
    /// Shows how tenants' tables differ from those of a template tenant, and how to repair them.
    #[command(after_help = examples::DRIFT)]
    Drift(drift::Drift),
    /// Declares the tables in Rust, from the migrations or a live tenant: shared tables with their schema, tenants'
    /// tables without one.
    #[command(subcommand, after_help = examples::SCHEMA)]
    Schema(schema::Command),
    /// Runs SQL in all tenants, or in some.
    #[command(after_help = examples::RUN)]
    Run(run::Run),
    /// Looks for problems before they cause errors: in the server's settings and the role, or in the folder, and in the
    /// tenants.
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::Doctor),
    /// Prints a script that completes this command's words in a shell.
    Completions(completions::Completions),
    /// Prints the manual, for `man`: a page for the command, and one for each subcommand.
    Man,
}

/// Runs the subcommand that the arguments name.
pub async fn run(arguments: Arguments, printer: Printer) -> anyhow::Result<Ending> {
    let Arguments { command, global } = arguments;
    // The last two subcommands need no database.
    let context = || Context::new(&global, printer);
    match command {
        Command::Shared(shared) => shared.run(&context()?).await,
        Command::Tenant(tenant) => tenant.run(&context()?).await,
        Command::Database(database) => database.run(&context()?).await,
        Command::Balance(balance) => balance.run(&context()?).await,
        Command::Directory(directory) => directory.run(&context()?).await,
        Command::Domain(domain) => domain.run(&context()?).await,
        Command::Spares(spares) => spares.run(&context()?).await,
        Command::Migrate(migrate) => migrate.run(&context()?).await,
        Command::Revert(revert) => revert.run(&context()?).await,
        Command::Redo(redo) => redo.run(&context()?).await,
        Command::Status(status) => status.run(&context()?).await,
        Command::Page(page) => page.run(&context()?).await,
        Command::Drift(drift) => drift.run(&context()?).await,
        Command::Schema(schema) => schema.run(&context()?).await,
        Command::Run(run) => run.run(&context()?).await,
        Command::Doctor(doctor) => doctor.run(&context()?).await,
        Command::Completions(completions) => completions.run(),
        Command::Man => man::run(Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line, as a shell reads them.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('"').enumerate();
        parts
            .flat_map(|(number, part)| match number % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn each_example_of_the_help_is_understood() {
        let mut count = 0;
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_without = matches!(command.get_name(), "completions" | "man" | "help");
            assert!(
                is_without || help.starts_with("Examples:"),
                "{} has no example",
                command.get_name()
            );
            for line in help.lines().filter(|line| line.starts_with("  diesel-tenants ")) {
                let (line, _) = line.split_once(" > ").unwrap_or((line, ""));
                let parsed = Arguments::try_parse_from(words(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                count += 1;
            }
        }
        assert!(count > 20, "there are {count}");
    }

    #[test]
    fn the_arguments_of_no_subcommand_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
