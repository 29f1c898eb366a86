//! What is printed: results to stdout, as text or as one JSON document; everything else to stderr.

mod fleet;
mod outcomes;
mod progress;
mod table;

use std::{
    fmt::Display,
    io::{self, Write},
    process,
};

use serde::Serialize;
use serde_json::json;

use crate::database::causes;
pub use fleet::{describe, print_changed, print_fleet, print_invalid};
pub use outcomes::Outcomes;
pub use progress::Progress;
pub use table::{table, table_of};

/// Prints a line of the result, as `println!` does, but for a reader who has gone away.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::print_line(format_args!($($text)*))
    };
}
pub(crate) use say;

/// Ends the process if nobody reads any further: `head` has what it wanted.
pub fn print_line(text: impl Display) {
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
            say!("{}", serde_json::to_string_pretty(result)?);
        } else {
            text();
        }
        Ok(())
    }

    /// Prints why there is no result.
    pub fn error(self, error: &anyhow::Error) {
        let mut chain = error
            .chain()
            .map(|cause| cause.to_string().trim_end().to_owned())
            .collect::<Vec<_>>();
        // An error that stands for its cause says the same.
        chain.dedup();
        eprintln!("error: {}", chain.join("\n  because: "));
        if self.json {
            say!("{:#}", json!({ "error": chain.join(": ") }));
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
    causes(error)
}
