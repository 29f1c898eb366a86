//! Calls of functions. Some have words of the grammar between their arguments.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};

impl Finder<'_> {
    /// `(arguments)` behind a function's name, and its OVER.
    pub(super) fn call(&mut self, name: Token) -> Read {
        self.nested(|finder| {
            finder.open()?;
            match name.kind {
                Kind::Word(Keyword::Cast | Keyword::Convert) => finder.cast()?,
                Kind::Word(Keyword::Extract) => {
                    finder.label()?;
                    finder.expect(Keyword::From, "FROM was expected in EXTRACT")?;
                    finder.expression()?;
                }
                Kind::Word(Keyword::Trim) => finder.trim()?,
                Kind::Word(Keyword::Nextval | Keyword::Lastval | Keyword::Setval) => {
                    finder.relation()?;
                    if finder.skip_kind(Kind::Comma) {
                        finder.expressions()?;
                    }
                }
                _ => finder.arguments()?,
            }
            finder.close()
        })?;
        self.after_call()
    }

    /// `expression AS type`, `expression, type` or `expression USING charset`
    fn cast(&mut self) -> Read {
        self.expression()?;
        if self.skip_any(&[Keyword::As, Keyword::Using]) || self.skip_kind(Kind::Comma) {
            self.type_name()
        } else {
            Err(self.unexpected("a type was expected"))
        }
    }

    /// `[BOTH | LEADING | TRAILING] [characters] [FROM] expression`
    fn trim(&mut self) -> Read {
        self.skip_any(&[Keyword::Both, Keyword::Leading, Keyword::Trailing]);
        if !self.is(Keyword::From) {
            self.expression()?;
        }
        if self.skip(Keyword::From) {
            self.expression()?;
        }
        Ok(())
    }

    /// Expressions with commas between them, or with the words that a function has in their place:
    /// `SUBSTRING(a FROM b FOR c)`, `GROUP_CONCAT(a ORDER BY b SEPARATOR 'c' LIMIT d)`, `CHAR(a USING b)`.
    fn arguments(&mut self) -> Read {
        self.skip_any(&[Keyword::Distinct, Keyword::All]);
        if self.skip_kind(Kind::Star) || self.kind() == Kind::Close {
            return Ok(());
        }
        if self.at_query() && !(self.in_duplicates && self.is(Keyword::Values)) {
            return self.query();
        }
        loop {
            self.expression()?;
            // ANY((SELECT …) UNION SELECT …)
            if self.at_set_operator() {
                self.rest_of_query()?;
            }
            // WEIGHT_STRING(a AS CHAR(3) LEVEL 1), JSON_VALUE(a, b RETURNING INT)
            if self.skip_any(&[Keyword::As, Keyword::Level, Keyword::Using, Keyword::Returning]) {
                self.type_name()?;
            }
            self.order_by()?;
            if self.skip(Keyword::Separator) {
                self.expression()?;
            }
            self.limit()?;
            if !self.skip_kind(Kind::Comma) && !self.skip_any(&[Keyword::From, Keyword::For]) {
                return Ok(());
            }
        }
    }

    /// The words of a type up to the end of a call.
    fn type_name(&mut self) -> Read {
        loop {
            match self.kind() {
                Kind::Open => self.skip_parens()?,
                Kind::Word(keyword) if keyword != Keyword::Select => drop(self.advance()),
                Kind::Quoted | Kind::String | Kind::Literal => drop(self.advance()),
                _ => return Ok(()),
            }
        }
    }

    /// What may follow a call: `WITHIN GROUP (ORDER BY …)`, `RESPECT NULLS`, `OVER …`.
    fn after_call(&mut self) -> Read {
        if self.is(Keyword::Within) && self.is_ahead(1, Keyword::Group) {
            self.at += 2;
            self.open()?;
            self.order_by()?;
            self.close()?;
        }
        if self.is_any(&[Keyword::Ignore, Keyword::Respect]) && self.is_ahead(1, Keyword::Nulls) {
            self.at += 2;
        }
        if self.is(Keyword::From) && self.is_ahead(2, Keyword::Over) {
            self.at += 2;
        }
        if self.skip(Keyword::Over) {
            return self.over();
        }
        Ok(())
    }
}
