//! Names of schemas, validated once. A valid name is never formatted into SQL unquoted.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::Arc,
};

use crate::{SchemaNameError, quote};

/// The longest identifier that PostgreSQL keeps, in bytes (`NAMEDATALEN - 1`).
///
/// The server cuts longer names without an error, so that two tenants could share a schema. This crate refuses them.
pub const MAX_NAME_BYTES: usize = 63;

/// The name of a PostgreSQL schema.
///
/// Any name that the server keeps unchanged: 1 to 63 bytes, no NUL, not reserved (`pg_…`, `information_schema`).
/// Quotes, spaces and letters of any script are allowed, since a `SchemaName` reaches SQL only [quoted](Self::quoted).
/// Case matters: `Client1` and `client1` are two schemas. Cloning is cheap.
///
/// ```
/// use diesel_tenants_translate::SchemaName;
///
/// let name: SchemaName = "client1".parse()?;
/// assert_eq!(name.as_str(), "client1");
/// assert_eq!(name.quoted(), r#""client1""#);
///
/// let hostile: SchemaName = r#"x"; DROP TABLE users; --"#.parse()?;
/// assert_eq!(hostile.quoted(), r#""x""; DROP TABLE users; --""#);
///
/// assert!("pg_temp".parse::<SchemaName>().is_err());
/// # Ok::<(), diesel_tenants_translate::SchemaNameError>(())
/// ```
#[derive(Clone)]
pub struct SchemaName {
    /// In double quotes, with inner quotes doubled.
    quoted: Arc<str>,
    /// Only if the name differs from the text between the quotes.
    unquoted: Option<Arc<str>>,
}

impl SchemaName {
    /// Validates a name.
    ///
    /// # Errors
    /// [`SchemaNameError`] if the name is empty, longer than 63 bytes, contains a NUL, or is reserved by PostgreSQL.
    pub fn new(name: &str) -> Result<Self, SchemaNameError> {
        if name.is_empty() {
            return Err(SchemaNameError::Empty);
        }
        if let Some(position) = name.bytes().position(|byte| byte == 0) {
            return Err(SchemaNameError::Nul {
                name: name.into(),
                position,
            });
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(SchemaNameError::TooLong {
                name: name.into(),
                bytes: name.len(),
            });
        }
        if name.starts_with("pg_") || name == "information_schema" {
            return Err(SchemaNameError::Reserved { name: name.into() });
        }
        let has_quotes = name.contains('"');
        let quoted = if has_quotes {
            quote::identifier(name)
        } else {
            ["\"", name, "\""].concat()
        };
        Ok(Self {
            quoted: quoted.into(),
            unquoted: has_quotes.then(|| name.into()),
        })
    }

    /// The name as PostgreSQL's catalogs hold it, unquoted.
    pub fn as_str(&self) -> &str {
        match &self.unquoted {
            Some(name) => name,
            None => &self.quoted[1..self.quoted.len() - 1],
        }
    }

    /// The name as an SQL identifier, in double quotes, with the quotes inside doubled.
    pub fn quoted(&self) -> &str {
        &self.quoted
    }
}

// Quoting keeps names apart, so the quoted form stands for the name.
impl PartialEq for SchemaName {
    fn eq(&self, other: &Self) -> bool {
        self.quoted == other.quoted
    }
}

impl Eq for SchemaName {}

impl Hash for SchemaName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.quoted.hash(state);
    }
}

impl PartialOrd for SchemaName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SchemaName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl AsRef<str> for SchemaName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for SchemaName {
    type Err = SchemaNameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl TryFrom<&str> for SchemaName {
    type Error = SchemaNameError;

    fn try_from(name: &str) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<String> for SchemaName {
    type Error = SchemaNameError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl TryFrom<&String> for SchemaName {
    type Error = SchemaNameError;

    fn try_from(name: &String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl TryFrom<&SchemaName> for SchemaName {
    type Error = SchemaNameError;

    fn try_from(name: &SchemaName) -> Result<Self, Self::Error> {
        Ok(name.clone())
    }
}

/// A type that converts to a schema's name, if it is valid: a string, or a [`SchemaName`].
pub trait IntoSchemaName {
    /// Validates the name.
    ///
    /// # Errors
    /// As for [`SchemaName::new`].
    fn into_schema_name(self) -> Result<SchemaName, SchemaNameError>;
}

impl<N> IntoSchemaName for N
where
    N: TryInto<SchemaName>,
    N::Error: Into<SchemaNameError>,
{
    fn into_schema_name(self) -> Result<SchemaName, SchemaNameError> {
        self.try_into().map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> String {
        SchemaName::new(name).unwrap_err().to_string()
    }

    #[test]
    fn quotes_and_unicode_are_kept_and_quoted() {
        assert_eq!(SchemaName::new(r#"we"ird"#).unwrap().quoted(), r#""we""ird""#);
        assert_eq!(SchemaName::new("größe 日本").unwrap().quoted(), "\"größe 日本\"");
    }

    #[test]
    fn a_name_is_63_bytes_at_most_counted_in_bytes_not_characters() {
        assert!(SchemaName::new(&"a".repeat(63)).is_ok());
        assert!(message(&"a".repeat(64)).contains("has 64 bytes, and PostgreSQL would silently cut it to 63"));
        assert!(message(&"ü".repeat(32)).contains("has 64 bytes"));
    }

    #[test]
    fn nul_empty_and_reserved_names_are_refused_with_their_reason() {
        assert_eq!(message(""), "a schema name can't be empty");
        assert_eq!(
            message("a\0b"),
            "schema name \"a\\0b\" has a NUL at byte 1, which PostgreSQL can't store"
        );
        assert!(message("pg_x").starts_with("schema name \"pg_x\" is reserved"));
        assert!(message("information_schema").contains("belong to PostgreSQL"));
        assert!(
            SchemaName::new("PG_x").is_ok(),
            "PostgreSQL reserves the lower-case prefix only"
        );
    }
}
