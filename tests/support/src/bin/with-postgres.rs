//! Runs a command with `DATABASE_URL` set to a throw-away PostgreSQL server, and exits as the command did.
//! With `DATABASE_URL` set already it only runs the command.

use std::{
    env,
    error::Error,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitCode},
};

use diesel_tenants_test_support::Server;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprint!("with-postgres: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprint!(": {error}");
                source = error.source();
            }
            eprintln!();
            ExitCode::from(125)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).skip_while(|argument| argument == "--");
    let program = arguments.next().ok_or("usage: with-postgres COMMAND [ARGUMENTS]")?;
    let mut command = Command::new(&program);
    command.args(arguments);

    let given = env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
    let server = if given { None } else { Some(Server::builder().start()?) };
    if let Some(server) = &server {
        command.env("DATABASE_URL", server.url_for("postgres"));
        // Whatever goes wrong may do so on this version only.
        if let Some(version) = version(&server.log()) {
            eprintln!("with-postgres: {version}");
        }
    }
    let status = command
        .status()
        .map_err(|error| format!("could not run {program:?}: {error}"))?;
    drop(server);

    // As a shell reports a signal.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// "PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu"
fn version(log: &str) -> Option<&str> {
    let start = log.find("starting PostgreSQL ")? + "starting ".len();
    log[start..].split([',', '\n']).next()
}
