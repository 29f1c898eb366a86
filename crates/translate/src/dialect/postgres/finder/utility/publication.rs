//! The objects of a publication.

use crate::{
    dialect::postgres::{
        finder::{Finder, Frame, scope::Env},
        keyword::Keyword,
        lexer::Kind,
    },
    error::Fault,
};

impl Finder<'_> {
    /// `ALTER PUBLICATION name { ADD | SET | DROP } objects`, and other changes.
    pub(in super::super) fn alter_publication(&mut self) -> Result<(), Fault> {
        self.skip_label()?;
        if self.skip_word("add")? || self.skip_word("set")? || self.skip_word("drop")? {
            self.stack.push(Frame::PublicationObjects { tables: false });
            Ok(())
        } else {
            self.nothing()
        }
    }

    /// `TABLE relation [(columns)] [WHERE (condition)], relation …, TABLES IN SCHEMA schema, schema …`
    pub(in super::super) fn publication_objects(&mut self, tables: bool) -> Result<(), Fault> {
        // A name without a word before it is of the same kind as the object before it.
        let in_schema = self.at_word("tables") && self.word_is(self.second()?, "in");
        let tables = self.skip(Keyword::Table)? || tables && !in_schema;
        if tables {
            let name = self.relation_expression()?;
            self.record(&name);
            self.skip_parens()?;
        }
        self.stack.push(Frame::PublicationNext { tables });
        if tables && self.skip(Keyword::Where)? {
            self.expect(Kind::Open, "a condition in parentheses was expected")?;
            self.stack.push(Frame::Paren {
                env: Env::SILENT,
                fresh: true,
            });
        }
        Ok(())
    }

    pub(in super::super) fn publication_next(&mut self, tables: bool) -> Result<(), Fault> {
        loop {
            match self.token.kind {
                Kind::Comma => {
                    self.advance()?;
                    self.stack.push(Frame::PublicationObjects { tables });
                    return Ok(());
                }
                Kind::Open => {
                    self.skip_parens()?;
                }
                Kind::Semicolon | Kind::End => return Ok(()),
                _ => self.advance()?,
            }
        }
    }
}
