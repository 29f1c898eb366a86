//! FROM: tables, queries, functions and joins.

use super::{Finder, Read, catalog, keyword::Keyword, lexer::Kind, pragma};

impl Finder<'_> {
    /// After FROM: items with commas or joins between them.
    pub(super) fn from(&mut self) -> Read {
        loop {
            self.item()?;
            // SQLite reads a condition behind the first item as well, and takes ON from a following ON CONFLICT.
            if self.skip(Keyword::On) {
                self.expression()?;
            } else if self.skip(Keyword::Using) {
                self.labels()?;
            }
            if !self.skip_join()? {
                return Ok(());
            }
        }
    }

    /// A comma, or a join of any kind; whether there was one.
    fn skip_join(&mut self) -> Result<bool, crate::error::Fault> {
        const KINDS: [Keyword; 7] = [
            Keyword::Cross,
            Keyword::Full,
            Keyword::Inner,
            Keyword::Left,
            Keyword::Natural,
            Keyword::Outer,
            Keyword::Right,
        ];
        if self.skip_kind(Kind::Comma) {
            return Ok(true);
        }
        let mut has_kind = false;
        while self.skip_any(&KINDS) {
            has_kind = true;
        }
        let found = self.skip(Keyword::Join);
        if has_kind && !found {
            return Err(self.unexpected("JOIN was expected"));
        }
        Ok(found)
    }

    fn item(&mut self) -> Read {
        if self.skip_kind(Kind::Open) {
            if self.at_query() {
                self.query()?;
            } else {
                self.nested(Self::from)?;
            }
            self.close()?;
            return self.alias();
        }
        let is_function = self.queried_table()?;
        self.alias()?;
        if is_function { Ok(()) } else { self.indexed() }
    }

    /// `INDEXED BY index` or `NOT INDEXED`, if it comes next.
    pub(super) fn indexed(&mut self) -> Read {
        if self.is(Keyword::Not) && self.is_ahead(1, Keyword::Indexed) {
            self.at += 2;
        } else if self.skip(Keyword::Indexed) {
            self.expect(Keyword::By, "BY was expected")?;
            self.label()?;
        }
        Ok(())
    }

    /// A table that is read, or a table-valued function with its arguments; whether it was a function.
    ///
    /// A virtual table can be read with arguments too, so a name that isn't one of SQLite's own functions is a table.
    pub(super) fn queried_table(&mut self) -> Result<bool, crate::error::Fault> {
        let table = self.relation_name()?;
        let name = super::name::name(self.sql, table.last);
        let is_declared = table.schema.is_none() && self.ctes.declares(&name);
        if !is_declared {
            if catalog::is_of_connection(&name) {
                return Err(self.unexpected_at(table.last, catalog::OF_CONNECTION_REFUSED));
            }
            if let Some(pragma) = pragma::kind_of_function(&name) {
                return self.pragma_function(&table, pragma).map(|()| true);
            }
        }
        let is_function = self.kind() == Kind::Open;
        let is_own_function = is_function && catalog::is_function(&name) && table.schema.is_none();
        if !is_declared && !is_own_function {
            self.record(&table);
        }
        if is_function {
            self.arguments()?;
        }
        Ok(is_function)
    }

    /// `(expression, …)`
    pub(super) fn arguments(&mut self) -> Read {
        self.advance();
        if self.kind() != Kind::Close {
            self.expressions()?;
        }
        self.close()
    }
}
