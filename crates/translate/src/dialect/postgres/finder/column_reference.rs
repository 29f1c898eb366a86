//! The rules for a column in an expression.

use super::{Finder, relation::Dotted, scope::Env};

impl Finder<'_> {
    /// A column of three parts follows its schema's mapping, as the table in FROM does. A column of two parts stays,
    /// unless its scope says otherwise. A single name may be a whole row, for which a schema is illegal, so it is never
    /// qualified.
    #[inline]
    pub(super) fn column_reference(&mut self, env: Env, name: &Dotted) {
        if let Some(schema) = self.schema_of_column(name) {
            self.record_schema(schema);
        } else if name.parts > 1 || name.star {
            self.scopes.column(env, self.first(name));
        }
    }
}
