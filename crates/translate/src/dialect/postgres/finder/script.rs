//! Statements with semicolons between them, and which kind each is.

use super::{Finder, Frame, scope::Env};
use crate::{
    dialect::postgres::{keyword::Keyword, lexer::Kind},
    error::Fault,
};

impl Finder<'_> {
    /// The next statement of the text, or of the body of a function between BEGIN ATOMIC and END.
    pub(super) fn script(&mut self, in_body: bool) -> Result<(), Fault> {
        if !in_body {
            let sql = self.sql();
            self.scopes.resolve(sql, &mut self.slots)?;
        }
        while self.skip_kind(Kind::Semicolon)? {}
        match self.token.kind {
            Kind::End if !in_body => return Ok(()),
            Kind::Word(Keyword::End) if in_body => return self.advance(),
            Kind::End => return Err(self.unexpected("BEGIN ATOMIC without its END")),
            _ => {}
        }
        self.stack.push(Frame::Script { in_body });
        self.stack.push(Frame::Statement { outer: Env::SILENT });
        Ok(())
    }

    pub(super) fn statement(&mut self, outer: Env) -> Result<(), Fault> {
        self.stack.push(Frame::StatementEnd);
        match self.token.kind {
            Kind::End | Kind::Semicolon | Kind::Close => Err(self.unexpected("a statement was expected")),
            Kind::Open
            | Kind::Word(
                Keyword::Select
                | Keyword::Values
                | Keyword::Table
                | Keyword::With
                | Keyword::Insert
                | Keyword::Update
                | Keyword::Delete
                | Keyword::Merge,
            ) => self.dml(outer),
            Kind::Word(_) => self.utility(),
            _ => {
                self.stack.push(Frame::Fragment);
                Ok(())
            }
        }
    }

    pub(super) fn statement_end(&mut self) -> Result<(), Fault> {
        match self.token.kind {
            // A closing parenthesis ends the actions of a rule, which looks for it.
            Kind::Semicolon | Kind::End => Ok(()),
            Kind::Close
                if matches!(
                    self.stack.last(),
                    Some(Frame::RuleActions { .. } | Frame::RuleFirst { .. })
                ) =>
            {
                Ok(())
            }
            _ => Err(self.unexpected("the end of the statement was expected")),
        }
    }
}
