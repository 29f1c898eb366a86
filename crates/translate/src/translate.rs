//! From a text to its analysis, and to its translation.

use std::borrow::Cow;

use crate::{error::TranslateError, finder::Finder, map::SchemaTranslateMap, template::Template};

impl Template {
    /// Finds the names to translate in a text of one or more statements.
    ///
    /// # Errors
    /// [`TranslateError`] if the text can't be understood, but never [`TranslateError::TenantRequired`], which depends
    /// on the map.
    pub fn analyse(sql: &str) -> Result<Self, TranslateError> {
        Finder::find(sql).map_err(|fault| fault.describe(sql))
    }
}

impl SchemaTranslateMap {
    /// Translates a text of one or more statements. The result is borrowed if nothing changes.
    ///
    /// # Errors
    /// [`TranslateError`] if the text can't be understood, or names a tenant's table under a map without a tenant.
    pub fn translate<'a>(&self, sql: &'a str) -> Result<Cow<'a, str>, TranslateError> {
        Template::analyse(sql)?.render(sql, self)
    }
}
