//! Runs a command with `DATABASE_URL` set to a throw-away MariaDB server, and exits as the command did.

use std::{
    env,
    error::Error,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitCode},
};

use diesel_tenants_test_support::{MariaDb, chain};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("with-mariadb: {}", chain(&*error));
            ExitCode::from(125)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).skip_while(|argument| argument == "--");
    let program = arguments.next().ok_or("usage: with-mariadb COMMAND [ARGUMENTS]")?;
    let server = MariaDb::start()?;
    let status = Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", server.url())
        .status()
        .map_err(|error| format!("could not run {program:?}: {error}"))?;
    drop(server);

    // As a shell reports a signal.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}
