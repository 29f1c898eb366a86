//! What a shell may complete: the command's own words, and tenants' names.
//!
//! The shell's script runs this command each time, with a variable set. So it knows the words of each subcommand, and
//! needs no replacement for a new version.

use std::{ffi::OsStr, future::Future, io, sync::OnceLock, time::Duration};

use clap::{Command, FromArgMatches};
use clap_complete::{
    CompletionCandidate,
    engine::ArgValueCompleter,
    env::{CompleteEnv, Shells},
};
use diesel_tenants::{TenantStatus, pool::OWN_DATABASE};

use crate::{
    database::{AnyPool, Database},
    options::Global,
    settings::Settings,
};

/// The variable by which the shell's script asks for words.
const VARIABLE: &str = "_DIESEL_TENANTS_COMPLETE";

/// How long a user waits after pressing Tab. After that no names are completed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The largest number of names that are completed.
const MOST: usize = 1_000;

/// The command with all its subcommands, once a shell may ask.
static COMMAND: OnceLock<fn() -> Command> = OnceLock::new();

/// Answers a shell that asks for words of this command, and ends the process; does nothing if none asks.
pub fn answer(command: fn() -> Command) {
    let command = COMMAND.get_or_init(|| command);
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// The script for a shell.
pub fn script(shell: &str) -> io::Result<String> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(shell) {
        let name = "diesel-tenants";
        shell.write_registration(VARIABLE, name, name, name, &mut script)?;
    }
    String::from_utf8(script).map_err(io::Error::other)
}

/// Completes the names of tenants.
pub fn tenants() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        names(begun, async |pool| {
            let tenants = pool.tenants().await.ok()?.into_iter();
            let tenants = tenants.filter(|tenant| tenant.status != TenantStatus::Spare);
            Some(tenants.map(|tenant| tenant.name.to_string()).collect())
        })
    })
}

/// Completes the names of archives.
pub fn archives() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        names(begun, async |pool| {
            let archives = pool.archived_tenants().await.ok()?.into_iter();
            Some(archives.map(|archived| archived.archive.to_string()).collect())
        })
    })
}

/// Completes the names of databases, which are in the settings.
pub fn databases() -> ArgValueCompleter {
    ArgValueCompleter::new(|begun: &OsStr| {
        let begun = begun.to_string_lossy();
        let settings = global().and_then(|global| Settings::read(&global).ok());
        let further = settings
            .iter()
            .flat_map(|settings| settings.tenants.databases.keys().cloned());
        let names = std::iter::once(OWN_DATABASE.to_owned()).chain(further);
        let fitting = names.filter(|name| name.starts_with(&*begun) && is_one_word(name));
        fitting.map(CompletionCandidate::new).collect()
    })
}

/// The names that begin with the current word; none if the database can't be asked in time.
fn names<F: Future<Output = Option<Vec<String>>>>(
    begun: &OsStr,
    find: impl FnOnce(Box<dyn AnyPool>) -> F,
) -> Vec<CompletionCandidate> {
    let found = || {
        let global = global()?;
        let (settings, database) = (Settings::read(&global).ok()?, Database::new(&global).ok()?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let names = async { find(database.pool(&settings, 2).await.ok()?).await };
        let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, names).await.ok()? });
        // A host name that is still being resolved must not delay the end.
        runtime.shutdown_background();
        found
    };
    let begun = begun.to_string_lossy();
    let names = found().unwrap_or_default().into_iter();
    let fitting = names.filter(|name| name.starts_with(&*begun) && is_one_word(name));
    fitting.take(MOST).map(CompletionCandidate::new).collect()
}

/// The options of all subcommands, as far as the line is complete.
fn global() -> Option<Global> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let command = COMMAND.get()?().ignore_errors(true);
    let matches = command.try_get_matches_from(words).ok()?;
    Global::from_arg_matches(&matches).ok()
}

/// Whether a shell reads the name as exactly one word. Shells insert completions without quoting them, and a tenant
/// whose name looks like a command must not become one.
fn is_one_word(name: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '@' | '+');
    !name.starts_with(['-', '+']) && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_would_obey_is_not_offered() {
        for name in ["client1", "müller", "a.b-c_d", "x@y"] {
            assert!(is_one_word(name), "{name}");
        }
        for name in [
            "o'brien",
            "a b",
            "x;reboot",
            "$(reboot)",
            "`x`",
            "--yes",
            "a\nb",
            "~",
            "*",
            "a:b",
            "a=b",
            "{a,b}",
        ] {
            assert!(!is_one_word(name), "{name}");
        }
    }
}
