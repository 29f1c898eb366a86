//! What a shell may complete: the command's own words, and tenants' names.
//!
//! The shell's script asks this very command each time, by a variable, so that it knows the words of each subcommand, and needs no
//! replacement when there is a new version.

use std::{ffi::OsStr, future::Future, io, sync::OnceLock, time::Duration};

use clap::{Command, FromArgMatches};
use clap_complete::{
    CompletionCandidate,
    engine::ArgValueCompleter,
    env::{CompleteEnv, Shells},
};
use diesel_tenants::{TenantPool, TenantStatus};

use crate::{arguments::Global, context::Context, output::Printer};

/// By which a shell says that it asks.
const VARIABLE: &str = "_DIESEL_TENANTS_COMPLETE";

/// How long somebody waits who pressed Tab. After that there are no names.
const PATIENCE: Duration = Duration::from_secs(1);

/// As many names as anybody reads.
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

/// Those of some names that begin like this; none if the database can't be asked, or not soon.
fn names<F: Future<Output = Option<Vec<String>>>>(
    begun: &OsStr,
    find: impl FnOnce(TenantPool) -> F,
) -> Vec<CompletionCandidate> {
    let found = || {
        let context = context()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let names = async { find(context.pool().await.ok()?).await };
        let found = runtime.block_on(async { tokio::time::timeout(PATIENCE, names).await.ok()? });
        // A name that is being resolved keeps nobody waiting.
        runtime.shutdown_background();
        found
    };
    let begun = begun.to_string_lossy();
    let names = found().unwrap_or_default().into_iter();
    let fitting = names.filter(|name| name.starts_with(&*begun) && is_one_word(name));
    fitting.take(MOST).map(CompletionCandidate::new).collect()
}

/// The database that the command line is about, as far as it is there.
fn context() -> Option<Context> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let command = COMMAND.get()?().ignore_errors(true);
    let matches = command.try_get_matches_from(words).ok()?;
    let global = Global::from_arg_matches(&matches).ok()?;
    Context::new(&global, Printer::new(false)).ok()
}

/// Whether a shell takes the name for one word and no more. Shells insert what they are given without quoting it, and a tenant that is
/// called like a command must not become one.
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
