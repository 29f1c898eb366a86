//! What languages texts are in.

/// The languages whose bodies are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) enum BodyLanguage {
    Sql,
    PlPgSql,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) enum Language {
    /// The body of a function in a language that is understood: names and strings count.
    Body(BodyLanguage),
    /// What PostgreSQL deparses: names are bound to their objects, strings are not.
    Expression,
    /// Arguments of a trigger: strings that are handed to a function, whatever it does with them.
    Arguments,
    /// Something that only its reader understands: options, and bodies in other languages.
    Foreign,
}

impl Language {
    /// The language of statements within strings.
    pub(super) const SQL: Self = Self::Body(BodyLanguage::Sql);

    /// Whether names are looked up when the text is used.
    pub(super) fn has_names(self) -> bool {
        matches!(self, Self::Body(_))
    }
}
