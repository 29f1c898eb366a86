//! CREATE FUNCTION, and CREATE RECURSIVE VIEW.

use super::Step;
use crate::{
    dialect::postgres::{
        finder::{Finder, Frame, expression::Pause},
        keyword::{Keyword, Stops},
    },
    error::Fault,
};

impl Finder<'_> {
    /// Subqueries in the defaults of a function's arguments, and its body between BEGIN ATOMIC and END. A body in a
    /// string can't be read.
    pub(in super::super) fn function_clauses(&mut self) -> Result<(), Fault> {
        const BODY: Stops = Stops::at(&[Keyword::Begin]);
        loop {
            match self.expression(super::Env::SILENT, BODY)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Function);
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(_) => {
                    self.advance()?;
                    if self.skip_word("atomic")? {
                        self.stack.push(Frame::Script { in_body: true });
                        return Ok(());
                    }
                }
                Pause::Comma | Pause::End => return Ok(()),
            }
        }
    }

    /// `CREATE RECURSIVE VIEW name (columns) AS query`: the query sees the view as a CTE.
    pub(super) fn recursive_view(&mut self) -> Result<(), Fault> {
        self.stack.push(Frame::LeaveCtes {
            depth: self.ctes.depth(),
        });
        if let Some(view) = self.created {
            self.ctes.declare(self.name_of(view));
        }
        self.stack.push(Frame::Steps(&[Step::Past(Keyword::As), Step::Query]));
        Ok(())
    }
}
