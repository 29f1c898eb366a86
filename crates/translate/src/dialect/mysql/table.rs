//! CREATE TABLE.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    /// `[IF NOT EXISTS] table { LIKE other | [(definitions)] options [[IGNORE | REPLACE] [AS] query] }`
    pub(super) fn create_table(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        if self.skip(Keyword::Like) {
            return self.relation().map(drop);
        }
        if self.kind() == Kind::Open && self.is_ahead(1, Keyword::Like) {
            self.at += 2;
            self.relation()?;
            return self.close();
        }
        if self.kind() == Kind::Open && !self.at_query_in_parens() {
            self.definitions()?;
        }
        while !self.at_statement_end() {
            if self.skip(Keyword::As) || self.at_new_rows() {
                return self.query();
            }
            self.definition_word()?;
        }
        Ok(())
    }

    /// Whether the query begins here that gives the table its rows. VALUES and WITH are words of options too.
    fn at_new_rows(&self) -> bool {
        match self.kind() {
            Kind::Word(Keyword::Select) => true,
            Kind::Word(Keyword::Values | Keyword::Table) => {
                matches!(self.ahead(1), Kind::Open | Kind::Word(Keyword::Row))
            }
            Kind::Word(Keyword::With) => {
                self.is_ahead(1, Keyword::Recursive)
                    || self.ahead(1).is_name() && (self.is_ahead(2, Keyword::As) || self.ahead(2) == Kind::Open)
            }
            Kind::Open => self.at_query_in_parens(),
            _ => false,
        }
    }
}
