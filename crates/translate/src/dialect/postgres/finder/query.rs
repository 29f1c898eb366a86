//! Queries: SELECT, VALUES, TABLE, set operations, and the clauses after them.

use super::{
    Finder, Frame,
    cte::With,
    expression::{AFTER_OPERAND, Pause},
    from::FromList,
    scope::{Env, Level},
};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

/// What ends a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// The end of the statement, or the end of what the query is part of.
    Statement,
    /// A closing parenthesis.
    Paren,
    /// A closing parenthesis, after which the same query continues: the names that its WITH declares stay in scope.
    Operand,
}

#[derive(Clone, Copy)]
pub(super) struct Query {
    /// The scope around the query.
    outer: Env,
    /// What the expressions of the operand that is being read see.
    env: Env,
    level: Level,
    closing: Closing,
    /// Whether the operand's FROM may still come.
    takes_from: bool,
    /// Whether a set operation was found.
    compound: bool,
    /// How many names of WITH were in scope before the query.
    ctes_before: u32,
    /// How many names of WITH are in scope for all operands of the query.
    ctes: u32,
}

impl Query {
    pub(super) fn inside(outer: Env, closing: Closing, ctes_before: u32) -> Self {
        Self {
            outer,
            env: outer,
            level: Level::NONE,
            closing,
            takes_from: false,
            compound: false,
            ctes_before,
            ctes: ctes_before,
        }
    }

    /// The query whose first operand has been read already, in parentheses.
    pub(super) fn after(self, operand: Env) -> Self {
        Self { env: operand, ..self }
    }

    /// The query after its WITH.
    pub(super) fn with_ctes(self, ctes: u32) -> Self {
        Self { ctes, ..self }
    }
}

const CLAUSES: Stops = AFTER_OPERAND.and(&[
    Keyword::From,
    Keyword::Into,
    // These words belong to a statement around the query.
    Keyword::On,
    Keyword::Returning,
    Keyword::Join,
    Keyword::Table,
]);

impl Finder<'_> {
    /// Whether a query is inside the parentheses that come next, however many pairs there are.
    pub(super) fn is_query_in_parens(&self) -> Result<bool, Fault> {
        let second = self.second()?;
        if second.kind != Kind::Word(Keyword::Values) {
            return Ok(matches!(
                second.kind,
                Kind::Open | Kind::Word(Keyword::Select | Keyword::With | Keyword::Table)
            ));
        }
        Ok(self.tokens.ahead(1)?.kind == Kind::Open)
    }

    /// SELECT, VALUES, TABLE, or a query in parentheses; WITH before any of them.
    pub(super) fn operand(&mut self, mut query: Query) -> Result<(), Fault> {
        let level = self.scopes.level(query.outer);
        (query.level, query.env, query.takes_from) = (level, level.all(), false);
        match self.token.kind {
            Kind::Word(Keyword::With) => {
                self.stack.push(Frame::Operand(query));
                self.stack.push(Frame::With(With::new(query.outer)));
                return Ok(());
            }
            Kind::Word(Keyword::Select) => {
                self.advance()?;
                query.takes_from = true;
                self.skip(Keyword::All)?;
                if self.skip(Keyword::Distinct)? {
                    self.skip(Keyword::On)?;
                }
            }
            Kind::Word(Keyword::Values) => self.advance()?,
            Kind::Word(Keyword::Table) => {
                self.advance()?;
                let name = self.relation_expression()?;
                self.table(&FromList::new(level, query.outer, 0), &name)?;
            }
            Kind::Open => {
                self.advance()?;
                self.stack.push(Frame::Operand(query));
                self.stack.push(Frame::Query(Query::inside(
                    query.outer,
                    Closing::Operand,
                    self.ctes.depth(),
                )));
                return Ok(());
            }
            _ => return Err(self.unexpected("a query was expected")),
        }
        self.clauses(query)
    }

    /// After an operand in parentheses, or after the query's own WITH.
    pub(super) fn operand_end(&mut self, query: Query) -> Result<(), Fault> {
        match self.closed_query.take() {
            // Clauses after the parentheses belong to the query inside them.
            Some(operand) => self.clauses(query.after(operand)),
            None => self.operand(query.with_ctes(self.ctes.depth())),
        }
    }

    pub(super) fn clauses(&mut self, mut query: Query) -> Result<(), Fault> {
        loop {
            let keyword = match self.expression(query.env, CLAUSES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Clauses(query));
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(keyword) => keyword,
                Pause::Comma | Pause::End => return self.query_end(query),
            };
            match keyword {
                Keyword::From if query.takes_from => {
                    self.advance()?;
                    query.takes_from = false;
                    self.stack.push(Frame::Clauses(query));
                    let from = FromList::new(query.level, query.outer, 0);
                    self.stack.push(Frame::FromItem(from));
                    return Ok(());
                }
                Keyword::Into => self.select_into()?,
                Keyword::Union | Keyword::Intersect | Keyword::Except => {
                    self.advance()?;
                    if !self.skip(Keyword::All)? {
                        self.skip(Keyword::Distinct)?;
                    }
                    self.ctes.leave(query.ctes);
                    query.compound = true;
                    self.stack.push(Frame::Query(query));
                    return Ok(());
                }
                Keyword::Order | Keyword::Limit | Keyword::Offset | Keyword::Fetch => {
                    self.advance()?;
                    if keyword == Keyword::Fetch {
                        // FETCH FIRST ((SELECT …) UNION …) ROWS ONLY calls no function.
                        self.skip_words(&["first", "next"])?;
                    }
                    self.leave_operand(&mut query);
                }
                Keyword::For => {
                    self.advance()?;
                    self.locking()?;
                }
                Keyword::On | Keyword::Returning => return self.query_end(query),
                Keyword::Join | Keyword::Table if self.is_bare_label()? || self.is_join_function()? => {
                    self.advance()?
                }
                _ => return Err(self.unexpected("a clause that has no place here")),
            }
        }
    }

    /// Clauses after a set operation see no operand's tables, and no names that an operand in parentheses declared.
    fn leave_operand(&mut self, query: &mut Query) {
        if query.compound {
            self.ctes.leave(query.ctes);
            query.env = self.scopes.level(query.outer).all();
            query.compound = false;
        }
    }

    fn query_end(&mut self, mut query: Query) -> Result<(), Fault> {
        self.leave_operand(&mut query);
        // JSON_ARRAY(SELECT … RETURNING type): a type is not a column.
        if query.closing == Closing::Paren && self.at(Keyword::Returning) {
            self.ctes.leave(query.ctes_before);
            self.stack.push(Frame::Paren {
                env: Env::SILENT,
                fresh: false,
            });
            return Ok(());
        }
        if query.closing != Closing::Statement {
            self.expect(Kind::Close, "a closing parenthesis was expected")?;
        }
        if query.closing != Closing::Operand {
            self.ctes.leave(query.ctes_before);
        }
        self.closed_query = Some(query.env);
        Ok(())
    }

    /// INTO [TEMPORARY | UNLOGGED] [TABLE] name
    fn select_into(&mut self) -> Result<(), Fault> {
        self.advance()?;
        // A table may have one of these words as its name.
        let second = self.second()?.kind;
        let temporary = if second.is_name() || second == Kind::Word(Keyword::Table) {
            self.skip_persistence()?
        } else {
            false
        };
        self.skip(Keyword::Table)?;
        self.new_relation(temporary)
    }

    /// FOR UPDATE OF a, b: these are names of items in scope, which take no schema.
    fn locking(&mut self) -> Result<(), Fault> {
        self.skip_words(&["no", "key", "update", "share"])?;
        if self.skip(Keyword::Of)? {
            self.skip_label()?;
            while self.skip_kind(Kind::Comma)? {
                self.skip_label()?;
            }
        }
        Ok(())
    }
}
