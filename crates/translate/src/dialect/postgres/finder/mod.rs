//! Finds the relations that a text names. It follows PostgreSQL's grammar as far as necessary to distinguish relations
//! from everything else.
//!
//! The finder is a pushdown automaton. A stack of `Frame`s holds what is still expected. The top frame is popped and
//! handled, and its handler pushes what follows. So nesting is bounded by memory, not by the thread's stack, and every
//! token is read once.
//!
//! Only the brackets in expressions have frames. Their inside is read flat, since only subqueries, columns and the next
//! clause matter (`expression`). `scope` and `cte` know which names are visible where, and `relation` records what is
//! found. The other files are named after what they read.
//!
//! Places where a schema is illegal, so that names there are never changed, and the code that reads them:
//!
//! | place | reader |
//! |---|---|
//! | the left side of SET | `column_lists`, `set_target` |
//! | the columns of INSERT | `column_lists`, `columns` |
//! | the columns of COPY | `Step::ColumnList` |
//! | the columns of ON CONFLICT | `arguments`, as single names |
//! | a whole row | `column_reference` |
//! | FOR UPDATE OF | `locking` |
//! | a table with an alias, and columns by that | `table`, as `Target::Other` |
//! | what is inside a join with an alias | `Scopes::alias_join` |
//! | the columns of USING | `item_end` |
//! | the name in CREATE INDEX, TRIGGER, POLICY and RULE | `kinds::CREATE`, `Step::Past` |
//! | RENAME TO | `commands`, which reads it as any word |

mod buffers;
mod column_lists;
mod column_reference;
mod cte;
mod cursor;
mod expression;
mod frame;
mod from;
mod join;
mod modify;
mod query;
mod relation;
mod scope;
mod script;
mod session;
mod stack;
mod utility;

use super::lexer::{Kind, Token, Tokens};
use crate::{
    dialect::Dialect,
    error::Fault,
    session_effect::{Hazard, SessionEffect},
    slot::Slot,
    template::Template,
};
use buffers::Buffers;
use cte::Ctes;
use frame::Frame;
use scope::{Env, Scopes};
use stack::Stack;

pub(in crate::dialect) struct Finder<'a> {
    tokens: Tokens<'a>,
    /// The next token.
    token: Token,
    stack: Stack,
    slots: Vec<Slot>,
    keys: Vec<Box<str>>,
    scopes: Scopes,
    ctes: Ctes<'a>,
    /// Set when a query in parentheses has just been closed: the names that further clauses of this query would see.
    closed_query: Option<Env>,
    /// Whether the CREATE that is being read creates something temporary.
    creates_temporary: bool,
    /// The name of the relation that the CREATE creates.
    created: Option<Token>,
    /// The first word of the utility statement that began last.
    verb: Token,
    session_effect: SessionEffect,
    hazard: Option<Hazard>,
}

impl<'a> Finder<'a> {
    pub(in crate::dialect) fn find(sql: &'a str) -> Result<Template, Fault> {
        let Buffers {
            tokens,
            stack,
            slots,
            scopes,
        } = Buffers::take();
        let mut tokens = Tokens::new(sql, tokens)?;
        let token = tokens.next()?;
        let mut finder = Self {
            token,
            verb: token,
            tokens,
            stack,
            slots,
            keys: Vec::new(),
            scopes,
            ctes: Ctes::default(),
            closed_query: None,
            creates_temporary: false,
            created: None,
            session_effect: SessionEffect::None,
            hazard: None,
        };
        finder.stack.push(Frame::Script { in_body: false });
        while finder.step()? {
            finder.tokens.forget();
        }
        let Self {
            tokens,
            stack,
            mut slots,
            keys,
            scopes,
            session_effect,
            hazard,
            ..
        } = finder;
        let template = Template::new(Dialect::Postgres, sql, &mut slots, keys, session_effect, hazard);
        // After a fault the buffers are lost, which costs less than describing the fault.
        let buffers = Buffers {
            tokens: tokens.into_buffer(),
            stack,
            slots,
            scopes,
        };
        buffers.keep();
        Ok(template)
    }

    /// Handles the top frame, if there is one. Inlined, because it is called in one place and most of its calls are
    /// short.
    #[inline(always)]
    fn step(&mut self) -> Result<bool, Fault> {
        let Some(frame) = self.stack.pop() else {
            return Ok(false);
        };
        match *frame {
            Frame::Script { in_body } => self.script(in_body),
            Frame::Statement { outer } => self.statement(outer),
            Frame::Dml { outer } => self.dml(outer),
            Frame::Main { outer, ctes } => self.main(outer, ctes),
            Frame::With(with) => self.cte(with),
            Frame::CteEnd(with, name) => self.cte_end(with, name),
            Frame::Query(query) => self.operand(query),
            Frame::Operand(query) => self.operand_end(query),
            Frame::Clauses(query) => self.clauses(query),
            Frame::FromItem(from) => self.item(from),
            Frame::FromParen(from) => self.item_in_parens(from),
            Frame::FromWrapped(from, mark, ctes) => self.item_after_paren(from, mark, ctes),
            Frame::FromAlias(from, mark) => self.item_alias(from, mark),
            Frame::FromFunction(from, name) => self.function_end(from, name),
            Frame::Repeatable { env } => self.repeatable(env),
            Frame::FromTail(from) => self.item_end(from),
            Frame::Join { .. } => Err(self.unexpected("a join without its ON or USING")),
            Frame::JoinCondition(from, env) => self.join_condition(from, env),
            Frame::Modify(modify) => self.modify(modify),
            Frame::InsertSource(modify) => self.insert_source(modify),
            Frame::SetTarget { env } => self.set_target(env),
            Frame::SetValue { env } => self.set_value(env),
            Frame::Columns { env } => self.columns(env),
            Frame::Paren { env, fresh } => self.paren(env, fresh),
            Frame::Arguments { env } => self.arguments(env),
            Frame::Wrapped { env, ctes } => self.wrapped(env, ctes),
            Frame::WrappedArgument { env, ctes } => self.wrapped_argument(env, ctes),
            Frame::Bracket { env } => self.bracket(env),
            Frame::Case { env } => self.case(env),
            Frame::Fragment => self.fragment(),
            Frame::Steps(steps) => self.steps(steps),
            Frame::TableClauses => self.table_clauses(),
            Frame::Elements { start } => self.elements(start),
            Frame::Commands { start } => self.commands(start),
            Frame::RuleFirst { env } => self.rule_first(env),
            Frame::RuleActions { env } => self.rule_actions(env),
            Frame::RuleCondition { env } => self.rule_condition(env),
            Frame::PublicationObjects { tables } => self.publication_objects(tables),
            Frame::PublicationNext { tables } => self.publication_next(tables),
            Frame::Function => self.function_clauses(),
            Frame::LeaveCtes { depth } => {
                self.ctes.leave(depth);
                Ok(())
            }
            Frame::StatementEnd => self.statement_end(),
            Frame::Body => self.body(),
            Frame::MoreColumns { env } => self.more_columns(env),
            Frame::Close => self.expect(Kind::Close, "a closing parenthesis was expected"),
        }?;
        Ok(true)
    }
}
