use std::{
    fmt::Display,
    io::{self, Write},
    process,
};

use super::visible;

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
