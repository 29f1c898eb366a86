//! The result of a command: printed as text or as JSON, and its exit code.

use serde::Serialize;
use serde_json::json;

use super::{Progress, advice, print_raw, tell};

/// How a command ended; this decides its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Exit code 0.
    Well,
    /// Exit code 1: something failed, differs, or is pending where that was asked for.
    Failed,
}

impl Ending {
    /// `Well` if a condition holds, or else `Failed`.
    pub fn well_if(condition: bool) -> Self {
        if condition { Self::Well } else { Self::Failed }
    }
}

/// Prints results.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    json: bool,
    quiet: bool,
}

impl Printer {
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether the result is to be JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Shows how far the command has come, unless nobody wants to know.
    pub fn progress(self) -> Progress {
        Progress::new(self.quiet)
    }

    /// Prints a line about what is being done to stderr, unless nobody wants to know.
    pub fn note(self, line: &str) {
        if !self.quiet {
            tell!("{line}");
        }
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
        // A transparent error has the same message as its cause.
        chain.dedup();
        tell!("error: {}", chain.join("\n  because: "));
        if self.json {
            print_raw(format_args!("{:#}", json!({ "error": chain.join(": ") })));
        }
    }
}

/// The library writes errors into its reports itself, so their advice is replaced in the JSON text. Each member of an
/// object has a line of its own.
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
