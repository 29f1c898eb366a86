//! SQL in which marks replace the schema's name.
//!
//! With an empty search_path, PostgreSQL's deparsers write the schema before every name that is not PostgreSQL's own. A
//! mark replaces the schema's name, and [`render`] replaces the mark by any schema's name.

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
