//! SELECT and VALUES.

use super::{Finder, Read, keyword::Keyword, lexer::Kind};

impl Finder<'_> {
    /// Whether a query begins here.
    pub(super) fn at_query(&self) -> bool {
        self.is_any(&[Keyword::Select, Keyword::Values, Keyword::With])
    }

    /// A query, with its WITH.
    pub(super) fn query(&mut self) -> Read {
        self.nested(|finder| {
            let ctes = finder.ctes.depth();
            if finder.is(Keyword::With) {
                finder.with()?;
            }
            finder.compound()?;
            finder.ctes.leave(ctes);
            Ok(())
        })
    }

    /// Queries with UNION, INTERSECT or EXCEPT between them.
    pub(super) fn compound(&mut self) -> Read {
        loop {
            match self.kind() {
                Kind::Word(Keyword::Select) => self.select()?,
                Kind::Word(Keyword::Values) => self.values()?,
                _ => return Err(self.unexpected("SELECT or VALUES was expected")),
            }
            if !self.skip_any(&[Keyword::Union, Keyword::Intersect, Keyword::Except]) {
                break;
            }
            self.skip(Keyword::All);
        }
        self.order_by()?;
        self.limit()
    }

    fn values(&mut self) -> Read {
        self.advance();
        loop {
            self.expect_kind(Kind::Open, "a row in parentheses was expected after VALUES")?;
            self.expressions()?;
            self.close()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    fn select(&mut self) -> Read {
        self.advance();
        self.skip_any(&[Keyword::Distinct, Keyword::All]);
        self.result_columns()?;
        if self.skip(Keyword::From) {
            self.from()?;
        }
        self.optional_where()?;
        if self.skip(Keyword::Group) {
            self.expect(Keyword::By, "BY was expected")?;
            self.expressions()?;
        }
        if self.skip(Keyword::Having) {
            self.expression()?;
        }
        if self.at_window_clause() {
            self.window_clause()?;
        }
        Ok(())
    }

    /// The columns of SELECT or RETURNING.
    pub(super) fn result_columns(&mut self) -> Read {
        loop {
            if self.kind().is_name() && self.ahead(1) == Kind::Dot && self.ahead(2) == Kind::Star {
                self.at += 3;
            } else if !self.skip_kind(Kind::Star) {
                self.expression()?;
                self.alias()?;
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `AS name`, or a name alone.
    pub(super) fn alias(&mut self) -> Read {
        if self.skip(Keyword::As) {
            return self.label().map(drop);
        }
        let is_alias = match self.kind() {
            Kind::Word(Keyword::Window) => !self.at_window_clause(),
            Kind::Word(keyword) => keyword.is_bare_alias(),
            kind => kind.is_name(),
        };
        if is_alias {
            self.advance();
        }
        Ok(())
    }

    pub(super) fn optional_where(&mut self) -> Read {
        if self.skip(Keyword::Where) {
            self.expression()
        } else {
            Ok(())
        }
    }

    /// `ORDER BY …`, if it comes next.
    pub(super) fn order_by(&mut self) -> Read {
        if self.skip(Keyword::Order) {
            self.expect(Keyword::By, "BY was expected")?;
            self.sorted_expressions()?;
        }
        Ok(())
    }

    /// `LIMIT count [OFFSET start]` or `LIMIT start, count`, if it comes next.
    pub(super) fn limit(&mut self) -> Read {
        if self.skip(Keyword::Limit) {
            self.expression()?;
            if self.skip(Keyword::Offset) || self.skip_kind(Kind::Comma) {
                self.expression()?;
            }
        }
        Ok(())
    }
}
