//! PostgreSQL: cuts a text into tokens, and finds the relations that it names, as far as PostgreSQL's grammar is needed
//! to distinguish relations from everything else.

pub(crate) mod catalog;
pub(crate) mod finder;
pub(crate) mod identifier;
pub(crate) mod keyword;
pub mod lexer;
mod split;
pub(crate) mod string;
pub(crate) mod transaction;
pub(crate) mod words;

pub(crate) use split::split;
