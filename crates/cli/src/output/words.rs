use std::fmt::Display;

use super::advice;
use crate::causes::causes;

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
