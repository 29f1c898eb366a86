//! The structure of a schema, read from PostgreSQL's catalogs: an ordered list of objects, each with the statements
//! that create it in *any* schema.
//!
//! PostgreSQL's own deparsers write the statements, with every name in full; the name of the schema is then cut out
//! ([`names`]), so that the structures of two tenants are equal exactly if their texts are equal. A dozen queries read
//! any number of schemas.

mod column;
mod left_texts;
mod names;
mod object;
mod order;
mod read;
mod rows;

pub(crate) use column::Column;
pub(crate) use left_texts::{Followers, Texts, follow, followers, left_behind, outsiders};
pub(crate) use names::{moved, render, unqualified};
pub(crate) use object::{Object, Structure};
pub(crate) use read::read;
