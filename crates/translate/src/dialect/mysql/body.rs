//! The bodies of triggers, routines and events.
//!
//! Their bare names are in the database of the object, whatever the default database is. So they stay, and only schemas
//! that are written there are mapped.

use super::{Finder, Read, keyword::Keyword, token::Kind};

/// Words with which a statement of a body begins.
pub(super) const BODY_STARTS: [Keyword; 40] = [
    Keyword::Alter,
    Keyword::Analyze,
    Keyword::Begin,
    Keyword::Call,
    Keyword::Case,
    Keyword::Check,
    Keyword::Checksum,
    Keyword::Close,
    Keyword::Commit,
    Keyword::Create,
    Keyword::Delete,
    Keyword::Do,
    Keyword::Drop,
    Keyword::Execute,
    Keyword::Explain,
    Keyword::Fetch,
    Keyword::For,
    Keyword::Get,
    Keyword::If,
    Keyword::Insert,
    Keyword::Iterate,
    Keyword::Leave,
    Keyword::Lock,
    Keyword::Loop,
    Keyword::Open,
    Keyword::Prepare,
    Keyword::Rename,
    Keyword::Repeat,
    Keyword::Replace,
    Keyword::Resignal,
    Keyword::Return,
    Keyword::Rollback,
    Keyword::Select,
    Keyword::Set,
    Keyword::Show,
    Keyword::Signal,
    Keyword::Truncate,
    Keyword::Update,
    Keyword::While,
    Keyword::With,
];

/// Words that end a list of statements.
const LIST_ENDS: [Keyword; 5] = [
    Keyword::End,
    Keyword::Else,
    Keyword::Elseif,
    Keyword::When,
    Keyword::Until,
];

impl Finder<'_> {
    /// Whether a body begins here.
    pub(super) fn at_body(&self) -> bool {
        self.is_any(&BODY_STARTS) || self.at_label() || self.at_query_in_parens() && self.kind() == Kind::Open
    }

    /// Whether `label:` comes next.
    fn at_label(&self) -> bool {
        self.kind().is_name() && self.ahead(1) == Kind::Colon
    }

    pub(super) fn body(&mut self) -> Read {
        self.in_body = true;
        self.statement_of_body()?;
        self.in_body = false;
        Ok(())
    }

    fn statement_of_body(&mut self) -> Read {
        self.nested(|finder| {
            if finder.at_label() {
                finder.at += 2;
            }
            let Kind::Word(verb) = finder.kind() else {
                return finder.statement();
            };
            match verb {
                Keyword::Begin => finder.block(),
                Keyword::If => finder.if_statement(),
                Keyword::Case => finder.case_statement(),
                Keyword::Loop => {
                    finder.advance();
                    finder.end_of_list(Keyword::Loop)
                }
                Keyword::While => {
                    finder.advance();
                    finder.expression()?;
                    finder.expect(Keyword::Do, "DO was expected after WHILE")?;
                    finder.end_of_list(Keyword::While)
                }
                Keyword::Repeat => {
                    finder.advance();
                    finder.list()?;
                    finder.expect(Keyword::Until, "UNTIL was expected")?;
                    finder.expression()?;
                    finder.end(Keyword::Repeat)
                }
                Keyword::For => finder.for_statement(),
                Keyword::Declare => finder.declare(),
                Keyword::Return => {
                    finder.advance();
                    finder.expression()
                }
                // `OPEN cursor [(expression, …)]`
                Keyword::Open => {
                    finder.advance();
                    finder.expression()
                }
                // They name cursors, labels, conditions and variables.
                Keyword::Fetch
                | Keyword::Close
                | Keyword::Leave
                | Keyword::Iterate
                | Keyword::Signal
                | Keyword::Resignal => {
                    while !finder.at_statement_end() && !finder.is_any(&LIST_ENDS) {
                        finder.definition_word()?;
                    }
                    Ok(())
                }
                _ => finder.statement(),
            }
        })
    }

    /// Statements with a semicolon behind each.
    fn list(&mut self) -> Read {
        while !self.is_any(&LIST_ENDS) {
            self.statement_of_body()?;
            self.expect_kind(Kind::Semicolon, "a semicolon was expected in a body")?;
        }
        Ok(())
    }

    /// `END kind [label]`
    fn end(&mut self, kind: Keyword) -> Read {
        self.expect(Keyword::End, "END was expected")?;
        self.expect(kind, "the kind of the block was expected behind its END")?;
        self.end_label();
        Ok(())
    }

    fn end_of_list(&mut self, kind: Keyword) -> Read {
        self.list()?;
        self.end(kind)
    }

    fn end_label(&mut self) {
        if self.kind().is_name() {
            self.advance();
        }
    }

    /// `BEGIN [NOT ATOMIC] statements END [label]`
    fn block(&mut self) -> Read {
        self.advance();
        if self.skip(Keyword::Not) {
            self.label()?;
        }
        self.list()?;
        self.expect(Keyword::End, "END was expected")?;
        self.end_label();
        Ok(())
    }

    /// `IF … THEN … [ELSEIF … THEN …] [ELSE …] END IF`
    fn if_statement(&mut self) -> Read {
        loop {
            self.advance();
            self.expression()?;
            self.expect(Keyword::Then, "THEN was expected")?;
            self.list()?;
            if !self.is(Keyword::Elseif) {
                break;
            }
        }
        if self.skip(Keyword::Else) {
            self.list()?;
        }
        self.end(Keyword::If)
    }

    /// `CASE [expression] WHEN … THEN … [ELSE …] END CASE`
    fn case_statement(&mut self) -> Read {
        self.advance();
        if !self.is(Keyword::When) {
            self.expression()?;
        }
        while self.skip(Keyword::When) {
            self.expression()?;
            self.expect(Keyword::Then, "THEN was expected")?;
            self.list()?;
        }
        if self.skip(Keyword::Else) {
            self.list()?;
        }
        self.end(Keyword::Case)
    }

    /// `FOR record IN (query) DO … END FOR`, also with a cursor, or from one number to another: `FOR i IN 1 .. 10`.
    fn for_statement(&mut self) -> Read {
        self.advance();
        self.label()?;
        self.expect(Keyword::In, "IN was expected")?;
        self.skip(Keyword::Reverse);
        self.expression()?;
        if self.kind() == Kind::Dot && self.ahead(1) == Kind::Dot {
            self.at += 2;
            self.expression()?;
        }
        self.expect(Keyword::Do, "DO was expected after FOR")?;
        self.end_of_list(Keyword::For)
    }

    /// A variable, a cursor, a condition or a handler.
    fn declare(&mut self) -> Read {
        self.advance();
        if self.is_ahead(1, Keyword::Handler) {
            self.at += 2;
            self.expect(Keyword::For, "FOR was expected in DECLARE … HANDLER")?;
            while !self.at_body() && !self.at_statement_end() {
                self.advance();
            }
            return self.statement_of_body();
        }
        self.label_list()?;
        if self.skip(Keyword::Cursor) {
            if self.kind() == Kind::Open {
                self.definitions()?;
            }
            self.expect(Keyword::For, "FOR was expected in DECLARE … CURSOR")?;
            return self.query();
        }
        while !self.at_statement_end() {
            if self.skip(Keyword::Default) || self.skip_kind(Kind::Assign) {
                return self.expression();
            }
            self.definition_word()?;
        }
        Ok(())
    }
}
