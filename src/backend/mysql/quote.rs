//! Names and strings in SQL.

use diesel_tenants_translate::{Dialect, SchemaName};

/// The name of a database in backticks.
pub(crate) fn database(name: &SchemaName) -> String {
    Dialect::Mysql.quoted(name)
}

/// A name in backticks.
pub(crate) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string, for a session without `NO_BACKSLASH_ESCAPES`.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_name_or_a_string_is_doubled() {
        assert_eq!(identifier("a`b\"c\\"), "`a``b\"c\\`");
        assert_eq!(literal("a'b\"c\\"), "'a''b\"c\\\\'");
    }
}
