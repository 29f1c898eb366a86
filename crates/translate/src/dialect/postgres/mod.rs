//! PostgreSQL: cuts a text into tokens, and finds the relations that it names, as far as PostgreSQL's grammar is needed
//! to distinguish relations from everything else.

pub(crate) mod catalog;
pub(crate) mod finder;
pub(crate) mod identifier;
pub(crate) mod keyword;
pub mod lexer;
pub(crate) mod string;
