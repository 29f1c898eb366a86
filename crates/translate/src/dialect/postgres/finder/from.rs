//! FROM and USING: tables, functions, subqueries, and the joins between them.

use super::{
    Finder, Frame,
    query::{Closing, Query},
    relation::Dotted,
    scope::{Env, Level, Name},
};
use crate::{
    dialect::postgres::{
        keyword::Keyword,
        lexer::{Kind, Token},
    },
    error::Fault,
};

/// A list of FROM items, or a join in parentheses inside one.
#[derive(Clone, Copy)]
pub(super) struct FromList {
    pub(super) level: Level,
    /// The scope around the query, which items see without LATERAL.
    pub(super) outer: Env,
    /// The place of the list's first item in its level.
    first: u32,
    /// The place of the first item since the last comma or opening parenthesis.
    pub(super) element: u32,
    /// Whether a closing parenthesis ends it.
    pub(super) in_parens: bool,
}

impl FromList {
    pub(super) fn new(level: Level, outer: Env, first: u32) -> Self {
        Self {
            level,
            outer,
            first,
            element: first,
            in_parens: false,
        }
    }

    fn in_parens(self) -> Self {
        Self {
            in_parens: true,
            ..self
        }
    }
}

impl Finder<'_> {
    /// `[LATERAL]` and a subquery, a join in parentheses, a function or a table.
    pub(super) fn item(&mut self, from: FromList) -> Result<(), Fault> {
        let lateral = self.skip(Keyword::Lateral)?;
        match self.token.kind {
            Kind::Open => {
                self.advance()?;
                self.stack.push(Frame::FromAlias(from, self.scopes.mark()));
                let next = if lateral {
                    Frame::Query(Query::inside(self.lateral(&from), Closing::Paren, self.ctes.depth()))
                } else {
                    Frame::FromParen(self.element(from))
                };
                self.stack.push(next);
                Ok(())
            }
            // ROWS FROM (…)
            Kind::Word(Keyword::Rows) if self.second()?.kind == Kind::Word(Keyword::From) => {
                self.advance()?;
                self.advance()?;
                if self.token.kind != Kind::Open {
                    return Err(self.unexpected("ROWS FROM without its functions"));
                }
                let name = self.first_function()?;
                self.function(from, name)
            }
            // Functions with special grammar, some of them called without parentheses.
            Kind::Word(Keyword::Cast | Keyword::ValueFunction) => {
                self.advance()?;
                self.function(from, None)
            }
            Kind::Word(Keyword::Collation) if self.second()?.kind == Kind::Word(Keyword::For) => {
                self.advance()?;
                let name = self.token;
                self.advance()?;
                self.function(from, Some(name))
            }
            kind if kind == Kind::Word(Keyword::Only) || self.at_function_or_table()? => {
                let only = kind == Kind::Word(Keyword::Only);
                let name = if only {
                    self.relation_expression()?
                } else {
                    self.dotted()?
                };
                if !only && self.token.kind == Kind::Open {
                    self.note_call(self.last(&name));
                    let called = self.called(self.last(&name), name.parts > 1, self.second()?);
                    return self.function(from, Some(called));
                }
                self.skip_kind(Kind::Star)?;
                self.table(&from, &name)?;
                if self.at(Keyword::Tablesample) {
                    self.sample(from)
                } else {
                    self.item_end(from)
                }
            }
            _ => Err(self.unexpected("a table, a function or a subquery was expected")),
        }
    }

    /// Functions may have names that tables can't have: `left(…)`.
    fn at_function_or_table(&self) -> Result<bool, Fault> {
        use Keyword::{
            Collation, Cross, Full, Inner, Is, Join, Left, Like, Natural, OtherReserved, Outer, Right, Tablesample,
        };
        Ok(match self.token.kind {
            Kind::Word(
                Collation | Cross | Full | Inner | Is | Join | Left | Like | Natural | Outer | OtherReserved | Right
                | Tablesample,
            ) => self.second()?.kind == Kind::Open,
            kind => kind.is_name(),
        })
    }

    /// The same list, with a new element that begins here.
    pub(super) fn element(&self, from: FromList) -> FromList {
        FromList {
            element: self.scopes.next_place(from.level),
            ..from
        }
    }

    /// The scope of an item that may refer to the items before it.
    fn lateral(&mut self, from: &FromList) -> Env {
        let next = self.scopes.next_place(from.level);
        self.scopes.view(from.level, from.first, next, from.outer)
    }

    /// A table with its alias. A name that is a CTE in scope is not a relation.
    pub(super) fn table(&mut self, from: &FromList, name: &Dotted) -> Result<(), Fault> {
        if name.star || !self.first(name).kind.is_name() {
            return Err(self.unexpected("the name of a table was expected"));
        }
        let alias = self.alias()?;
        let unqualified = name.parts == 1;
        if unqualified && self.ctes.any() && self.ctes.declares(&self.name_of(self.first(name))) {
            let visible = alias.unwrap_or(self.first(name));
            self.scopes.add_other(from.level, Name::Written(visible));
            return Ok(());
        }
        let slot = self.slots.len();
        let target = self.record(name);
        let item = match alias {
            Some(alias) => self.scopes.add_other(from.level, Name::Written(alias)),
            None => self.scopes.add_table(from.level, self.sql(), self.last(name), target),
        };
        if unqualified && self.ctes.may_declare_later() {
            let slot = (slot < self.slots.len()).then_some(slot);
            self.ctes.note_table(self.name_of(self.first(name)), slot, item);
        }
        Ok(())
    }

    /// TABLESAMPLE method (arguments) [REPEATABLE (seed)]
    fn sample(&mut self, from: FromList) -> Result<(), Fault> {
        self.advance()?;
        self.skip_label()?;
        // The arguments don't see the table itself.
        let next = self.scopes.next_place(from.level) - 1;
        let env = self.scopes.view(from.level, from.first, next, from.outer);
        self.stack.push(Frame::FromTail(from));
        self.stack.push(Frame::Repeatable { env });
        self.expect(Kind::Open, "TABLESAMPLE without its arguments")?;
        self.stack.push(Frame::Paren { env, fresh: false });
        Ok(())
    }

    pub(super) fn repeatable(&mut self, env: Env) -> Result<(), Fault> {
        if self.skip_word("repeatable")? {
            self.expect(Kind::Open, "REPEATABLE without its seed")?;
            self.stack.push(Frame::Paren { env, fresh: false });
        }
        Ok(())
    }

    /// The first function of ROWS FROM, which gives the item its name; it comes after the parenthesis that is next.
    fn first_function(&self) -> Result<Option<Token>, Fault> {
        const MOST_PARTS: usize = 8;
        let mut at = 0;
        let mut name = self.second()?;
        match name.kind {
            Kind::Word(Keyword::Cast | Keyword::ValueFunction) => return Ok(None),
            Kind::Word(Keyword::Collation) if self.tokens.ahead(1)?.kind == Kind::Word(Keyword::For) => {
                return Ok(Some(self.tokens.ahead(1)?));
            }
            _ => {}
        }
        while self.tokens.ahead(at + 1)?.kind == Kind::Dot && at < 2 * MOST_PARTS {
            at += 2;
            name = self.tokens.ahead(at)?;
        }
        Ok(Some(self.called(name, at > 0, self.tokens.ahead(at + 2)?)))
    }

    /// The token from which [`Finder::function_name`] later finds the name of a function whose arguments begin with
    /// `argument`.
    fn called(&self, name: Token, qualified: bool, argument: Token) -> Token {
        match name.kind {
            Kind::Word(Keyword::Trim) if qualified => Token {
                kind: Kind::Word(Keyword::None),
                ..name
            },
            Kind::Word(Keyword::Trim) if self.word_is(argument, "leading") || self.word_is(argument, "trailing") => {
                argument
            }
            _ => name,
        }
    }

    /// The name of the function that the server calls for the token that [`Finder::called`] found. TRIM and COLLATION
    /// FOR are not function names.
    fn function_name(&self, called: Token) -> Name {
        match called.kind {
            Kind::Word(Keyword::Trim) => Name::Given("btrim"),
            Kind::Word(Keyword::For) => Name::Given("pg_collation_for"),
            Kind::Word(Keyword::OtherReserved) if self.word_is(called, "leading") => Name::Given("ltrim"),
            Kind::Word(Keyword::OtherReserved) if self.word_is(called, "trailing") => Name::Given("rtrim"),
            _ => Name::Written(called),
        }
    }

    /// A function's arguments. They see the items before the function, with or without LATERAL.
    fn function(&mut self, from: FromList, name: Option<Token>) -> Result<(), Fault> {
        self.stack.push(Frame::FromFunction(from, name));
        if self.skip_kind(Kind::Open)? {
            let env = self.lateral(&from);
            self.stack.push(Frame::Arguments { env });
        }
        Ok(())
    }

    /// After a function's arguments: `[WITH ORDINALITY] [[AS] alias [(columns)]]`. Without an alias the function's name
    /// hides tables of that name.
    pub(super) fn function_end(&mut self, from: FromList, name: Option<Token>) -> Result<(), Fault> {
        if self.at(Keyword::With) && self.word_is(self.second()?, "ordinality") {
            self.advance()?;
            self.advance()?;
        }
        let named = name.filter(|name| name.kind.is_label());
        let name = match self.alias()? {
            Some(alias) => Some(Name::Written(alias)),
            None => named.map(|name| self.function_name(name)),
        };
        if let Some(name) = name {
            self.scopes.add_other(from.level, name);
        }
        self.item_end(from)
    }

    /// Inside parentheses in FROM: a subquery, or a join.
    pub(super) fn item_in_parens(&mut self, from: FromList) -> Result<(), Fault> {
        if self.at_query()? {
            self.stack.push(Frame::Query(Query::inside(
                from.outer,
                Closing::Paren,
                self.ctes.depth(),
            )));
        } else if self.skip_kind(Kind::Open)? {
            let ctes = self.ctes.depth();
            self.stack.push(Frame::FromWrapped(from, self.scopes.mark(), ctes));
            self.stack.push(if self.at_query()? {
                // The names that the query declares may be visible after its parentheses too.
                Frame::Query(Query::inside(from.outer, Closing::Operand, ctes))
            } else {
                Frame::FromParen(from)
            });
        } else {
            return self.item(from.in_parens());
        }
        Ok(())
    }

    /// After `((…)` in FROM: a query's first operand, a query in two pairs of parentheses, or the first item of a join.
    pub(super) fn item_after_paren(&mut self, from: FromList, mark: u32, ctes: u32) -> Result<(), Fault> {
        match self.closed_query {
            Some(operand) if self.at_operand_end() => {
                let query = Query::inside(from.outer, self.wrapped_closing(), ctes);
                self.stack.push(Frame::Clauses(query.after(operand)));
                Ok(())
            }
            Some(_) if self.token.kind == Kind::Close => {
                self.leave_wrapped(ctes);
                self.advance()
            }
            _ => {
                self.ctes.leave(ctes);
                self.item_alias(from.in_parens(), mark)
            }
        }
    }

    /// After a subquery or a join in parentheses. The alias of a join hides the names inside the join.
    pub(super) fn item_alias(&mut self, from: FromList, mark: u32) -> Result<(), Fault> {
        if let Some(alias) = self.alias()? {
            match self.closed_query {
                Some(_) => _ = self.scopes.add_other(from.level, Name::Written(alias)),
                None => self.scopes.alias_join(from.level, mark, alias),
            }
        }
        self.closed_query = None;
        self.item_end(from)
    }

    /// After the query of a JSON_ARRAY: the server, too, does not read these two words as an alias.
    pub(super) fn at_json_format(&self) -> Result<bool, Fault> {
        Ok(self.at(Keyword::Format) && self.word_is(self.second()?, "json"))
    }

    /// `[AS] alias [(columns)]`, or the `AS (columns)` of functions.
    pub(super) fn alias(&mut self) -> Result<Option<Token>, Fault> {
        let explicit = self.skip(Keyword::As)?;
        let named = if explicit {
            self.token.kind.is_label()
        } else {
            self.token.kind.is_name() && !self.at_json_format()?
        };
        let alias = named.then_some(self.token);
        if named {
            self.advance()?;
        }
        if named || explicit {
            self.skip_parens()?;
        }
        Ok(alias)
    }
}
