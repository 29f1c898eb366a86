//! What is printed: results to stdout, as text or as one JSON document; everything else to stderr.

mod advice;
mod fleet;
mod outcomes;
mod progress;
mod table;
mod visible;

use std::{
    fmt::Display,
    io::{self, Write},
    process,
};

use serde::Serialize;
use serde_json::json;

use crate::database::causes;
pub use fleet::{describe, print_changed, print_fleet, print_invalid, warned};
pub use outcomes::Outcomes;
pub use progress::Progress;
pub use table::{table, table_of};
pub use visible::{line as value, name};

/// Prints a line of the result for people, as `println!` does, but for a reader who has gone away.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::print_raw($crate::output::shown(format_args!($($text)*)))
    };
}
pub(crate) use say;

/// Prints a line to stderr for people.
macro_rules! tell {
    ($($text:tt)*) => {
        eprintln!("{}", $crate::output::shown(format_args!($($text)*)))
    };
}
pub(crate) use tell;

/// A text of which a terminal obeys nothing, whatever stands in a database.
pub fn shown(text: impl Display) -> String {
    visible::lines(&text.to_string())
}

/// Prints a line for programs, to the letter: JSON, SQL, scripts. Ends the process if nobody reads any further: `head` has what it
/// wanted.
pub fn print_raw(text: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        process::exit(i32::from(error.kind() != io::ErrorKind::BrokenPipe));
    }
}

/// How a command ended, as its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// 0.
    Well,
    /// 1: something failed, differs, or is pending where that was asked for.
    Failed,
}

impl Ending {
    /// Well, if a condition holds.
    pub fn well_if(condition: bool) -> Self {
        if condition { Self::Well } else { Self::Failed }
    }
}

/// Prints results.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
}

impl Printer {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the result is to be JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: as JSON, or by a function that prints text.
    pub fn result(self, result: &impl Serialize, text: impl FnOnce()) -> anyhow::Result<()> {
        if self.json {
            print_raw(advised(&serde_json::to_string_pretty(result)?));
        } else {
            text();
        }
        Ok(())
    }

    /// Prints why there is no result.
    pub fn error(self, error: &anyhow::Error) {
        let mut chain = error
            .chain()
            .map(|cause| advice::in_our_words(cause.to_string().trim_end()))
            .collect::<Vec<_>>();
        // An error that stands for its cause says the same.
        chain.dedup();
        tell!("error: {}", chain.join("\n  because: "));
        if self.json {
            print_raw(format_args!("{:#}", json!({ "error": chain.join(": ") })));
        }
    }
}

/// A number of things: `1 row`, `2 rows`.
pub fn counted(count: impl Display, thing: &str) -> String {
    let count = count.to_string();
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// An error with its causes, on one line.
pub fn line(error: &(dyn std::error::Error + 'static)) -> String {
    let words = advice::in_our_words(&causes(error));
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The library writes errors into its reports itself. Each member of an object has a line of its own.
fn advised(document: &str) -> String {
    let lines = document.lines().map(|line| {
        if line.trim_start().starts_with("\"error\": ") {
            advice::in_our_words(line)
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
