//! Counts, sizes and errors in words.

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
    on_one_line(&causes(error))
}

/// A message of the library's on one line, in the command's words.
pub fn on_one_line(message: &str) -> String {
    let words = advice::in_our_words(message);
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// A number of bytes, as PostgreSQL's `pg_size_pretty` says it.
pub fn bytes(count: u64) -> String {
    const LARGEST_OF_A_UNIT: u64 = 10 * 1024;

    if count < LARGEST_OF_A_UNIT {
        return format!("{count} bytes");
    }
    let mut halves = count / 512;
    for unit in ["kB", "MB", "GB"] {
        if halves < 2 * LARGEST_OF_A_UNIT - 1 {
            return format!("{} {unit}", halves.div_ceil(2));
        }
        halves /= 1024;
    }
    format!("{} TB", halves.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_as_the_server_does() {
        for (count, told) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (10_752, "11 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (1 << 40, "1024 GB"),
            (20 << 40, "20 TB"),
        ] {
            assert_eq!(bytes(count), told);
        }
    }
}
