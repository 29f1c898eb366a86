//! WITH before a statement, and INSERT, UPDATE, DELETE and MERGE.

use super::{
    Finder, Frame,
    cte::With,
    expression::Pause,
    from::FromList,
    query::{Closing, Query},
    scope::{Env, Level, Name},
};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

/// A data-modifying statement after its target.
#[derive(Clone, Copy)]
pub(super) struct Modify {
    outer: Env,
    /// What its expressions see.
    env: Env,
    /// What RETURNING sees. Only for INSERT does it differ from `env`.
    returning: Env,
    level: Level,
    /// FROM or USING, if that clause may still come.
    source: Option<Keyword>,
    /// How many names of WITH were in scope before the statement.
    ctes: u32,
}

const CLAUSES: Stops = Stops::at(&[
    Keyword::From,
    Keyword::Using,
    Keyword::Returning,
    // DO UPDATE SET and THEN UPDATE SET are followed by assignments, THEN INSERT by columns.
    Keyword::Do,
    Keyword::Then,
    // These statements take joins only in their FROM or USING.
    Keyword::Join,
]);

impl Finder<'_> {
    pub(super) fn dml(&mut self, outer: Env) -> Result<(), Fault> {
        let ctes = self.ctes.depth();
        if !self.at(Keyword::With) {
            return self.main(outer, ctes);
        }
        self.stack.push(Frame::Main { outer, ctes });
        self.stack.push(Frame::With(With::new(outer)));
        Ok(())
    }

    pub(super) fn main(&mut self, outer: Env, ctes: u32) -> Result<(), Fault> {
        match self.token.kind {
            Kind::Word(Keyword::Insert) => self.insert(outer, ctes),
            Kind::Word(Keyword::Update) => self.update(outer, ctes),
            Kind::Word(Keyword::Delete) => self.delete(outer, ctes),
            Kind::Word(Keyword::Merge) => self.merge(outer, ctes),
            _ => {
                let query = Query::inside(outer, Closing::Statement, ctes);
                self.operand(query.with_ctes(self.ctes.depth()))
            }
        }
    }

    /// The target of a data-modifying statement, which is never a CTE, as the first item of a level.
    fn target(&mut self, outer: Env, ctes: u32, source: Option<Keyword>) -> Result<Modify, Fault> {
        let name = self.relation_expression()?;
        let target = self.record(&name);
        self.note_write(&name);
        let inserts = source.is_none();
        let alias = match self.token.kind {
            // INSERT takes an alias only with AS: what follows its target is a column list or the source.
            Kind::Word(Keyword::As) => {
                self.advance()?;
                Some(self.token)
            }
            kind if !inserts && kind.is_name() && !self.at(Keyword::Set) => Some(self.token),
            _ => None,
        };
        let level = self.scopes.level(outer);
        let env = level.all();
        match alias {
            Some(alias) => {
                if !alias.kind.is_label() {
                    return Err(self.unexpected("an alias was expected"));
                }
                self.advance()?;
                self.scopes.add_other(level, Name::Written(alias));
            }
            None => {
                self.scopes.add_table(level, self.sql(), self.last(&name), target);
            }
        }
        Ok(Modify {
            outer,
            env,
            returning: env,
            level,
            source,
            ctes,
        })
    }

    /// `INSERT INTO table [AS alias] …`
    fn insert(&mut self, outer: Env, ctes: u32) -> Result<(), Fault> {
        self.advance()?;
        self.expect(Kind::Word(Keyword::Into), "INTO was expected after INSERT")?;
        let mut modify = self.target(outer, ctes, None)?;
        modify.returning = self.scopes.view(modify.level, 0, 1, outer);
        self.scopes.add_other(modify.level, Name::Given("excluded"));
        self.stack.push(Frame::InsertSource(modify));
        if self.token.kind == Kind::Open && !self.is_query_in_parens()? {
            self.advance()?;
            let env = self.scopes.level(outer).all();
            self.stack.push(Frame::Columns { env });
        }
        Ok(())
    }

    /// `[OVERRIDING … VALUE]`, and DEFAULT VALUES or a query.
    pub(super) fn insert_source(&mut self, modify: Modify) -> Result<(), Fault> {
        if self.skip_word("overriding")? {
            self.advance()?;
            self.skip_word("value")?;
        }
        self.stack.push(Frame::Modify(modify));
        if self.skip(Keyword::Default)? {
            self.expect(Kind::Word(Keyword::Values), "DEFAULT VALUES was expected")
        } else {
            self.stack.push(Frame::Query(Query::inside(
                modify.outer,
                Closing::Statement,
                self.ctes.depth(),
            )));
            Ok(())
        }
    }

    /// `UPDATE table [[AS] alias] SET … [FROM …] [WHERE …] [RETURNING …]`
    fn update(&mut self, outer: Env, ctes: u32) -> Result<(), Fault> {
        self.advance()?;
        let modify = self.target(outer, ctes, Some(Keyword::From))?;
        self.expect(Kind::Word(Keyword::Set), "SET was expected")?;
        self.stack.push(Frame::Modify(modify));
        self.stack.push(Frame::SetTarget { env: modify.env });
        Ok(())
    }

    /// `DELETE FROM table [[AS] alias] [USING …] [WHERE …] [RETURNING …]`
    fn delete(&mut self, outer: Env, ctes: u32) -> Result<(), Fault> {
        self.advance()?;
        self.expect(Kind::Word(Keyword::From), "FROM was expected after DELETE")?;
        let modify = self.target(outer, ctes, Some(Keyword::Using))?;
        self.stack.push(Frame::Modify(modify));
        Ok(())
    }

    /// `MERGE INTO table [[AS] alias] USING source ON … WHEN … THEN …`
    fn merge(&mut self, outer: Env, ctes: u32) -> Result<(), Fault> {
        self.advance()?;
        self.expect(Kind::Word(Keyword::Into), "INTO was expected after MERGE")?;
        let modify = self.target(outer, ctes, Some(Keyword::Using))?;
        self.stack.push(Frame::Modify(modify));
        Ok(())
    }

    pub(super) fn modify(&mut self, mut modify: Modify) -> Result<(), Fault> {
        self.closed_query = None;
        loop {
            let keyword = match self.expression(modify.env, CLAUSES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Modify(modify));
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(keyword) => keyword,
                Pause::Comma | Pause::End => {
                    self.ctes.leave(modify.ctes);
                    return Ok(());
                }
            };
            match keyword {
                Keyword::From | Keyword::Using if modify.source == Some(keyword) => {
                    self.advance()?;
                    modify.source = None;
                    self.stack.push(Frame::Modify(modify));
                    // LATERAL does not see the target.
                    let from = FromList::new(modify.level, modify.outer, 1);
                    self.stack.push(Frame::FromItem(from));
                    return Ok(());
                }
                Keyword::Returning => {
                    self.advance()?;
                    modify.env = modify.returning;
                    modify.source = None;
                }
                Keyword::Using | Keyword::Join if self.is_bare_label()? || self.is_join_function()? => {
                    self.advance()?
                }
                Keyword::Do | Keyword::Then => {
                    self.advance()?;
                    self.action(modify)?;
                    return Ok(());
                }
                _ => return Err(self.unexpected("a clause that has no place here")),
            }
        }
    }

    /// After DO or THEN: UPDATE SET, INSERT (columns), or an action without names to handle.
    fn action(&mut self, modify: Modify) -> Result<(), Fault> {
        self.stack.push(Frame::Modify(modify));
        if self.skip(Keyword::Update)? {
            self.expect(Kind::Word(Keyword::Set), "SET was expected")?;
            self.stack.push(Frame::SetTarget { env: modify.env });
        } else if self.skip(Keyword::Insert)? && self.skip_kind(Kind::Open)? {
            self.stack.push(Frame::Columns { env: modify.env });
        }
        Ok(())
    }
}
