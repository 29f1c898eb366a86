//! Which schema a name's tables live in.

use std::{borrow::Cow, collections::BTreeSet};

use super::{error::TranslateError, template::Template};
use crate::name::SchemaName;

/// Where tables live: the tenant's schema for unqualified names, and a schema in place of each named one.
///
/// A table without a schema gets the tenant's; a table in a schema that is a key gets that key's value; every other name stays as it is.
/// Under a map without a tenant an unqualified table is an [error](TranslateError::TenantRequired). Keys are literal names of schemas, compared
/// after PostgreSQL's folding of what the SQL says: the key `shared` matches `shared`, `SHARED` and `"shared"`.
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

    /// The same map, with schema `name` in place of the schema `key`. The last value given for a key wins.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, name: SchemaName) -> Self {
        let key = key.into();
        match self.find(&key) {
            Ok(found) => self.named[found].1 = name,
            Err(place) => self.named.insert(place, (key, name)),
        }
        self
    }

    /// The same map, in which the schema `key` stands for the tenant's: tables declared in it go where unqualified ones go.
    ///
    /// Both styles of declaring a tenant's tables then work, also in one query. Under a map without a tenant such a table is an
    /// [error](TranslateError::TenantRequired), as an unqualified one is. A key given by [`with`](Self::with) comes first.
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

    /// The same map, leaving these tables alone where they stand without a schema: tables shared by way of the search path, or temporary ones.
    ///
    /// Names are literal, as the database's catalogs hold them. Adds to names given before.
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

    /// The schema that stands in for the schema `key`.
    pub fn get(&self, key: &str) -> Option<&SchemaName> {
        match self.find(key) {
            Ok(found) => Some(&self.named[found].1),
            Err(_) if self.is_symbolic(key) => self.unqualified(),
            Err(_) => None,
        }
    }

    /// Whether the schema `key` stands for the tenant's.
    pub(super) fn is_symbolic(&self, key: &str) -> bool {
        !self.symbolic.is_empty() && self.symbolic.contains(key)
    }

    /// All entries, the unqualified one first under the key `None`, then the named ones in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &SchemaName)> {
        let named = self.named.iter().map(|(key, name)| (Some(key.as_str()), name));
        self.unqualified.iter().map(|name| (None, name)).chain(named)
    }

    /// The names of tables left alone where they stand without a schema, sorted.
    pub fn untranslated(&self) -> impl Iterator<Item = &str> {
        self.untranslated.iter().map(String::as_str)
    }

    /// Translates a text of one or more statements. Borrowed when nothing changes.
    ///
    /// # Errors
    /// [`TranslateError`] if the text can't be understood, or names a tenant's table under a map without a tenant.
    pub fn translate<'a>(&self, sql: &'a str) -> Result<Cow<'a, str>, TranslateError> {
        Template::analyse(sql)?.render(sql, self)
    }

    pub(super) fn leaves_alone(&self, table: &str) -> bool {
        self.untranslated.contains(table)
    }

    pub(super) fn leaves_some_alone(&self) -> bool {
        !self.untranslated.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }
}
