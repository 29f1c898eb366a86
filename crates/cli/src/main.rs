//! The command `diesel-tenants`: shared and tenants' migrations, the life of tenants, drift, SQL for all tenants, and a
//! check of the server. Every operation on tenants is a call of the library.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod causes;
mod chosen_databases;
mod commands;
mod completion;
mod confirm;
mod context;
mod database;
mod duration;
mod examples;
mod interrupt;
mod migrations;
mod options;
mod output;
mod settings;
mod whole_file;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use commands::Arguments;
use output::{Ending, Printer};

fn main() -> ExitCode {
    // This runs before anything else, because it sets variables that clap then reads.
    let environment = settings::load_dotenv();
    // A shell that asks for words needs nothing else.
    completion::answer(Arguments::command);
    let arguments = Arguments::parse();
    let printer = Printer::new(arguments.global.json, arguments.global.quiet);
    let ended = environment.and_then(|()| run(arguments, printer));
    match ended {
        Ok(Ending::Well) => ExitCode::SUCCESS,
        Ok(Ending::Failed) => ExitCode::FAILURE,
        Err(error) => {
            printer.error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, printer: Printer) -> anyhow::Result<Ending> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(commands::run(arguments, printer))
}
