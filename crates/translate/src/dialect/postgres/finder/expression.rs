//! Expressions, read flat: only columns, subqueries and the end matter.

use super::{
    Finder, Frame,
    query::{Closing, Query},
    scope::Env,
};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

/// Why the reading of an expression paused.
pub(super) enum Pause {
    /// Something nested comes next; its opening bracket or keyword has been read.
    Nested(Opening),
    /// The next token is one of the keywords to stop at.
    Keyword(Keyword),
    /// The next token is a comma, and commas were to stop the reading.
    Comma,
    /// The next token is a closing bracket, a semicolon or the end.
    End,
}

/// What an expression's opening bracket opens, and what the inside sees.
#[derive(Clone, Copy)]
pub(super) enum Opening {
    Paren(Env),
    Arguments(Env),
    Bracket(Env),
    Case(Env),
}

impl Opening {
    pub(super) fn frame(self) -> Frame {
        match self {
            Self::Paren(env) => Frame::Paren { env, fresh: true },
            Self::Arguments(env) => Frame::Arguments { env },
            Self::Bracket(env) => Frame::Bracket { env },
            Self::Case(env) => Frame::Case { env },
        }
    }
}

/// What may follow an operand of a query. Such a word shows that parentheses in parentheses hold a query: `((SELECT …)
/// UNION …)`.
pub(super) const AFTER_OPERAND: Stops = Stops::at(&[
    Keyword::Union,
    Keyword::Intersect,
    Keyword::Except,
    Keyword::Order,
    Keyword::Limit,
    Keyword::Offset,
    Keyword::Fetch,
    Keyword::For,
]);

/// The clauses before which a column of SELECT or RETURNING may end. None of these words begins an expression, or is a
/// label without AS.
const BEHIND_LABEL: Stops = AFTER_OPERAND.and(&[
    Keyword::From,
    Keyword::Into,
    Keyword::Where,
    Keyword::Group,
    Keyword::Having,
    Keyword::Window,
    Keyword::On,
    Keyword::Returning,
    Keyword::With,
]);

impl Finder<'_> {
    /// Reads one or more expressions, up to something nested, a keyword of `stops`, a comma (if `stops` has commas), a
    /// closing bracket, or the end.
    pub(super) fn expression(&mut self, env: Env, stops: Stops) -> Result<Pause, Fault> {
        loop {
            match self.token.kind {
                Kind::Quoted | Kind::Encoded | Kind::Word(Keyword::None) => {
                    if let Some(nested) = self.name_in_expression(env)? {
                        return Ok(Pause::Nested(nested));
                    }
                }
                Kind::Word(keyword) if stops.has(keyword) => return Ok(Pause::Keyword(keyword)),
                Kind::Word(keyword) => {
                    if let Some(nested) = self.keyword_in_expression(keyword, env)? {
                        return Ok(Pause::Nested(nested));
                    }
                }
                Kind::Open => {
                    self.advance()?;
                    return Ok(Pause::Nested(Opening::Paren(env)));
                }
                Kind::OpenBracket => {
                    self.advance()?;
                    return Ok(Pause::Nested(Opening::Bracket(env)));
                }
                Kind::Comma if stops.has_comma() => return Ok(Pause::Comma),
                // A type is not a column.
                Kind::Cast => {
                    self.advance()?;
                    self.skip_label()?;
                }
                // `(row).field`, `$1.field`, `array[1].field`
                Kind::Dot => {
                    self.advance()?;
                    if !self.skip_kind(Kind::Star)? && self.token.kind.is_label() {
                        let fields = self.dotted()?;
                        for from_end in 1..=fields.parts {
                            self.note_field(self.part(&fields, from_end));
                        }
                    }
                }
                Kind::Close | Kind::CloseBracket | Kind::Semicolon | Kind::End => return Ok(Pause::End),
                Kind::String
                | Kind::Number
                | Kind::Parameter
                | Kind::Operator
                | Kind::Star
                | Kind::Comma
                | Kind::Colon => {
                    self.advance()?;
                }
            }
        }
    }

    /// A column, a function, or a type before its literal.
    fn name_in_expression(&mut self, env: Env) -> Result<Option<Opening>, Fault> {
        let name = self.dotted()?;
        match self.token.kind {
            Kind::Open => {
                self.note_call(self.last(&name));
                self.advance()?;
                return Ok(Some(Opening::Arguments(env)));
            }
            Kind::String | Kind::Parameter => return Ok(None),
            _ if env == Env::SILENT => return Ok(None),
            _ if name.parts > 1 => self.note_column(self.last(&name)),
            _ => {}
        }
        self.column_reference(env, &name);
        Ok(None)
    }

    fn keyword_in_expression(&mut self, keyword: Keyword, env: Env) -> Result<Option<Opening>, Fault> {
        match keyword {
            // A label or a type, whatever the word.
            Keyword::As => {
                self.advance()?;
                self.skip_label()?;
            }
            // A collation, but `SELECT a collate FROM t` is a label: FROM can't be a collation's name.
            Keyword::Collate => {
                self.advance()?;
                if self.token.kind.is_name() {
                    self.dotted()?;
                }
            }
            // The FROM of IS [NOT] DISTINCT FROM begins no clause.
            Keyword::Is => {
                self.advance()?;
                self.skip(Keyword::Not)?;
                if self.skip(Keyword::Distinct)? {
                    self.skip(Keyword::From)?;
                }
            }
            // COLLATION FOR (…)
            Keyword::Collation => {
                self.advance()?;
                self.skip(Keyword::For)?;
            }
            // WITHIN GROUP (…)
            Keyword::Within if self.second()?.kind == Kind::Word(Keyword::Group) => {
                self.advance()?;
                self.advance()?;
            }
            // OPERATOR(pg_catalog.+)
            Keyword::Operator if self.second()?.kind == Kind::Open => {
                self.advance()?;
                self.skip_parens()?;
            }
            Keyword::Case if !self.is_bare_label()? => {
                self.advance()?;
                return Ok(Some(Opening::Case(env)));
            }
            // EXISTS ((SELECT …) UNION …) and BETWEEN ((SELECT …) UNION …) AND … call no function.
            Keyword::Exists | Keyword::BeforeOperand | Keyword::Rows | Keyword::JsonArray
                if self.second()?.kind == Kind::Open =>
            {
                self.advance()?;
            }
            // FOR SELECT in a policy, FOR UPDATE OF in a query.
            Keyword::For if env == Env::SILENT => {
                self.advance()?;
                self.skip(Keyword::Select)?;
            }
            // OWNED BY in the options of an identity column.
            Keyword::Owned if env == Env::SILENT && self.word_is(self.second()?, "by") => self.reference(keyword)?,
            // WITH schema.operator in an exclusion constraint.
            Keyword::With if env == Env::SILENT => {
                self.advance()?;
                while self.token.kind.is_label() && self.second()?.kind == Kind::Dot {
                    self.advance()?;
                    self.advance()?;
                }
            }
            Keyword::Select if !self.is_bare_label()? => {
                return Err(self.unexpected("a query where an expression was expected"));
            }
            Keyword::Union | Keyword::Intersect | Keyword::Except if self.continues_query()? => {
                return Err(self.unexpected("a set operation where an expression was expected"));
            }
            // None of these words occurs in an expression, and no name follows a label.
            Keyword::Table | Keyword::Into | Keyword::Join if env != Env::SILENT && self.second()?.kind.is_name() => {
                return Err(self.unexpected("a clause where an expression was expected"));
            }
            keyword if keyword.is_name() => return self.name_in_expression(env),
            _ => self.advance()?,
        }
        Ok(None)
    }

    /// Whether the next token, which is the word of a set operator, is used as one, judging by what follows. It may be
    /// an option of DDL.
    fn continues_query(&self) -> Result<bool, Fault> {
        use Keyword::{All, Distinct, Select, Table, Values, With};
        Ok(matches!(
            self.second()?.kind,
            Kind::Open | Kind::Word(All | Distinct | Select | Table | Values | With)
        ))
    }

    /// Whether the next token, a reserved word, is the label of the column before it, as in `SELECT 1 select, 2`.
    pub(super) fn is_bare_label(&self) -> Result<bool, Fault> {
        Ok(match self.second()?.kind {
            Kind::Comma | Kind::Close | Kind::Semicolon | Kind::End => true,
            Kind::Word(keyword) => BEHIND_LABEL.has(keyword),
            _ => false,
        })
    }

    /// Whether `JOIN (` calls a function of that name: an operand is expected, so that no join can follow.
    pub(super) fn is_join_function(&self) -> Result<bool, Fault> {
        const BEFORE: Stops = Stops::at(&[
            Keyword::Select,
            Keyword::Distinct,
            Keyword::All,
            Keyword::Where,
            Keyword::On,
            Keyword::Having,
            Keyword::Not,
            Keyword::Returning,
            Keyword::BeforeOperand,
        ]);
        if !self.at(Keyword::Join) || self.second()?.kind != Kind::Open {
            return Ok(false);
        }
        let Some(before) = self.tokens.before() else {
            return Ok(false);
        };
        Ok(match before.kind {
            Kind::Comma => true,
            Kind::Word(Keyword::OtherReserved) => self.word_is(before, "and") || self.word_is(before, "or"),
            Kind::Word(keyword) => BEFORE.has(keyword),
            // Before PostgreSQL 14, other operators could stand after their operand.
            Kind::Operator => matches!(
                self.text(before),
                "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "+" | "-" | "/"
            ),
            _ => false,
        })
    }

    /// Skips a name of any number of parts that is not a column.
    pub(super) fn skip_label(&mut self) -> Result<(), Fault> {
        if self.token.kind.is_label() {
            self.dotted()?;
        }
        Ok(())
    }

    /// Whether a query begins here.
    pub(super) fn at_query(&self) -> Result<bool, Fault> {
        Ok(match self.token.kind {
            Kind::Word(Keyword::Select | Keyword::With) => true,
            Kind::Word(Keyword::Values) => self.second()?.kind == Kind::Open,
            Kind::Word(Keyword::Table) => {
                let kind = self.second()?.kind;
                kind.is_name() || kind == Kind::Word(Keyword::Only)
            }
            _ => false,
        })
    }

    pub(super) fn at_operand_end(&self) -> bool {
        matches!(self.token.kind, Kind::Word(keyword) if AFTER_OPERAND.has(keyword))
    }

    /// Inside parentheses: a subquery, or expressions.
    pub(super) fn paren(&mut self, env: Env, fresh: bool) -> Result<(), Fault> {
        if fresh {
            if self.at_query()? {
                return self.operand(Query::inside(env, Closing::Paren, self.ctes.depth()));
            }
            if self.skip_kind(Kind::Open)? {
                let ctes = self.ctes.depth();
                self.stack.push(Frame::Wrapped { env, ctes });
                return self.wrapped_inside(env);
            }
        }
        // Without SELECT there are no clauses in here, so only the closing parenthesis ends the inside.
        match self.expression(env, Stops::NONE)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::Paren { env, fresh: false });
                self.stack.push(nested.frame());
            }
            _ => {
                self.expect(Kind::Close, "a closing parenthesis was expected")?;
                self.closed_query = None;
            }
        }
        Ok(())
    }

    /// Inside a function's parentheses. A FROM there belongs to EXTRACT, TRIM, SUBSTRING, OVERLAY or POSITION and
    /// begins no clause, so only the closing parenthesis ends the inside. A query is illegal there, but must still be
    /// recognized as one.
    pub(super) fn arguments(&mut self, env: Env) -> Result<(), Fault> {
        if self.skip_kind(Kind::Open)? {
            let ctes = self.ctes.depth();
            self.stack.push(Frame::WrappedArgument { env, ctes });
            return self.wrapped_inside(env);
        }
        let fresh = self.at_query()?;
        self.paren(env, fresh)
    }

    /// After `word((…)`. The word may be no function's name but a word before an expression that no rule here knows;
    /// then these clauses continue a query. ORDER BY may belong to an aggregate, and FOR to SUBSTRING.
    pub(super) fn wrapped_argument(&mut self, env: Env, ctes: u32) -> Result<(), Fault> {
        const CONTINUES: Stops = Stops::at(&[
            Keyword::Union,
            Keyword::Intersect,
            Keyword::Except,
            Keyword::Limit,
            Keyword::Offset,
            Keyword::Fetch,
        ]);
        match (self.closed_query, self.token.kind) {
            (Some(operand), Kind::Word(keyword)) if CONTINUES.has(keyword) => {
                let query = Query::inside(env, self.wrapped_closing(), ctes);
                self.stack.push(Frame::Clauses(query.after(operand)));
                Ok(())
            }
            _ => {
                self.ctes.leave(ctes);
                self.paren(env, false)
            }
        }
    }

    /// Inside the second pair of parentheses: the names that a query declares there may be visible after them too.
    fn wrapped_inside(&mut self, env: Env) -> Result<(), Fault> {
        self.stack.push(if self.at_query()? {
            Frame::Query(Query::inside(env, Closing::Operand, self.ctes.depth()))
        } else {
            Frame::Paren { env, fresh: true }
        });
        Ok(())
    }

    /// After `((…)`: the inside may have been the first operand of a query. `ctes` names were in scope before it.
    pub(super) fn wrapped(&mut self, env: Env, ctes: u32) -> Result<(), Fault> {
        match self.closed_query {
            Some(operand) if self.at_operand_end() => {
                let query = Query::inside(env, self.wrapped_closing(), ctes);
                self.stack.push(Frame::Clauses(query.after(operand)));
                Ok(())
            }
            // A query in two pairs of parentheses is read like a query in one pair.
            Some(_) if self.token.kind == Kind::Close => {
                self.leave_wrapped(ctes);
                self.advance()
            }
            _ => {
                self.ctes.leave(ctes);
                self.paren(env, false)
            }
        }
    }

    /// Ends a query in parentheses, and the scope of the names that it declares, unless the query continues after
    /// further parentheses.
    pub(super) fn leave_wrapped(&mut self, ctes: u32) {
        if self.wrapped_closing() == Closing::Paren {
            self.ctes.leave(ctes);
        }
    }

    pub(super) fn wrapped_closing(&self) -> Closing {
        match self.stack.last() {
            Some(Frame::Wrapped { .. } | Frame::WrappedArgument { .. } | Frame::FromWrapped(..)) => Closing::Operand,
            _ => Closing::Paren,
        }
    }

    pub(super) fn bracket(&mut self, env: Env) -> Result<(), Fault> {
        match self.expression(env, Stops::NONE)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::Bracket { env });
                self.stack.push(nested.frame());
            }
            _ => self.expect(Kind::CloseBracket, "a closing bracket was expected")?,
        }
        Ok(())
    }

    /// CASE … END is read like brackets, so that its WHEN and THEN are not mistaken for those of MERGE.
    pub(super) fn case(&mut self, env: Env) -> Result<(), Fault> {
        const END: Stops = Stops::at(&[Keyword::End]);
        match self.expression(env, END)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::Case { env });
                self.stack.push(nested.frame());
            }
            Pause::Keyword(_) => self.advance()?,
            _ => return Err(self.unexpected("CASE without its END")),
        }
        Ok(())
    }

    /// A text that is an expression, not a statement.
    pub(super) fn fragment(&mut self) -> Result<(), Fault> {
        const CLAUSES: Stops = Stops::at(&[
            Keyword::From,
            Keyword::Into,
            Keyword::Join,
            Keyword::Using,
            Keyword::Table,
        ]);
        let env = self.scopes.level(Env::SILENT).all();
        match self.expression(env, CLAUSES)? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::Fragment);
                self.stack.push(nested.frame());
                Ok(())
            }
            Pause::Keyword(_) => Err(self.unexpected("a clause outside of a statement")),
            _ => Ok(()),
        }
    }
}
