//! What is printed: results to stdout, as text or as one JSON document; everything else to stderr.

mod advice;
mod fleet;
mod outcomes;
mod print;
mod printer;
mod progress;
mod table;
mod visible;
mod words;

pub use advice::in_our_words;
pub use fleet::{describe, print_changed, print_fleet, print_invalid, print_reserved, warned};
pub use outcomes::Outcomes;
pub use print::{print_raw, shown};
pub(crate) use print::{say, tell};
pub use printer::{Ending, Printer};
pub use progress::Progress;
pub use table::{table, table_of};
pub use visible::{line as value, name, word};
pub use words::{bytes, counted, line, on_one_line};
