//! Finds the relations that a text names, by following PostgreSQL's grammar as far as that is needed to tell them from anything else.
//!
//! The finder is a pushdown machine: a stack of [`Frame`]s holds what is still expected, the frame on top is taken off and handled, and its
//! handler puts back what follows. So nesting is bounded by memory and not by the thread's stack, and every token is looked at once.
//!
//! Expressions have no frames but for their brackets: what is inside is read flat, since only subqueries, columns and the next clause
//! matter (`expression`). The other files are named after what they read.

mod columns;
mod cte;
mod expression;
mod from;
mod grant;
mod kinds;
mod modify;
mod publication;
mod query;
mod relation;
mod rule;
mod scope;
mod script;
mod session;
mod table;
mod utility;

use super::{
    error::Fault,
    keyword::Keyword,
    lexer::{Kind, Lexer, Token},
    template::{Slot, Template},
};
use cte::{Ctes, With};
use from::From;
use modify::Modify;
use query::Query;
use scope::{Env, Scopes};
use utility::Step;

/// What is expected next in the text. Each is handled in the file that is named after it.
#[derive(Clone, Copy)]
enum Frame {
    /// Statements with semicolons between them, to the end of the text or of a function's body.
    Script {
        in_body: bool,
    },
    /// One statement of any kind.
    Statement {
        outer: Env,
    },
    /// A query or INSERT, UPDATE, DELETE, MERGE, with or without a WITH.
    Dml {
        outer: Env,
    },
    /// The same behind its WITH; `ctes` is how many names were in scope before it.
    Main {
        outer: Env,
        ctes: usize,
    },
    /// The next name of a WITH.
    With(With),
    /// Behind the body of a WITH's name, which is `name`.
    CteEnd {
        with: With,
        name: Token,
    },
    /// An operand of a query: SELECT, VALUES, TABLE or a query in parentheses.
    Query(Query),
    /// Behind an operand that was in parentheses.
    Operand(Query),
    /// The clauses of an operand.
    Clauses(Query),
    /// The next item of a FROM clause.
    FromItem(From),
    /// Behind the opening parenthesis of a FROM item.
    FromParen(From),
    /// Behind a FROM item that began with a parenthesis inside of one.
    FromWrapped(From),
    /// Behind a FROM item in parentheses: its alias is next.
    FromAlias {
        from: From,
        inside: From,
    },
    /// Behind a function in FROM that is called like `name`.
    FromFunction {
        from: From,
        name: Option<Token>,
    },
    /// Behind the arguments of TABLESAMPLE.
    Repeatable {
        env: Env,
    },
    /// Behind a FROM item and its alias.
    FromTail(From),
    /// A join that waits for its ON or USING: the items of its left side begin at `left`, those of its right side at `right`.
    Join {
        left: u32,
        right: u32,
    },
    /// The condition of a join.
    JoinCondition {
        from: From,
        env: Env,
    },
    /// The clauses of a data-modifying statement behind its target.
    Modify(Modify),
    /// The source of an INSERT.
    InsertSource(Modify),
    /// The left side of an assignment behind SET.
    SetTarget {
        env: Env,
    },
    /// What follows the left side of an assignment.
    SetValue {
        env: Env,
    },
    /// A list of column names in parentheses, behind its opening one.
    Columns {
        env: Env,
    },
    /// Inside of parentheses in an expression. `fresh` until something was read.
    Paren {
        env: Env,
        fresh: bool,
    },
    /// Inside of the parentheses of a function.
    Arguments {
        env: Env,
    },
    /// Behind parentheses that came first in parentheses.
    Wrapped {
        env: Env,
    },
    /// Inside of `[…]`.
    Bracket {
        env: Env,
    },
    /// Inside of CASE … END.
    Case {
        env: Env,
    },
    /// An expression which is the whole text.
    Fragment,
    /// The rest of a utility statement.
    Steps(&'static [Step]),
    /// The clauses of CREATE TABLE behind its name.
    TableClauses,
    /// The elements of a table in parentheses; `start` at the beginning of one.
    Elements {
        start: bool,
    },
    /// The commands of ALTER TABLE; `start` at the beginning of one.
    Commands {
        start: bool,
    },
    /// The actions of a rule, behind its DO.
    RuleActions {
        env: Env,
    },
    /// The condition of a rule.
    RuleCondition {
        env: Env,
    },
    /// The objects of a publication; `tables` while they are tables.
    PublicationObjects {
        tables: bool,
    },
    PublicationNext {
        tables: bool,
    },
    AlterPublication,
    Cluster,
    Reindex,
    Explain,
    Import,
    Grant,
    CommentedConstraint,
    RecursiveView,
    Function,
    Rule,
    /// The end of what a view's own name was declared for.
    LeaveCtes {
        depth: usize,
    },
    /// The end of a statement.
    StatementEnd,
    /// A body of DDL, and the steps behind it.
    Body(&'static [Step]),
    /// More columns of a list, in the midst of one.
    MoreColumns {
        env: Env,
    },
    /// A closing parenthesis.
    Close,
}

pub(super) struct Finder<'a> {
    lexer: Lexer<'a>,
    /// The token to be read next.
    token: Token,
    stack: Vec<Frame>,
    slots: Vec<Slot>,
    keys: Vec<Box<str>>,
    scopes: Scopes<'a>,
    ctes: Ctes<'a>,
    /// Set by what has just been closed, if that was a query in parentheses: the names its further clauses would see.
    closed_query: Option<Env>,
    /// Whether the CREATE being read makes something temporary.
    creates_temporary: bool,
    /// The name of the relation that it creates.
    created: Option<Token>,
    affects_session: bool,
}

impl<'a> Finder<'a> {
    pub(super) fn find(sql: &'a str) -> Result<Template, Fault> {
        let mut lexer = Lexer::new(sql)?;
        let mut finder = Self {
            token: lexer.next()?,
            lexer,
            stack: Vec::with_capacity(16),
            slots: Vec::with_capacity(8),
            keys: Vec::new(),
            scopes: Scopes::new(),
            ctes: Ctes::default(),
            closed_query: None,
            creates_temporary: false,
            created: None,
            affects_session: false,
        };
        finder.stack.push(Frame::Script { in_body: false });
        while let Some(frame) = finder.stack.pop() {
            finder.step(frame)?;
        }
        Ok(Template::new(sql, finder.slots, finder.keys, finder.affects_session))
    }

    fn step(&mut self, frame: Frame) -> Result<(), Fault> {
        match frame {
            Frame::Script { in_body } => self.script(in_body),
            Frame::Statement { outer } => self.statement(outer),
            Frame::Dml { outer } => self.dml(outer),
            Frame::Main { outer, ctes } => self.main(outer, ctes),
            Frame::With(with) => self.cte(with),
            Frame::CteEnd { with, name } => self.cte_end(with, name),
            Frame::Query(query) => self.operand(query),
            Frame::Operand(query) => self.operand_end(query),
            Frame::Clauses(query) => self.clauses(query),
            Frame::FromItem(from) => self.from_item(from),
            Frame::FromParen(from) => self.from_paren(from),
            Frame::FromWrapped(from) => self.from_wrapped(from),
            Frame::FromAlias { from, inside } => self.from_alias(from, inside),
            Frame::FromFunction { from, name } => self.function_end(from, name),
            Frame::Repeatable { env } => self.repeatable(env),
            Frame::FromTail(from) => self.from_tail(from),
            Frame::Join { .. } => Err(self.unexpected("a join without its ON or USING")),
            Frame::JoinCondition { from, env } => self.join_condition(from, env),
            Frame::Modify(modify) => self.modify(modify),
            Frame::InsertSource(modify) => self.insert_source(modify),
            Frame::SetTarget { env } => self.set_target(env),
            Frame::SetValue { env } => self.set_value(env),
            Frame::Columns { env } => self.columns(env),
            Frame::Paren { env, fresh } => self.paren(env, fresh),
            Frame::Arguments { env } => self.arguments(env),
            Frame::Wrapped { env } => self.wrapped(env),
            Frame::Bracket { env } => self.bracket(env),
            Frame::Case { env } => self.case(env),
            Frame::Fragment => self.fragment(),
            Frame::Steps(steps) => self.steps(steps),
            Frame::TableClauses => self.table_clauses(),
            Frame::Elements { start } => self.elements(start),
            Frame::Commands { start } => self.commands(start),
            Frame::RuleActions { env } => self.rule_actions(env),
            Frame::RuleCondition { env } => self.rule_condition(env),
            Frame::PublicationObjects { tables } => self.publication_objects(tables),
            Frame::PublicationNext { tables } => self.publication_next(tables),
            Frame::AlterPublication => self.alter_publication(),
            Frame::Cluster => self.cluster(),
            Frame::Reindex => self.reindex(),
            Frame::Explain => self.explain(),
            Frame::Import => self.import(),
            Frame::Grant => self.grant(),
            Frame::CommentedConstraint => self.commented_constraint(),
            Frame::RecursiveView => self.recursive_view(),
            Frame::Function => self.function_clauses(),
            Frame::Rule => self.rule(),
            Frame::LeaveCtes { depth } => {
                self.ctes.leave(depth);
                Ok(())
            }
            Frame::StatementEnd => self.statement_end(),
            Frame::Body(rest) => self.body(rest),
            Frame::MoreColumns { env } => self.more_columns(env),
            Frame::Close => self.expect(Kind::Close, "a closing parenthesis was expected"),
        }
    }

    fn sql(&self) -> &'a str {
        self.lexer.sql()
    }

    fn advance(&mut self) -> Result<(), Fault> {
        self.token = self.lexer.next()?;
        Ok(())
    }

    /// The token behind the next one.
    fn second(&self) -> Result<Token, Fault> {
        let mut ahead = self.lexer;
        ahead.next()
    }

    #[cold]
    fn unexpected(&self, reason: &'static str) -> Fault {
        Fault::not_understood(self.token.start as usize, reason)
    }

    fn at(&self, keyword: Keyword) -> bool {
        self.token.kind == Kind::Word(keyword)
    }

    /// Whether the next token is this word, which is no [`Keyword`], in any case of letters.
    fn at_word(&self, word: &str) -> bool {
        matches!(self.token.kind, Kind::Word(_)) && self.text(self.token).eq_ignore_ascii_case(word)
    }

    fn text(&self, token: Token) -> &'a str {
        &self.sql()[token.start as usize..token.end as usize]
    }

    fn skip_kind(&mut self, kind: Kind) -> Result<bool, Fault> {
        let found = self.token.kind == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn skip(&mut self, keyword: Keyword) -> Result<bool, Fault> {
        self.skip_kind(Kind::Word(keyword))
    }

    fn skip_word(&mut self, word: &str) -> Result<bool, Fault> {
        let found = self.at_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Skips these words as long as any of them comes next.
    fn skip_words(&mut self, words: &[&str]) -> Result<(), Fault> {
        while words.iter().any(|word| self.at_word(word)) {
            self.advance()?;
        }
        Ok(())
    }

    fn expect(&mut self, kind: Kind, reason: &'static str) -> Result<(), Fault> {
        if self.skip_kind(kind)? {
            Ok(())
        } else {
            Err(self.unexpected(reason))
        }
    }

    /// Skips balanced parentheses, if they come next, without a look at what is inside.
    fn skip_parens(&mut self) -> Result<bool, Fault> {
        if self.token.kind != Kind::Open {
            return Ok(false);
        }
        let mut depth = 0usize;
        loop {
            match self.token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End => return Err(self.unexpected("a closing parenthesis was expected")),
                _ => {}
            }
            self.advance()?;
            if depth == 0 {
                return Ok(true);
            }
        }
    }
}
