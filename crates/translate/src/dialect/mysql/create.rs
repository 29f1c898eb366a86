//! CREATE of every kind.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};
use crate::error::Fault;

impl Finder<'_> {
    pub(super) fn create(&mut self) -> Read {
        self.advance();
        if self.skip(Keyword::Or) {
            self.expect(Keyword::Replace, "REPLACE was expected")?;
        }
        let start = self.token();
        let is_temporary = self.skip(Keyword::Temporary);
        if is_temporary {
            self.affects_session(start);
        }
        self.options_of_object()?;
        match self.advance().kind {
            Kind::Word(Keyword::Table) => self.create_table(),
            Kind::Word(Keyword::Sequence) => self.create_sequence(),
            _ if is_temporary => Err(self.unexpected("a temporary object of an unknown kind")),
            Kind::Word(Keyword::Index) => self.create_index(),
            Kind::Word(Keyword::View) => self.create_view(),
            Kind::Word(Keyword::Trigger) => self.create_trigger(),
            Kind::Word(Keyword::Event) => self.create_event(),
            Kind::Word(Keyword::Procedure | Keyword::Function) => self.create_routine(),
            _ => Err(Self::of_server(self.tokens[self.at - 1])),
        }
    }

    #[cold]
    pub(super) fn of_server(object: Token) -> Fault {
        Fault::not_understood(
            object.start as usize,
            "a statement about an object that is in no schema: it concerns the whole server",
        )
    }

    /// What may stand between CREATE or ALTER and the kind of the object.
    pub(super) fn options_of_object(&mut self) -> Read {
        loop {
            if self.skip(Keyword::Algorithm) {
                self.skip_equals();
                self.label()?;
            } else if self.skip(Keyword::Sql) {
                self.label()?;
                self.label()?;
            } else if !self.skip_definer()?
                && !self.skip_any(&[
                    Keyword::Aggregate,
                    Keyword::Fulltext,
                    Keyword::Ignore,
                    Keyword::Offline,
                    Keyword::Online,
                    Keyword::Spatial,
                    Keyword::Unique,
                ])
            {
                return Ok(());
            }
        }
    }

    /// `[IF NOT EXISTS] name options`
    fn create_sequence(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        self.skip_statement()
    }

    /// `[IF NOT EXISTS] name [USING type] ON table (…) options`. Only the table has a schema.
    fn create_index(&mut self) -> Read {
        self.skip_existence();
        self.label()?;
        if self.skip(Keyword::Using) {
            self.label()?;
        }
        self.expect(Keyword::On, "ON was expected in CREATE INDEX")?;
        self.relation()?;
        while !self.at_statement_end() {
            self.definition_word()?;
        }
        Ok(())
    }

    /// `[IF NOT EXISTS] name [(columns)] AS query [WITH … CHECK OPTION]`
    pub(super) fn create_view(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        self.optional_labels()?;
        self.expect(Keyword::As, "AS was expected in CREATE VIEW")?;
        self.query()?;
        if self.skip(Keyword::With) {
            self.skip_any(&[Keyword::Cascaded, Keyword::Local]);
            self.expect(Keyword::Check, "CHECK OPTION was expected")?;
            self.label()?;
        }
        Ok(())
    }

    /// `[IF NOT EXISTS] name { BEFORE | AFTER } event ON table FOR EACH ROW [{ FOLLOWS | PRECEDES } other] body`
    fn create_trigger(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        if !self.skip_any(&[Keyword::Before, Keyword::After])
            || !self.skip_any(&[Keyword::Insert, Keyword::Update, Keyword::Delete])
        {
            return Err(self.unexpected("BEFORE or AFTER, and INSERT, UPDATE or DELETE were expected"));
        }
        self.expect(Keyword::On, "ON was expected in CREATE TRIGGER")?;
        self.relation()?;
        self.expect(Keyword::For, "FOR EACH ROW was expected")?;
        self.expect(Keyword::Each, "EACH ROW was expected")?;
        self.expect(Keyword::Row, "ROW was expected")?;
        if self.skip_any(&[Keyword::Follows, Keyword::Precedes]) {
            self.label()?;
        }
        self.body()
    }

    /// `[IF NOT EXISTS] name ON SCHEDULE … DO body`
    fn create_event(&mut self) -> Read {
        self.skip_existence();
        self.relation()?;
        self.event_options()?;
        self.expect(Keyword::Do, "DO was expected in CREATE EVENT")?;
        self.body()
    }

    /// What stands between an event's name and DO.
    pub(super) fn event_options(&mut self) -> Read {
        while !self.at_statement_end() && !self.is(Keyword::Do) {
            if self.skip(Keyword::Rename) {
                self.expect(Keyword::To, "TO was expected")?;
                self.relation()?;
            } else {
                self.definition_word()?;
            }
        }
        Ok(())
    }

    /// `[IF NOT EXISTS] name (parameters) [RETURNS type] characteristics body`
    fn create_routine(&mut self) -> Read {
        self.skip_existence();
        let name = self.relation_name()?;
        // A function of a library, which belongs to the server.
        if self.kind() != Kind::Open {
            return Err(Self::of_server(name.last));
        }
        self.record(&name);
        self.in_body = true;
        self.definitions()?;
        while !self.at_body() || self.is(Keyword::Set) && self.ahead(1) == Kind::Open {
            match self.kind() {
                // RETURNS SET('a', 'b')
                Kind::Word(Keyword::Set) => self.at += 1,
                // CHARACTER SET
                Kind::Word(Keyword::Character) if self.is_ahead(1, Keyword::Set) => self.at += 2,
                Kind::End | Kind::Semicolon => return Err(self.unexpected("the body of a routine was expected")),
                _ => self.definition_word()?,
            }
        }
        self.in_body = false;
        self.body()
    }
}
