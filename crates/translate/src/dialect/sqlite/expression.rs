//! Expressions: operands with operators between them. Which operator binds more tightly doesn't matter here.

use super::{Finder, Read, keyword::Keyword, lexer::Kind};

impl Finder<'_> {
    pub(super) fn expression(&mut self) -> Read {
        self.nested(|finder| {
            loop {
                while matches!(finder.kind(), Kind::Sign | Kind::Tilde | Kind::Word(Keyword::Not)) {
                    finder.advance();
                }
                finder.operand()?;
                if !finder.after_operand()? {
                    return Ok(());
                }
            }
        })
    }

    pub(super) fn expressions(&mut self) -> Read {
        self.expression()?;
        while self.skip_kind(Kind::Comma) {
            self.expression()?;
        }
        Ok(())
    }

    /// `expression [ASC | DESC] [NULLS FIRST | LAST], …`
    pub(super) fn sorted_expressions(&mut self) -> Read {
        loop {
            self.expression()?;
            self.skip_any(&[Keyword::Asc, Keyword::Desc]);
            if self.skip(Keyword::Nulls) && !self.skip_any(&[Keyword::First, Keyword::Last]) {
                return Err(self.unexpected("FIRST or LAST was expected"));
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// What follows an operand; whether another operand must follow.
    fn after_operand(&mut self) -> Result<bool, crate::error::Fault> {
        loop {
            match self.kind() {
                Kind::Operator | Kind::Sign | Kind::Star => {
                    self.advance();
                    return Ok(true);
                }
                Kind::Word(Keyword::Is) => {
                    self.advance();
                    self.skip(Keyword::Not);
                    if self.is(Keyword::Distinct) && self.is_ahead(1, Keyword::From) {
                        self.at += 2;
                    }
                    return Ok(true);
                }
                Kind::Word(Keyword::In) => self.in_list()?,
                Kind::Word(Keyword::Not) => match self.ahead(1) {
                    Kind::Word(Keyword::Null) => self.at += 2,
                    Kind::Word(Keyword::In) => {
                        self.advance();
                        self.in_list()?;
                    }
                    Kind::Word(keyword) if BETWEEN_OPERANDS.contains(&keyword) => {
                        self.at += 2;
                        return Ok(true);
                    }
                    // NOT INDEXED, after ON.
                    _ => return Ok(false),
                },
                Kind::Word(Keyword::Isnull | Keyword::Notnull) => drop(self.advance()),
                Kind::Word(Keyword::Collate) => {
                    self.advance();
                    self.label()?;
                }
                Kind::Word(Keyword::And | Keyword::Or | Keyword::Escape) => {
                    self.advance();
                    return Ok(true);
                }
                Kind::Word(keyword) if BETWEEN_OPERANDS.contains(&keyword) => {
                    self.advance();
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
    }

    /// `IN (query)`, `IN (expression, …)`, `IN table` and `IN table_function(…)`.
    fn in_list(&mut self) -> Read {
        self.advance();
        if !self.skip_kind(Kind::Open) {
            return self.queried_table().map(drop);
        }
        if self.at_query() {
            self.query()?;
        } else if self.kind() != Kind::Close {
            self.expressions()?;
        }
        self.close()
    }

    fn operand(&mut self) -> Read {
        match self.kind() {
            Kind::Literal | Kind::Parameter | Kind::Word(Keyword::Null) => {
                self.advance();
                Ok(())
            }
            Kind::Open => {
                self.advance();
                if self.at_query() {
                    self.query()?;
                } else {
                    self.expressions()?;
                }
                self.close()
            }
            Kind::Word(Keyword::Case) => self.case(),
            Kind::Word(Keyword::Cast) if self.ahead(1) == Kind::Open => self.cast(),
            Kind::Word(Keyword::Exists) => {
                self.advance();
                self.expect_kind(Kind::Open, "a query in parentheses was expected after EXISTS")?;
                self.query()?;
                self.close()
            }
            Kind::Word(Keyword::Raise) if self.ahead(1) == Kind::Open => self.raise(),
            kind if kind.is_name() => self.column_or_call(),
            _ => Err(self.unexpected("an expression was expected")),
        }
    }

    /// `column`, `table.column`, `schema.table.column` or `function(…)`.
    fn column_or_call(&mut self) -> Read {
        let first = self.advance();
        if self.kind() == Kind::Open && first.kind != Kind::String {
            self.note_call(first)?;
            return self.call();
        }
        if !self.skip_kind(Kind::Dot) {
            return Ok(());
        }
        self.label()?;
        if self.skip_kind(Kind::Dot) {
            self.label()?;
            self.note_body(first);
            self.record_schema(first);
        }
        Ok(())
    }

    /// The arguments of a function, and its FILTER and OVER.
    fn call(&mut self) -> Read {
        self.advance();
        self.skip_any(&[Keyword::Distinct, Keyword::All]);
        if !self.skip_kind(Kind::Star) && self.kind() != Kind::Close {
            // `count(ORDER BY a)` is SQLite's `count(*)`.
            if !self.is(Keyword::Order) {
                self.expressions()?;
            }
            self.order_by()?;
        }
        self.close()?;
        if self.is(Keyword::Within) && self.is_ahead(1, Keyword::Group) {
            self.at += 2;
            self.expect_kind(Kind::Open, "an opening parenthesis was expected")?;
            self.order_by()?;
            self.close()?;
        }
        if self.is(Keyword::Filter) && self.ahead(1) == Kind::Open {
            self.at += 2;
            self.expect(Keyword::Where, "WHERE was expected")?;
            self.expression()?;
            self.close()?;
        }
        // Otherwise `over` is an alias.
        if self.is(Keyword::Over) && (self.ahead(1) == Kind::Open || self.ahead(1).is_name()) {
            self.advance();
            return self.over();
        }
        Ok(())
    }

    /// `CASE [expression] WHEN … THEN … [ELSE …] END`
    fn case(&mut self) -> Read {
        self.advance();
        if !self.is(Keyword::When) {
            self.expression()?;
        }
        while self.skip(Keyword::When) {
            self.expression()?;
            self.expect(Keyword::Then, "THEN was expected")?;
            self.expression()?;
        }
        if self.skip(Keyword::Else) {
            self.expression()?;
        }
        self.expect(Keyword::End, "the END of a CASE was expected")
    }

    /// `CAST(expression AS type)`
    fn cast(&mut self) -> Read {
        self.at += 2;
        self.expression()?;
        self.expect(Keyword::As, "AS was expected in CAST")?;
        while self.kind().is_name() {
            self.advance();
        }
        if self.kind() == Kind::Open {
            self.skip_parens()?;
        }
        self.close()
    }

    /// `RAISE(IGNORE)` and `RAISE(ABORT, message)`
    fn raise(&mut self) -> Read {
        self.at += 2;
        self.label()?;
        if self.skip_kind(Kind::Comma) {
            self.expression()?;
        }
        self.close()
    }
}

/// Words between two operands that may have NOT before them. BETWEEN is followed by two operands with AND between them.
const BETWEEN_OPERANDS: [Keyword; 5] = [
    Keyword::Like,
    Keyword::Glob,
    Keyword::Regexp,
    Keyword::Match,
    Keyword::Between,
];
