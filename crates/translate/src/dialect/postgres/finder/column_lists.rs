//! Lists of columns, and the left sides of assignments: names for which a schema is illegal.

use super::{Finder, Frame, expression::Pause, scope::Env};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

const AFTER_VALUE: Stops = Stops::at(&[Keyword::From, Keyword::Where, Keyword::Returning, Keyword::When]).and_comma();

impl Finder<'_> {
    /// Inside `(a, b.field, c[1])`. Subscripts are expressions.
    pub(super) fn columns(&mut self, env: Env) -> Result<(), Fault> {
        self.skip_label()?;
        self.more_columns(env)
    }

    pub(super) fn more_columns(&mut self, env: Env) -> Result<(), Fault> {
        match self.expression(env, Stops::NONE.and_comma())? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::MoreColumns { env });
                self.stack.push(nested.frame());
                Ok(())
            }
            Pause::Comma => {
                self.advance()?;
                self.stack.push(Frame::Columns { env });
                Ok(())
            }
            _ => self.expect(Kind::Close, "a closing parenthesis was expected"),
        }
    }

    /// `column = …` or `(column, column) = …`
    pub(super) fn set_target(&mut self, env: Env) -> Result<(), Fault> {
        self.stack.push(Frame::SetValue { env });
        if self.skip_kind(Kind::Open)? {
            self.stack.push(Frame::Columns { env });
            Ok(())
        } else {
            self.skip_label()
        }
    }

    /// Subscripts of the column, and the value.
    pub(super) fn set_value(&mut self, env: Env) -> Result<(), Fault> {
        match self.expression(env, AFTER_VALUE)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::SetValue { env });
                self.stack.push(nested.frame());
            }
            Pause::Comma => {
                self.advance()?;
                self.stack.push(Frame::SetTarget { env });
            }
            _ => {}
        }
        Ok(())
    }
}
