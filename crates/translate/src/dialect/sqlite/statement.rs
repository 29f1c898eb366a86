//! Statements with semicolons between them, and which kind each is.

use super::{Finder, Read, keyword::Keyword, lexer::Kind};

impl Finder<'_> {
    pub(super) fn script(&mut self) -> Read {
        loop {
            while self.skip_kind(Kind::Semicolon) {}
            if self.kind() == Kind::End {
                return Ok(());
            }
            if self.skip(Keyword::Explain) && self.skip(Keyword::Query) {
                self.expect(Keyword::Plan, "PLAN was expected")?;
            }
            self.statement()?;
            if !self.at_statement_end() {
                return Err(self.unexpected("the end of the statement was expected"));
            }
        }
    }

    fn statement(&mut self) -> Read {
        let Kind::Word(verb) = self.kind() else {
            return Err(self.unexpected("a statement was expected"));
        };
        match verb {
            Keyword::Select
            | Keyword::Values
            | Keyword::With
            | Keyword::Insert
            | Keyword::Replace
            | Keyword::Update
            | Keyword::Delete => self.dml(),
            Keyword::Create => self.create(),
            Keyword::Alter => self.alter(),
            Keyword::Drop => self.drop_object(),
            Keyword::Analyze => self.analyze(),
            Keyword::Reindex => self.reindex(),
            Keyword::Vacuum => self.vacuum(),
            Keyword::Pragma => self.pragma(),
            Keyword::Begin
            | Keyword::Commit
            | Keyword::End
            | Keyword::Rollback
            | Keyword::Savepoint
            | Keyword::Release => self.transaction(verb),
            Keyword::Attach | Keyword::Detach => {
                Err(self.unexpected("which files a connection has attached is not for a statement to change"))
            }
            _ => Err(self.unexpected("no statement begins with this word")),
        }
    }
}
