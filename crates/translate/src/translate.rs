//! From a text to its analysis, and to its translation.

use std::borrow::Cow;

use crate::{dialect::Dialect, error::TranslateError, map::SchemaTranslateMap, template::Template};

impl Template {
    /// Finds the names to translate in a text of one or more PostgreSQL statements.
    ///
    /// # Errors
    /// [`TranslateError`] if the text can't be understood, but never [`TranslateError::TenantRequired`], which depends
    /// on the map.
    pub fn analyse(sql: &str) -> Result<Self, TranslateError> {
        Self::analyse_for(Dialect::Postgres, sql)
    }

    /// Finds the names to translate in a text of one or more statements of a dialect.
    ///
    /// # Errors
    /// As for [`analyse`](Self::analyse).
    #[inline]
    pub fn analyse_for(dialect: Dialect, sql: &str) -> Result<Self, TranslateError> {
        dialect.analyse(sql)
    }
}

impl SchemaTranslateMap {
    /// Translates a text of one or more PostgreSQL statements. The result is borrowed if nothing changes.
    ///
    /// # Errors
    /// [`TranslateError`] if the text can't be understood, or names a tenant's table under a map without a tenant.
    pub fn translate<'a>(&self, sql: &'a str) -> Result<Cow<'a, str>, TranslateError> {
        Template::analyse(sql)?.render(sql, self)
    }

    /// Translates a text of one or more statements of a dialect. The result is borrowed if nothing changes.
    ///
    /// ```
    /// use diesel_tenants_translate::{Dialect, SchemaTranslateMap};
    ///
    /// let map = SchemaTranslateMap::tenant("client1".parse()?);
    /// assert_eq!(
    ///     map.translate_for(Dialect::Sqlite, "INSERT OR IGNORE INTO [orders] SELECT * FROM `old`")?,
    ///     r#"INSERT OR IGNORE INTO "client1".[orders] SELECT * FROM "client1".`old`"#,
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`translate`](Self::translate), and [`TranslateError::AmbiguousKey`] if two keys of the map are one name
    /// in the dialect.
    pub fn translate_for<'a>(&self, dialect: Dialect, sql: &'a str) -> Result<Cow<'a, str>, TranslateError> {
        Template::analyse_for(dialect, sql)?.render(sql, self)
    }
}
