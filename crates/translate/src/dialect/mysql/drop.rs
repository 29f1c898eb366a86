//! DROP of every kind.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    pub(super) fn drop_object(&mut self) -> Read {
        self.advance();
        self.skip(Keyword::Temporary);
        match self.advance().kind {
            Kind::Word(Keyword::Table | Keyword::Tables | Keyword::View | Keyword::Sequence) => {
                self.skip_existence();
                self.relations()?;
                self.lock_wait()?;
                self.skip_any(&[Keyword::Restrict, Keyword::Cascade]);
                Ok(())
            }
            Kind::Word(Keyword::Trigger | Keyword::Procedure | Keyword::Function | Keyword::Event) => {
                self.skip_existence();
                self.relation().map(drop)
            }
            // Only the table has a schema.
            Kind::Word(Keyword::Index) => {
                self.skip_existence();
                self.label()?;
                self.expect(Keyword::On, "ON was expected in DROP INDEX")?;
                self.relation()?;
                self.skip_statement()
            }
            _ => Err(Self::of_server(self.tokens[self.at - 1])),
        }
    }
}
