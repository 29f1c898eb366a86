//! SQL without the name of the schema that it is about.
//!
//! PostgreSQL's deparsers, under an empty search_path, write the schema before every name that is not PostgreSQL's own. In its place
//! goes a mark, which [`render`] replaces by any schema's name.

mod array;
mod escapes;
mod language;
mod marks;
mod neutral;
mod queries;
mod scan;
mod search;
mod text;
mod tokens;

pub(super) use language::{BodyLanguage, Language};
pub(super) use marks::IDENTIFIER;
pub(crate) use marks::{render, unqualified};
pub(crate) use neutral::moved;
pub(super) use neutral::{named, names, neutral};
