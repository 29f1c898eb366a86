//! Lines for people, to stdout and stderr, and lines for programs.

use std::{
    fmt::Display,
    io::{self, Write},
    process,
};

use super::visible;

/// Prints a line of the result for people. Unlike `println!`, it does not panic if the reader is gone.
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

/// A text without control sequences, so that text from a database can't control the terminal.
pub fn shown(text: impl Display) -> String {
    visible::lines(&text.to_string())
}

/// Prints a line for programs, unchanged: JSON, SQL, scripts. Ends the process if the reader is gone, such as `head`
/// after its lines.
pub fn print_raw(text: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{text}") {
        process::exit(i32::from(error.kind() != io::ErrorKind::BrokenPipe));
    }
}
