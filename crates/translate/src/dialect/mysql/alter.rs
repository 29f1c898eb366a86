//! ALTER, RENAME and TRUNCATE.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    pub(super) fn alter(&mut self) -> Read {
        self.advance();
        self.options_of_object()?;
        match self.advance().kind {
            Kind::Word(Keyword::Table) => self.alter_table(),
            Kind::Word(Keyword::View) => self.create_view(),
            Kind::Word(Keyword::Sequence | Keyword::Procedure | Keyword::Function) => {
                self.skip_existence();
                self.relation()?;
                self.skip_statement()
            }
            Kind::Word(Keyword::Event) => {
                self.relation()?;
                self.event_options()?;
                match self.skip(Keyword::Do) {
                    true => self.body(),
                    false => Ok(()),
                }
            }
            _ => Err(Self::of_server(self.tokens[self.at - 1])),
        }
    }

    /// `[IF EXISTS] table changes`
    fn alter_table(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        while !self.at_statement_end() {
            match (self.kind(), self.ahead(1)) {
                (Kind::Word(Keyword::Rename), Kind::Word(Keyword::Column | Keyword::Index | Keyword::Key)) => {
                    self.at += 2;
                }
                // RENAME [TO | AS | =] table
                (Kind::Word(Keyword::Rename), _) => {
                    self.advance();
                    if !self.skip_any(&[Keyword::To, Keyword::As]) {
                        self.skip_equals();
                    }
                    self.relation()?;
                }
                // EXCHANGE PARTITION … WITH TABLE, CONVERT PARTITION … TO TABLE, CONVERT TABLE … TO PARTITION
                (Kind::Word(Keyword::With | Keyword::To | Keyword::Convert), Kind::Word(Keyword::Table)) => {
                    self.at += 2;
                    self.relation()?;
                }
                _ => self.definition_word()?,
            }
        }
        Ok(())
    }

    /// `RENAME TABLE a TO b, …`
    pub(super) fn rename(&mut self) -> Read {
        self.advance();
        if !self.skip_any(&[Keyword::Table, Keyword::Tables]) {
            return Err(Self::of_server(self.token()));
        }
        self.skip_existence();
        loop {
            self.relation()?;
            self.lock_wait()?;
            self.expect(Keyword::To, "TO was expected")?;
            self.relation()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `TRUNCATE [TABLE] table`
    pub(super) fn truncate(&mut self) -> Read {
        self.advance();
        self.skip(Keyword::Table);
        self.relation()?;
        self.lock_wait()
    }
}
