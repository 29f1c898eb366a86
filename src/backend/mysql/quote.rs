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

/// The condition that this column of `information_schema` holds the name of this database. Both servers compare some of
/// these columns without regard to case and accents, and so would find another tenant's database.
pub(crate) fn is_database(column: &str, name: &SchemaName) -> String {
    let name = literal(name.as_str());
    // By the first condition, the server reads this database alone.
    format!("{column} = {name} AND BINARY {column} = BINARY {name}")
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
