//! Statements with semicolons between them, and which kind each is.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    pub(super) fn script(&mut self) -> Read {
        loop {
            while self.skip_kind(Kind::Semicolon) {}
            if self.kind() == Kind::End {
                return Ok(());
            }
            self.statement()?;
            if !self.at_statement_end() {
                return Err(self.unexpected("the end of the statement was expected"));
            }
        }
    }

    pub(super) fn statement(&mut self) -> Read {
        let verb = match self.kind() {
            Kind::Word(verb) => verb,
            Kind::Open => Keyword::Select,
            _ => return Err(self.unexpected("a statement was expected")),
        };
        match verb {
            Keyword::Select
            | Keyword::Values
            | Keyword::Table
            | Keyword::With
            | Keyword::Insert
            | Keyword::Replace
            | Keyword::Update
            | Keyword::Delete => self.dml(),
            Keyword::Create => self.create(),
            Keyword::Alter => self.alter(),
            Keyword::Drop => self.drop_object(),
            Keyword::Rename => self.rename(),
            Keyword::Truncate => self.truncate(),
            Keyword::Explain | Keyword::Describe | Keyword::Desc => self.explain(),
            Keyword::Analyze => self.analyze(),
            Keyword::Check | Keyword::Checksum | Keyword::Optimize | Keyword::Repair => self.maintain(),
            Keyword::Show => self.show(),
            Keyword::Call => self.call_procedure(),
            Keyword::Do => {
                self.advance();
                self.expressions()
            }
            Keyword::Begin
            | Keyword::Start
            | Keyword::Commit
            | Keyword::Rollback
            | Keyword::Savepoint
            | Keyword::Release => self.transaction(verb),
            Keyword::Set => self.set(),
            Keyword::Get => self.get_diagnostics(),
            Keyword::Lock => self.lock_tables(),
            Keyword::Unlock => self.unlock_tables(),
            Keyword::Use => Err(self.unexpected(USE)),
            Keyword::Handler => Err(self.unexpected("a HANDLER is reached by a name without a schema: use SELECT")),
            Keyword::Load => Err(self.unexpected("a statement may not read a file")),
            Keyword::Prepare | Keyword::Execute | Keyword::Deallocate => {
                Err(self
                    .unexpected("a text that the server prepares by itself can't be seen: send the statement itself"))
            }
            _ => Err(self.unexpected("no statement on the tables of a schema begins with this word")),
        }
    }

    /// `CALL procedure [(arguments)]`. What the procedure does can't be seen.
    fn call_procedure(&mut self) -> Read {
        self.advance();
        self.may_affect_session();
        self.relation()?;
        if self.skip_kind(Kind::Open) {
            if self.kind() != Kind::Close {
                self.expressions()?;
            }
            self.close()?;
        }
        Ok(())
    }
}

const USE: &str = "USE would give the connection a default database, in which bare names are found";
