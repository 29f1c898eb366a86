//! SHOW.

use super::{Finder, Read, keyword::Keyword, token::Kind};
use crate::{session_effect::HazardKind, slot::Form};

impl Finder<'_> {
    /// What belongs to a table or a database gets the schema. What belongs to the server or the session stays.
    pub(super) fn show(&mut self) -> Read {
        self.advance();
        self.skip_all(&[Keyword::Full, Keyword::Extended]);
        match self.kind() {
            Kind::Word(Keyword::Create) => self.show_create(),
            Kind::Word(Keyword::Columns | Keyword::Fields | Keyword::Index | Keyword::Indexes | Keyword::Keys) => {
                self.advance();
                self.shown_table()
            }
            Kind::Word(Keyword::Tables | Keyword::Triggers | Keyword::Events) => {
                self.advance();
                self.shown_database()
            }
            Kind::Word(Keyword::Table | Keyword::Open) => {
                self.advance();
                if !self.skip_any(&[Keyword::Status, Keyword::Tables]) {
                    return Err(self.unexpected("STATUS or TABLES was expected"));
                }
                self.shown_database()
            }
            _ => {
                let is_code =
                    self.is_any(&[Keyword::Procedure, Keyword::Function]) && !self.is_ahead(1, Keyword::Status);
                if is_code {
                    return Err(self.unexpected("the code of a routine is only shown by debugging servers"));
                }
                while !self.at_statement_end() {
                    let about = self.text(self.token());
                    if ["warnings", "errors"]
                        .iter()
                        .any(|word| about.eq_ignore_ascii_case(word))
                    {
                        self.note_hazard(HazardKind::EarlierStatement, self.token());
                    }
                    if self.skip(Keyword::Where) {
                        return self.expression();
                    }
                    match self.kind() {
                        Kind::Word(Keyword::Select) | Kind::Close => {
                            return Err(self.unexpected("the end of the statement was expected"));
                        }
                        Kind::Open => self.skip_parens()?,
                        _ => drop(self.advance()),
                    }
                }
                Ok(())
            }
        }
    }

    /// `CREATE kind name`
    fn show_create(&mut self) -> Read {
        self.advance();
        match self.advance().kind {
            Kind::Word(
                Keyword::Table
                | Keyword::View
                | Keyword::Sequence
                | Keyword::Trigger
                | Keyword::Procedure
                | Keyword::Function
                | Keyword::Event,
            ) => self.relation().map(drop),
            Kind::Word(Keyword::Database | Keyword::Schema) => {
                self.skip_existence();
                let schema = self.label()?;
                self.record_schema(schema);
                Ok(())
            }
            _ => Err(Self::of_server(self.tokens[self.at - 1])),
        }
    }

    /// `{ FROM | IN } table [{ FROM | IN } schema] [LIKE … | WHERE …]`. A schema behind the table is the one that
    /// counts.
    fn shown_table(&mut self) -> Read {
        if !self.skip_any(&[Keyword::From, Keyword::In]) {
            return Err(self.unexpected("FROM was expected"));
        }
        let table = self.relation_name()?;
        if self.skip_any(&[Keyword::From, Keyword::In]) {
            if let Some(schema) = table.schema {
                self.record_schema(schema);
            }
            let schema = self.label()?;
            self.record_schema(schema);
        } else {
            self.record(&table);
        }
        self.pattern()
    }

    /// `[{ FROM | IN } schema] [LIKE … | WHERE …]`
    fn shown_database(&mut self) -> Read {
        if self.skip_any(&[Keyword::From, Keyword::In]) {
            let schema = self.label()?;
            self.record_schema(schema);
        } else if !self.in_body {
            let behind = self.tokens[self.at - 1];
            self.record_tenant(behind, Form::From);
        }
        self.pattern()
    }

    fn pattern(&mut self) -> Read {
        if self.skip_any(&[Keyword::Like, Keyword::Where]) {
            return self.expression();
        }
        Ok(())
    }
}
