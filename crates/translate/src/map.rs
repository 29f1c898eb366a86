//! Maps from the schemas in a text to the schemas to use.

use std::collections::BTreeSet;

use crate::{dialect::Dialect, error::TranslateError, schema_name::SchemaName};

/// A map of schemas: the tenant's schema for unqualified names, and a replacement for each schema that is a key.
///
/// A table without a schema gets the tenant's schema; a table in a schema that is a key gets that key's value; every
/// other name stays as it is. Under a map without a tenant an unqualified table is an
/// [error](crate::TranslateError::TenantRequired). Keys are literal names of schemas, compared after the SQL's names
/// are folded as PostgreSQL does: the key `shared` matches `shared`, `SHARED` and `"shared"`. In SQLite names compare
/// without regard to the case of ASCII letters: there it matches `"Shared"` too. In MySQL and MariaDB nothing is
/// folded: there it matches only `shared`.
///
/// ```
/// use diesel_tenants_translate::SchemaTranslateMap;
///
/// let map = SchemaTranslateMap::tenant("client1".parse()?).with("shared", "shared_v2".parse()?);
/// assert_eq!(
///     map.translate("SELECT * FROM orders JOIN shared.countries USING (code)")?,
///     r#"SELECT * FROM "client1".orders JOIN "shared_v2".countries USING (code)"#,
/// );
/// assert!(SchemaTranslateMap::new().translate("SELECT * FROM orders").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SchemaTranslateMap {
    unqualified: Option<SchemaName>,
    /// Sorted by key. Maps hold one to three entries: a search costs less than a hash.
    named: Vec<(String, SchemaName)>,
    untranslated: BTreeSet<String>,
    symbolic: BTreeSet<String>,
}

impl SchemaTranslateMap {
    /// A map without entries, for statements on pinned tables only.
    pub fn new() -> Self {
        Self::default()
    }

    /// A map that puts unqualified tables in the schema `name`.
    pub fn tenant(name: SchemaName) -> Self {
        Self {
            unqualified: Some(name),
            ..Self::default()
        }
    }

    /// Adds an entry: schema `name` in place of the schema `key`. The last value given for a key wins.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, name: SchemaName) -> Self {
        let key = key.into();
        match self.find(&key) {
            Ok(found) => self.named[found].1 = name,
            Err(place) => self.named.insert(place, (key, name)),
        }
        self
    }

    /// Makes the schema `key` stand for the tenant's schema: its tables are translated like unqualified ones.
    ///
    /// So a tenant's tables may be declared in both styles, also in one query. Under a map without a tenant such a
    /// table is an [error](crate::TranslateError::TenantRequired), like an unqualified one. An entry for the same key
    /// by [`with`](Self::with) takes precedence.
    ///
    /// ```
    /// use diesel_tenants_translate::SchemaTranslateMap;
    ///
    /// let map = SchemaTranslateMap::tenant("client1".parse()?).with_symbolic("tenant");
    /// assert_eq!(
    ///     map.translate("SELECT * FROM tenant.orders, items")?,
    ///     r#"SELECT * FROM "client1".orders, "client1".items"#,
    /// );
    /// assert!(SchemaTranslateMap::new().with_symbolic("tenant").translate("SELECT * FROM tenant.orders").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_symbolic(mut self, key: impl Into<String>) -> Self {
        self.symbolic.insert(key.into());
        self
    }

    /// Leaves these tables unchanged where the text gives them no schema: tables shared through the search path, or
    /// temporary tables.
    ///
    /// Names are literal, as in the database's catalogs. Each call adds to the names of earlier calls.
    #[must_use]
    pub fn with_untranslated<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.untranslated.extend(names.into_iter().map(Into::into));
        self
    }

    /// The schema of unqualified tables: the tenant's.
    pub fn unqualified(&self) -> Option<&SchemaName> {
        self.unqualified.as_ref()
    }

    /// The schema that replaces the schema `key`.
    pub fn get(&self, key: &str) -> Option<&SchemaName> {
        match self.find(key) {
            Ok(found) => Some(&self.named[found].1),
            Err(_) if self.is_symbolic(Dialect::Postgres, key) => self.unqualified(),
            Err(_) => None,
        }
    }

    /// The schema that replaces the schema `key`, where names compare without regard to the case of ASCII letters.
    ///
    /// # Errors
    /// [`TranslateError::AmbiguousKey`] if the key fits two entries that differ in case only.
    pub(super) fn get_ignoring_case(&self, key: &str) -> Result<Option<&SchemaName>, TranslateError> {
        let mut fitting = self.named.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
        match (fitting.next(), fitting.next()) {
            (Some((one, _)), Some((other, _))) => Err(TranslateError::AmbiguousKey {
                one: one.clone(),
                other: other.clone(),
            }),
            (Some((_, name)), None) => Ok(Some(name)),
            (None, _) if self.is_symbolic(Dialect::Sqlite, key) => Ok(self.unqualified()),
            (None, _) => Ok(None),
        }
    }

    /// Whether the schema `key` is replaced, where names compare without regard to the case of ASCII letters.
    pub(super) fn has_ignoring_case(&self, key: &str) -> bool {
        let is_named = self.named.iter().any(|(other, _)| other.eq_ignore_ascii_case(key));
        is_named || self.is_symbolic(Dialect::Sqlite, key)
    }

    /// Whether the schema `key` stands for the tenant's schema.
    pub(super) fn is_symbolic(&self, dialect: Dialect, key: &str) -> bool {
        contains(&self.symbolic, dialect, key)
    }

    /// All entries: first the schema of unqualified tables, with the key `None`, then the others in the order of their
    /// keys.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &SchemaName)> {
        let named = self.named.iter().map(|(key, name)| (Some(key.as_str()), name));
        self.unqualified.iter().map(|name| (None, name)).chain(named)
    }

    /// The names of tables that are left unchanged where they have no schema, sorted.
    pub fn untranslated(&self) -> impl Iterator<Item = &str> {
        self.untranslated.iter().map(String::as_str)
    }

    pub(super) fn leaves_alone(&self, dialect: Dialect, table: &str) -> bool {
        contains(&self.untranslated, dialect, table)
    }

    pub(super) fn leaves_some_alone(&self) -> bool {
        !self.untranslated.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }
}

fn contains(names: &BTreeSet<String>, dialect: Dialect, name: &str) -> bool {
    match dialect {
        _ if names.is_empty() => false,
        Dialect::Postgres | Dialect::Mysql => names.contains(name),
        Dialect::Sqlite => names.iter().any(|other| dialect.same_name(other, name)),
    }
}
