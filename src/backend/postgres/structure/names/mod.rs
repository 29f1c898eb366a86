//! SQL in which marks replace the schema's name.
//!
//! With an empty search_path, PostgreSQL's deparsers write the schema before every name that is not PostgreSQL's own. A
//! mark replaces the schema's name, and [`render`] replaces the mark by any schema's name.

mod array;
mod escapes;
mod language;
mod marks;
mod name_context;
mod queries;
mod replace_schema;
mod schema_positions;
mod search;
mod text;

pub(super) use language::{BodyLanguage, Language};
pub(super) use marks::IDENTIFIER;
pub(crate) use marks::{render, unqualified};
pub(crate) use replace_schema::moved;
pub(super) use replace_schema::{named, names, neutral};
