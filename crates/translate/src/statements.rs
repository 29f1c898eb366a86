//! The statements of a text.

use std::ops::Range;

use crate::{
    dialect::{Dialect, mysql, postgres, sqlite},
    error::TranslateError,
};

/// The byte ranges of the statements in a PostgreSQL text, without the semicolons between them and the space around
/// them.
///
/// Semicolons in strings, comments, parentheses and `BEGIN ATOMIC … END` bodies don't end a statement. Empty statements
/// are left out.
///
/// ```
/// let sql = "BEGIN; INSERT INTO notes VALUES ('a;b'); ; COMMIT";
/// let ranges = diesel_tenants_translate::statements(sql)?;
/// let statements: Vec<_> = ranges.into_iter().map(|range| &sql[range]).collect();
/// assert_eq!(statements, ["BEGIN", "INSERT INTO notes VALUES ('a;b')", "COMMIT"]);
/// # Ok::<(), diesel_tenants_translate::TranslateError>(())
/// ```
///
/// # Errors
/// [`TranslateError`] if the text can't be cut into tokens, or if parentheses or a body are not closed.
pub fn statements(sql: &str) -> Result<Vec<Range<usize>>, TranslateError> {
    statements_for(Dialect::Postgres, sql)
}

/// The byte ranges of the statements in a text of this dialect, as [`statements`] gives them for PostgreSQL. In SQLite
/// the semicolons in a trigger's body don't end a statement, and in MySQL those in the bodies of triggers, routines and
/// events.
///
/// # Errors
/// As for [`statements`]: [`TranslateError`] if the text can't be cut into tokens, or if something is not closed.
pub fn statements_for(dialect: Dialect, sql: &str) -> Result<Vec<Range<usize>>, TranslateError> {
    let ranges = match dialect {
        Dialect::Postgres => postgres::split(sql),
        Dialect::Sqlite => sqlite::split(sql),
        Dialect::Mysql => mysql::split(sql),
    };
    ranges.map_err(|fault| fault.describe(sql))
}
