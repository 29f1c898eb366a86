//! CREATE RULE: its condition and its actions, which see `old` and `new`.

use crate::{
    dialect::postgres::{
        finder::{
            Finder, Frame,
            expression::Pause,
            query::{Closing, Query},
            scope::{Env, Name},
        },
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

impl Finder<'_> {
    pub(in super::super) fn rule(&mut self) -> Result<(), Fault> {
        let level = self.scopes.level(Env::SILENT);
        self.scopes.add_other(level, Name::Given("old"));
        self.scopes.add_other(level, Name::Given("new"));
        self.stack.push(Frame::RuleCondition { env: level.all() });
        Ok(())
    }

    /// `[WHERE condition] DO [ALSO | INSTEAD] …`
    pub(in super::super) fn rule_condition(&mut self, env: Env) -> Result<(), Fault> {
        const DO: Stops = Stops::at(&[Keyword::Do]);
        match self.expression(env, DO)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::RuleCondition { env });
                self.stack.push(nested.frame());
                Ok(())
            }
            Pause::Keyword(_) => {
                self.advance()?;
                self.skip_words(&["also", "instead"])?;
                if self.skip_word("nothing")? {
                    Ok(())
                } else if self.skip_kind(Kind::Open)? {
                    self.rule_in_parens(env)
                } else {
                    self.rule_action(env)
                }
            }
            _ => Err(self.unexpected("DO was expected")),
        }
    }

    /// Actions in parentheses, or a query that begins with parentheses: the token after the first action decides.
    fn rule_in_parens(&mut self, env: Env) -> Result<(), Fault> {
        if matches!(self.token.kind, Kind::Semicolon | Kind::Close) {
            return self.rule_actions(env);
        }
        self.closed_query = None;
        self.stack.push(Frame::RuleFirst { env });
        self.rule_action(env)
    }

    /// After the first action in parentheses.
    pub(in super::super) fn rule_first(&mut self, env: Env) -> Result<(), Fault> {
        if !self.skip_kind(Kind::Close)? {
            return self.rule_actions(env);
        }
        if let Some(operand) = self.closed_query.take()
            && self.at_operand_end()
        {
            let query = Query::inside(env, Closing::Statement, self.ctes.depth());
            self.stack.push(Frame::Clauses(query.after(operand)));
        }
        Ok(())
    }

    /// Actions in parentheses, with semicolons between them.
    pub(in super::super) fn rule_actions(&mut self, env: Env) -> Result<(), Fault> {
        while self.skip_kind(Kind::Semicolon)? {}
        if self.skip_kind(Kind::Close)? {
            return Ok(());
        }
        self.stack.push(Frame::RuleActions { env });
        self.rule_action(env)
    }

    fn rule_action(&mut self, env: Env) -> Result<(), Fault> {
        self.stack.push(Frame::Statement { outer: env });
        Ok(())
    }
}
