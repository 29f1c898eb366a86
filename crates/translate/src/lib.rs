//! Translates SQL text under a map of schemas. Pure: no connection, no state.
//!
//! A text is in a [`Dialect`]: PostgreSQL's, for every function that isn't told another one, SQLite's, or that of MySQL
//! and MariaDB ([`SchemaTranslateMap::translate_for`], [`Template::cached_for`]). The `README` says what each of them
//! translates and refuses.
//!
//! A text is analysed once: a [`Template`] records where the text has names to translate. Rendering the template under
//! a [`SchemaTranslateMap`] only copies text. A text that is not understood gives a [`TranslateError`], never a guess.
//!
//! Names that PostgreSQL's grammar does not show as relations are not translated: names in strings
//! (`'orders'::regclass`, `nextval('orders_id_seq')`), row types (`NULL::orders`), functions' bodies in strings and
//! `DO` blocks. A temporary table is left unchanged where it is created, but a later statement doesn't show that the
//! table is temporary: list the table in [`SchemaTranslateMap::with_untranslated`]. Strings are read as the server
//! reads them with `standard_conforming_strings` on, the default. A session must not turn that setting off.
//!
//! The modules, in the order in which a text passes through them. In `dialect::postgres`, `lexer` cuts it into tokens,
//! with `keyword` for the words of the grammar; `finder` follows the grammar and finds the relations; `identifier`
//! decodes the text of a name, and `catalog` lists PostgreSQL's own names. `dialect::sqlite` and `dialect::mysql` have
//! the same for SQLite, and for MySQL and MariaDB. All dialects share the rest: `template` keeps the places found (each
//! a `slot`) and renders them under a `map`, and `cache` keeps templates.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod cache;
mod dialect;
mod error;
mod map;
pub mod quote;
mod schema_name;
mod schema_name_error;
mod session_effect;
mod slot;
mod statements;
mod template;
mod tokens;
mod translate;

#[doc(hidden)]
pub use cache::Evictions;
pub use cache::{CacheStatistics, template_statistics};
pub use dialect::{
    Dialect,
    postgres::{lexer, transaction::transaction_control, words::words},
};
#[doc(hidden)]
pub use error::POISON;
pub use error::{Place, TranslateError};
pub use map::SchemaTranslateMap;
pub use schema_name::{IntoSchemaName, MAX_NAME_BYTES, SchemaName};
pub use schema_name_error::SchemaNameError;
pub use session_effect::{Hazard, HazardKind, SessionEffect};
pub use statements::{statements, statements_for};
pub use template::Template;
pub use tokens::tokens_for;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
