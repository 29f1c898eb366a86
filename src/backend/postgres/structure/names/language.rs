//! The languages of texts.

/// The languages whose function bodies can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) enum BodyLanguage {
    Sql,
    PlPgSql,
}

/// The kind of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) enum Language {
    /// The body of a function in a language that can be read: names and strings count.
    Body(BodyLanguage),
    /// A text that PostgreSQL deparsed: names are bound to their objects, strings are not.
    Expression,
    /// Arguments of a trigger: strings that are passed to a function, whatever it does with them.
    Arguments,
    /// A text whose meaning is unknown here: options, and bodies in other languages.
    Foreign,
}

impl Language {
    /// The language of statements in strings.
    pub(super) const SQL: Self = Self::Body(BodyLanguage::Sql);

    /// Whether names are looked up when the text is used.
    pub(super) fn has_names(self) -> bool {
        matches!(self, Self::Body(_))
    }
}
