//! CREATE TABLE and ALTER TABLE.

use crate::{
    dialect::postgres::{
        finder::{Finder, Frame, expression::Pause, scope::Env},
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

const REFERENCES: Stops = super::REFERENCES.and_comma();

impl Finder<'_> {
    /// After the name in CREATE TABLE: elements, and the clauses around them.
    pub(in super::super) fn table_clauses(&mut self) -> Result<(), Fault> {
        loop {
            // PARTITION OF parent, but not PARTITION BY.
            if self.at_word("partition") && self.second()?.kind == Kind::Word(Keyword::Of) {
                self.advance()?;
                self.advance()?;
                self.relation()?;
                continue;
            }
            match self.token.kind {
                Kind::Open => {
                    self.advance()?;
                    self.stack.push(Frame::TableClauses);
                    self.stack.push(Frame::Elements { start: true });
                    return Ok(());
                }
                // OF type. In `USING of AS SELECT …` it names an access method.
                Kind::Word(Keyword::Of) => {
                    self.advance()?;
                    if self.token.kind.is_name() {
                        self.dotted()?;
                    }
                }
                Kind::Word(Keyword::As) => {
                    self.advance()?;
                    self.stack.push(if self.at_word("execute") {
                        Frame::Statement { outer: Env::SILENT }
                    } else {
                        Frame::Dml { outer: Env::SILENT }
                    });
                    return Ok(());
                }
                Kind::Semicolon | Kind::End | Kind::Close => return Ok(()),
                _ if self.at_word("inherits") && self.second()?.kind == Kind::Open => {
                    self.advance()?;
                    self.advance()?;
                    self.relations()?;
                    self.expect(Kind::Close, "a closing parenthesis was expected")?;
                }
                _ => self.advance()?,
            }
        }
    }

    /// Inside parentheses: columns, constraints, and LIKE.
    pub(in super::super) fn elements(&mut self, start: bool) -> Result<(), Fault> {
        if start && self.skip(Keyword::Like)? {
            self.relation()?;
        }
        loop {
            match self.expression(Env::SILENT, REFERENCES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Elements { start: false });
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(keyword) => self.reference(keyword)?,
                Pause::Comma => {
                    self.advance()?;
                    self.stack.push(Frame::Elements { start: true });
                    return Ok(());
                }
                Pause::End => return self.expect(Kind::Close, "a closing parenthesis was expected"),
            }
        }
    }

    /// The commands of ALTER TABLE and similar statements.
    pub(in super::super) fn commands(&mut self, start: bool) -> Result<(), Fault> {
        if start {
            self.command_start()?;
        }
        loop {
            match self.expression(Env::SILENT, REFERENCES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Commands { start: false });
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(keyword) => self.reference(keyword)?,
                Pause::Comma => {
                    self.advance()?;
                    self.stack.push(Frame::Commands { start: true });
                    return Ok(());
                }
                Pause::End => return Ok(()),
            }
        }
    }

    /// `[NO] INHERIT parent`, `ATTACH PARTITION child`, `DETACH PARTITION child`
    fn command_start(&mut self) -> Result<(), Fault> {
        self.skip_word("no")?;
        let names_relation = self.skip_word("inherit")?
            || (self.skip_word("attach")? || self.skip_word("detach")?) && self.skip_word("partition")?;
        if names_relation { self.relation() } else { Ok(()) }
    }
}
