//! FROM and USING: tables, functions, subqueries, and the joins between them.

use super::{
    super::{
        error::Fault,
        keyword::{Keyword, Stops},
        lexer::{Kind, Token},
    },
    Finder, Frame,
    expression::Pause,
    query::{Closing, Query},
    relation::Dotted,
    scope::{Env, Target},
};

/// A list of FROM items, or a join in parentheses inside of one.
#[derive(Clone, Copy)]
pub(super) struct From {
    level: u32,
    /// What is around the query: what items see without LATERAL.
    outer: Env,
    /// The place of the list's first item in its level.
    first: u32,
    /// The place of the first item since the last comma or opening parenthesis.
    element: u32,
    /// The same in the order of all items.
    mark: usize,
    in_parens: bool,
}

impl From {
    pub(super) fn list(level: u32, outer: Env, first: u32, mark: usize) -> Self {
        Self {
            level,
            outer,
            first,
            element: first,
            mark,
            in_parens: false,
        }
    }
}

const AFTER_CONDITION: Stops = Stops::at(&[
    Keyword::Join,
    Keyword::Inner,
    Keyword::Left,
    Keyword::Right,
    Keyword::Full,
    Keyword::Cross,
    Keyword::Natural,
    Keyword::On,
    Keyword::Using,
    Keyword::Where,
    Keyword::Group,
    Keyword::Having,
    Keyword::Window,
    Keyword::Union,
    Keyword::Intersect,
    Keyword::Except,
    Keyword::Order,
    Keyword::Limit,
    Keyword::Offset,
    Keyword::Fetch,
    Keyword::For,
    Keyword::Returning,
    Keyword::When,
])
.and_comma();

/// What may follow a FROM clause.
const FROM_END: Stops = Stops::at(&[
    Keyword::On,
    Keyword::Where,
    Keyword::Group,
    Keyword::Having,
    Keyword::Window,
    Keyword::Union,
    Keyword::Intersect,
    Keyword::Except,
    Keyword::Order,
    Keyword::Limit,
    Keyword::Offset,
    Keyword::Fetch,
    Keyword::For,
    Keyword::Returning,
    // WITH CHECK OPTION of a view, WITH NO DATA of a table.
    Keyword::With,
]);

impl<'a> Finder<'a> {
    pub(super) fn from_item(&mut self, from: From) -> Result<(), Fault> {
        let lateral = self.skip(Keyword::Lateral)?;
        match self.token.kind {
            Kind::Open => {
                self.advance()?;
                let inside = self.element(from);
                self.stack.push(Frame::FromAlias { from, inside });
                let next = if lateral {
                    Frame::Query(Query::inside(self.lateral(&from), Closing::Paren, self.ctes.depth()))
                } else {
                    Frame::FromParen(inside)
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
                // Without an alias its first function names it.
                let name = Some(self.second()?);
                self.function(from, name)
            }
            // Functions with a grammar of their own, some of them called without parentheses.
            Kind::Word(Keyword::Cast | Keyword::ValueFunction) => {
                self.advance()?;
                self.function(from, None)
            }
            Kind::Word(Keyword::Collation) => {
                self.advance()?;
                self.expect(Kind::Word(Keyword::For), "COLLATION FOR was expected")?;
                self.function(from, None)
            }
            kind if kind == Kind::Word(Keyword::Only) || self.is_function_or_table() => {
                let only = kind == Kind::Word(Keyword::Only);
                let name = if only {
                    self.relation_expression()?
                } else {
                    self.dotted()?
                };
                if !only && self.token.kind == Kind::Open {
                    self.note_call(name.last());
                    return self.function(from, Some(name.last()));
                }
                self.skip_kind(Kind::Star)?;
                self.table(&from, &name)?;
                self.stack.push(Frame::FromTail(from));
                self.sample(&from)
            }
            _ => Err(self.unexpected("a table, a function or a subquery was expected")),
        }
    }

    /// Names of functions may be words that tables can't have.
    fn is_function_or_table(&self) -> bool {
        self.token.kind.is_name() || matches!(self.token.kind, Kind::Word(Keyword::Left | Keyword::Right))
    }

    /// The same list from an item or a parenthesis on.
    fn element(&self, from: From) -> From {
        From {
            element: self.scopes.next_place(from.level),
            mark: self.scopes.mark(),
            ..from
        }
    }

    /// What an item sees that may refer to those before it.
    fn lateral(&mut self, from: &From) -> Env {
        let next = self.scopes.next_place(from.level);
        self.scopes.view(from.level, from.first, next, from.outer)
    }

    /// A table with its alias: the name of a CTE in scope is not a relation.
    pub(super) fn table(&mut self, from: &From, name: &Dotted) -> Result<(), Fault> {
        if name.star || !name.first.kind.is_name() {
            return Err(self.unexpected("the name of a table was expected"));
        }
        let alias = self.alias()?;
        let unqualified = (name.parts == 1).then(|| self.name_of(name.first));
        if let Some(cte) = unqualified.as_ref().filter(|name| self.ctes.declares(name)) {
            let visible = alias.map_or(cte.clone(), |alias| self.name_of(alias));
            self.scopes.add(from.level, visible, Target::Other);
            return Ok(());
        }
        let slot = self.slots.len();
        let target = self.record(name);
        let item = match alias {
            Some(alias) => self.scopes.add(from.level, self.name_of(alias), Target::Other),
            None => self.scopes.add(from.level, self.name_of(name.last()), target),
        };
        if let Some(table) = unqualified.filter(|_| self.ctes.may_declare_later()) {
            let slot = (slot < self.slots.len()).then_some(slot);
            self.ctes.note_table(table, slot, item);
        }
        Ok(())
    }

    /// TABLESAMPLE method (arguments) [REPEATABLE (seed)]
    fn sample(&mut self, from: &From) -> Result<(), Fault> {
        if self.skip(Keyword::Tablesample)? {
            self.skip_label()?;
            // The arguments don't see the table itself.
            let next = self.scopes.next_place(from.level) - 1;
            let env = self.scopes.view(from.level, from.first, next, from.outer);
            self.stack.push(Frame::Repeatable { env });
            self.expect(Kind::Open, "TABLESAMPLE without its arguments")?;
            self.stack.push(Frame::Paren { env, fresh: false });
        }
        Ok(())
    }

    pub(super) fn repeatable(&mut self, env: Env) -> Result<(), Fault> {
        if self.skip_word("repeatable")? {
            self.expect(Kind::Open, "REPEATABLE without its seed")?;
            self.stack.push(Frame::Paren { env, fresh: false });
        }
        Ok(())
    }

    /// A function's arguments, which see the items before it, with or without LATERAL.
    fn function(&mut self, from: From, name: Option<Token>) -> Result<(), Fault> {
        self.stack.push(Frame::FromFunction { from, name });
        if self.skip_kind(Kind::Open)? {
            let env = self.lateral(&from);
            self.stack.push(Frame::Arguments { env });
        }
        Ok(())
    }

    /// Behind a function's arguments: `[WITH ORDINALITY] [[AS] alias [(columns)]]`. Without an alias the function's name hides tables of that name.
    pub(super) fn function_end(&mut self, from: From, name: Option<Token>) -> Result<(), Fault> {
        if self.skip(Keyword::With)? {
            self.skip_word("ordinality")?;
        }
        if let Some(name) = self.alias()?.or(name.filter(|name| name.kind.is_label())) {
            self.scopes.add(from.level, self.name_of(name), Target::Other);
        }
        self.stack.push(Frame::FromTail(from));
        Ok(())
    }

    /// Inside of parentheses in FROM: a subquery, or a join.
    pub(super) fn from_paren(&mut self, from: From) -> Result<(), Fault> {
        if self.at_query()? {
            self.stack.push(Frame::Query(Query::inside(
                from.outer,
                Closing::Paren,
                self.ctes.depth(),
            )));
        } else if self.skip_kind(Kind::Open)? {
            self.stack.push(Frame::FromWrapped(from));
            self.stack.push(Frame::FromParen(from));
        } else {
            self.stack.push(Frame::FromItem(From {
                in_parens: true,
                ..from
            }));
        }
        Ok(())
    }

    /// Behind `((…)` in FROM: a query's first operand, a query in two pairs of parentheses, or the first item of a join.
    pub(super) fn from_wrapped(&mut self, from: From) -> Result<(), Fault> {
        match self.closed_query {
            Some(operand) if self.at_operand_end() => {
                let query = Query::inside(from.outer, Closing::Paren, self.ctes.depth());
                self.stack.push(Frame::Clauses(query.after(operand)));
                Ok(())
            }
            Some(_) if self.token.kind == Kind::Close => self.advance(),
            _ => self.from_alias(
                From {
                    in_parens: true,
                    ..from
                },
                from,
            ),
        }
    }

    /// Behind a subquery or a join in parentheses. The alias of a join hides the names inside of it.
    pub(super) fn from_alias(&mut self, from: From, inside: From) -> Result<(), Fault> {
        if let Some(alias) = self.alias()? {
            self.scopes.hide(from.level, inside.element, inside.mark);
            self.scopes.add(from.level, self.name_of(alias), Target::Other);
        }
        self.closed_query = None;
        self.stack.push(Frame::FromTail(from));
        Ok(())
    }

    /// `[AS] alias [(columns)]`, or the `AS (columns)` of functions.
    pub(super) fn alias(&mut self) -> Result<Option<Token>, Fault> {
        let explicit = self.skip(Keyword::As)?;
        let named = if explicit {
            self.token.kind.is_label()
        } else {
            self.token.kind.is_name()
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

    /// Behind an item: a join, the join's condition, the next item, or the end of the list.
    pub(super) fn from_tail(&mut self, from: From) -> Result<(), Fault> {
        let pending = match self.stack.last() {
            Some(&Frame::Join { left, right }) => Some((left, right)),
            _ => None,
        };
        if let Some(has_condition) = self.join_words()? {
            if has_condition {
                // `a JOIN b JOIN c ON … ON …`: an inner join's left side is the right side of the one around it.
                let left = pending.map_or(from.element, |(_, right)| right);
                let right = self.scopes.next_place(from.level);
                self.stack.push(Frame::Join { left, right });
            }
            self.stack.push(Frame::FromItem(from));
            return Ok(());
        }
        match (self.token.kind, pending) {
            (Kind::Word(Keyword::On), Some((left, _))) => {
                self.advance()?;
                self.stack.pop();
                // A condition sees both sides of its own join, and nothing else of the list.
                let next = self.scopes.next_place(from.level);
                let env = self.scopes.view(from.level, left, next, from.outer);
                self.stack.push(Frame::JoinCondition { from, env });
                Ok(())
            }
            (Kind::Word(Keyword::Using), Some(_)) => {
                self.advance()?;
                self.stack.pop();
                if !self.skip_parens()? {
                    return Err(self.unexpected("USING without its columns"));
                }
                if let Some(alias) = if self.at(Keyword::As) { self.alias()? } else { None } {
                    self.scopes.add(from.level, self.name_of(alias), Target::Other);
                }
                self.stack.push(Frame::FromTail(from));
                Ok(())
            }
            (_, Some(_)) => Err(self.unexpected("a join without its ON or USING")),
            (Kind::Comma, None) if !from.in_parens => {
                self.advance()?;
                let next = self.element(from);
                self.stack.push(Frame::FromItem(next));
                Ok(())
            }
            (Kind::Close, None) if from.in_parens => {
                self.closed_query = None;
                self.advance()
            }
            (_, None) if from.in_parens => Err(self.unexpected("a join or a closing parenthesis was expected")),
            (Kind::Word(keyword), None) if FROM_END.has(keyword) => Ok(()),
            (Kind::Close | Kind::Semicolon | Kind::End, None) => Ok(()),
            _ => Err(self.unexpected("this can't follow a FROM clause")),
        }
    }

    /// Skips the words of a join. Says whether it has a condition; CROSS and NATURAL joins have none.
    fn join_words(&mut self) -> Result<Option<bool>, Fault> {
        let natural = self.skip(Keyword::Natural)?;
        let cross = !natural && self.skip(Keyword::Cross)?;
        let mut sided = natural || cross;
        if !cross {
            if self.at(Keyword::Left) || self.at(Keyword::Right) || self.at(Keyword::Full) {
                self.advance()?;
                self.skip(Keyword::Outer)?;
                sided = true;
            } else if self.skip(Keyword::Inner)? {
                sided = true;
            }
        }
        if self.skip(Keyword::Join)? {
            Ok(Some(!natural && !cross))
        } else if sided {
            Err(self.unexpected("JOIN was expected"))
        } else {
            Ok(None)
        }
    }

    pub(super) fn join_condition(&mut self, from: From, env: Env) -> Result<(), Fault> {
        loop {
            match self.expression(env, AFTER_CONDITION)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::JoinCondition { from, env });
                    self.stack.push(nested);
                    return Ok(());
                }
                // The function left(…) is no join.
                Pause::Keyword(Keyword::Left | Keyword::Right | Keyword::Full | Keyword::Inner)
                    if self.second()?.kind == Kind::Open =>
                {
                    self.advance()?;
                }
                // WITH of a type, as in `timestamp with time zone`.
                _ => {
                    self.stack.push(Frame::FromTail(from));
                    return Ok(());
                }
            }
        }
    }
}
