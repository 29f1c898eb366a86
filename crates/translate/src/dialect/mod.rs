//! The dialects of SQL, and what each of them decides.
//!
//! What all dialects share stands outside of this folder: the places in a text, the map, rendering, the cache and the
//! errors.

pub(crate) mod mysql;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::borrow::Cow;

use crate::{
    dialect::postgres::{finder::Finder, identifier},
    error::TranslateError,
    schema_name::SchemaName,
    slot,
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
    /// MySQL and MariaDB. A schema is a database. Names are in backticks, and compare exactly, as on a server with
    /// `lower_case_table_names = 0`. Texts are read as with the default `sql_mode`, in UTF-8: a session must not turn
    /// on `ANSI_QUOTES`, `NO_BACKSLASH_ESCAPES` or `ORACLE`.
    Mysql,
}

impl Dialect {
    pub(crate) const ALL: [Self; 3] = [Self::Postgres, Self::Sqlite, Self::Mysql];

    #[inline]
    pub(crate) fn analyse(self, sql: &str) -> Result<Template, TranslateError> {
        let found = match self {
            Self::Postgres => Finder::find(sql),
            Self::Sqlite => sqlite::find(sql),
            Self::Mysql => mysql::find(sql),
        };
        found.map_err(|fault| fault.describe(sql))
    }

    /// Whether two names, as the text means them, are one name.
    pub(crate) fn same_name(self, one: &str, other: &str) -> bool {
        match self {
            Self::Postgres | Self::Mysql => one == other,
            Self::Sqlite => one.eq_ignore_ascii_case(other),
        }
    }

    /// Writes a name as the dialect quotes it, apart from a token that stands before it.
    pub(crate) fn push_name(self, out: &mut String, name: &SchemaName) {
        match self {
            Self::Postgres | Self::Sqlite => slot::push_quoted(out, name),
            Self::Mysql => slot::push_in_backticks(out, name),
        }
    }

    /// A name as the dialect quotes it: `"client1"`, in MySQL `` `client1` ``.
    pub fn quoted(self, name: &SchemaName) -> String {
        let mut quoted = String::with_capacity(name.as_str().len() + 2);
        self.push_name(&mut quoted, name);
        quoted
    }

    /// The first of these modes, as MySQL's variable `sql_mode` lists them, in which the server reads texts in another
    /// way than [`Dialect::Mysql`]; `None` if there is none.
    ///
    /// ```
    /// use diesel_tenants_translate::Dialect;
    ///
    /// assert_eq!(Dialect::misread_sql_mode("STRICT_TRANS_TABLES,ANSI_QUOTES"), Some("ANSI_QUOTES"));
    /// assert_eq!(Dialect::misread_sql_mode("STRICT_TRANS_TABLES"), None);
    /// ```
    pub fn misread_sql_mode(modes: &str) -> Option<&str> {
        mysql::misread_sql_mode(modes)
    }

    /// Whether a name that begins like this stays apart from a dot before it: behind a quoted name and a dot, MySQL
    /// reads digits as a number.
    pub(crate) fn needs_space_behind_dot(self, name: &str) -> bool {
        self == Self::Mysql && name.starts_with(|first: char| first.is_ascii_digit())
    }

    /// The name at the beginning of this text, behind a dot if there is one; empty if there is none.
    pub(crate) fn name_at(self, sql: &str) -> Cow<'_, str> {
        match self {
            Self::Postgres => identifier::name_at(sql),
            Self::Sqlite => sqlite::name_at(sql),
            Self::Mysql => mysql::name_at(sql),
        }
    }
}
