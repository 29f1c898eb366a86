//! Which names a tenant's database may have.

use crate::{SchemaName, SchemaNameError};

/// The server's own databases, in any case.
const RESERVED: [&str; 5] = ["mysql", "sys", "performance_schema", "information_schema", "ndbinfo"];

/// Behind this, the server takes the rest of a name for the name of a folder as it stands on disk.
const FOLDER_PREFIX: &str = "#mysql50#";

/// Refuses the names that the server reserves, would change, or can't store. A [`SchemaName`] has 63 bytes at most, and
/// the server takes 64 characters.
pub(crate) fn check_name(name: &SchemaName) -> Result<(), SchemaNameError> {
    let refused = |reason| {
        Err(SchemaNameError::NoDatabase {
            name: name.as_str().to_owned(),
            reason,
        })
    };
    let text = name.as_str();
    if RESERVED.iter().any(|reserved| text.eq_ignore_ascii_case(reserved)) {
        return refused("the database of that name belongs to the server");
    }
    let prefix = text.get(..FOLDER_PREFIX.len());
    if prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(FOLDER_PREFIX)) {
        return refused("the server reads names that begin with #mysql50# as names of folders");
    }
    if text.ends_with(char::is_whitespace) {
        return refused("MySQL allows no space at the end of a database's name");
    }
    if text.chars().any(|letter| letter > '\u{ffff}') {
        return refused("MySQL can't store letters beyond U+FFFF, such as emoji, in a database's name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(name: &str) -> bool {
        check_name(&SchemaName::new(name).unwrap()).is_err()
    }

    #[test]
    fn the_servers_own_databases_are_refused_in_any_case() {
        for name in [
            "mysql",
            "MySQL",
            "sys",
            "Performance_Schema",
            "INFORMATION_SCHEMA",
            "#MySQL50#x",
        ] {
            assert!(is_refused(name), "{name}");
        }
    }

    #[test]
    fn names_that_the_server_would_change_or_refuse_are_refused() {
        for name in ["client1 ", "client1\t", "client😀"] {
            assert!(is_refused(name), "{name}");
        }
        for name in [
            "client 1",
            " client1",
            "größe",
            "日本",
            "a`b",
            "a\"b",
            "x'; DROP DATABASE y; --",
            "mysqlx",
            "1",
        ] {
            assert!(!is_refused(name), "{name}");
        }
    }
}
