//! GRANT and REVOKE.

use crate::{
    dialect::postgres::{finder::Finder, keyword::Keyword, lexer::Kind},
    error::Fault,
};

/// Objects other than tables and sequences on which privileges are granted.
#[rustfmt::skip]
const OTHER_OBJECTS: [&str; 13] = [
    "all", "database", "domain", "foreign", "function", "language", "large", "parameter", "procedure", "routine",
    "schema", "tablespace", "type",
];

impl Finder<'_> {
    /// `privileges ON [TABLE | SEQUENCE] relations …`, or `roles TO roles`.
    pub(super) fn grant(&mut self) -> Result<(), Fault> {
        loop {
            match self.token.kind {
                // Columns of a privilege.
                Kind::Open => _ = self.skip_parens()?,
                Kind::Word(Keyword::On) => break,
                Kind::Semicolon | Kind::End => return Ok(()),
                _ => self.advance()?,
            }
        }
        self.advance()?;
        // A table may have a kind of object as its name; then no name follows.
        let kind_follows = match self.second()?.kind {
            Kind::Word(Keyword::To | Keyword::From) => false,
            kind => kind.is_label(),
        };
        if kind_follows && OTHER_OBJECTS.iter().any(|kind| self.at_word(kind)) {
            return self.nothing();
        }
        if kind_follows && !self.skip(Keyword::Table)? {
            self.skip_word("sequence")?;
        }
        self.relations()?;
        self.nothing()
    }
}
