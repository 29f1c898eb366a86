//! The dialects of SQL, and what each of them decides.
//!
//! What all dialects share stands outside of this folder: the places in a text, the map, rendering, the cache and the
//! errors.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::borrow::Cow;

use crate::{
    dialect::postgres::{finder::Finder, identifier},
    error::TranslateError,
    template::Template,
};

/// The dialect of SQL in which a text is written.
///
/// The same text can name different tables in two dialects: `"a"` is always a name in PostgreSQL, and `[a]` is a name
/// in SQLite and a subscript in PostgreSQL. So the dialect is part of every analysis, and of every cache key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// PostgreSQL. An unquoted name is folded to lower case, and names compare exactly.
    Postgres,
    /// SQLite. A schema is the name of an attached database. Names compare without regard to the case of ASCII letters,
    /// quoted ones too.
    Sqlite,
}

impl Dialect {
    pub(crate) const ALL: [Self; 2] = [Self::Postgres, Self::Sqlite];

    #[inline]
    pub(crate) fn analyse(self, sql: &str) -> Result<Template, TranslateError> {
        let found = match self {
            Self::Postgres => Finder::find(sql),
            Self::Sqlite => sqlite::find(sql),
        };
        found.map_err(|fault| fault.describe(sql))
    }

    /// Whether two names, as the text means them, are one name.
    pub(crate) fn same_name(self, one: &str, other: &str) -> bool {
        match self {
            Self::Postgres => one == other,
            Self::Sqlite => one.eq_ignore_ascii_case(other),
        }
    }

    /// The name at the beginning of this text, behind a dot if there is one; empty if there is none.
    pub(crate) fn name_at(self, sql: &str) -> Cow<'_, str> {
        match self {
            Self::Postgres => identifier::name_at(sql),
            Self::Sqlite => sqlite::name_at(sql),
        }
    }
}
