//! The definitions in CREATE TABLE and ALTER TABLE, and other lists of words in which a few name relations.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    /// Reads definitions in parentheses.
    pub(super) fn definitions(&mut self) -> Read {
        self.open()?;
        let mut depth = 1usize;
        while depth > 0 {
            match self.kind() {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End | Kind::Semicolon => return Err(self.unexpected("a closing parenthesis was expected")),
                _ => {
                    self.definition_word()?;
                    continue;
                }
            }
            self.advance();
        }
        Ok(())
    }

    /// Takes the next word of definitions, with the relation that it names.
    pub(super) fn definition_word(&mut self) -> Read {
        match self.kind() {
            Kind::Open => self.definitions(),
            Kind::Close => Err(self.unexpected("an unbalanced parenthesis")),
            Kind::Word(Keyword::Select | Keyword::With) if self.at_query_of_words() => {
                Err(self.unexpected("no query was expected here"))
            }
            // A bare table is in the database of the table that refers to it.
            Kind::Word(Keyword::References) => {
                self.advance();
                let table = self.relation_name()?;
                if let Some(schema) = table.schema {
                    self.record_schema(schema);
                } else if table.dot.is_some() {
                    return Err(self.unexpected_at(table.last, "a table behind a dot without a schema"));
                }
                Ok(())
            }
            // UNION = (table, …)
            Kind::Word(Keyword::Union) => {
                self.advance();
                self.skip_equals();
                self.open()?;
                if self.kind() != Kind::Close {
                    self.relations()?;
                }
                self.close()
            }
            Kind::Word(Keyword::Next | Keyword::Previous)
                if self.is_ahead(1, Keyword::Value) && self.is_ahead(2, Keyword::For) =>
            {
                self.at += 3;
                self.relation().map(drop)
            }
            Kind::Word(Keyword::Nextval | Keyword::Lastval | Keyword::Setval) if self.ahead(1) == Kind::Open => {
                self.at += 2;
                self.relation()?;
                while self.kind() != Kind::Close && !self.at_statement_end() {
                    self.definition_word()?;
                }
                self.close()
            }
            kind if kind.is_name() && self.ahead(1) == Kind::Dot => {
                let first = self.token();
                self.at += 2;
                self.label()?;
                if self.kind() == Kind::Open {
                    self.record_schema(first);
                } else if self.skip_kind(Kind::Dot) {
                    self.record_schema(first);
                    self.label()?;
                }
                Ok(())
            }
            _ => {
                self.advance();
                Ok(())
            }
        }
    }

    /// Whether the word begins a query, not an option such as WITH SYSTEM VERSIONING or WITH PARSER.
    fn at_query_of_words(&self) -> bool {
        self.is(Keyword::Select) || self.is_ahead(2, Keyword::As) && self.ahead(3) == Kind::Open
    }
}
