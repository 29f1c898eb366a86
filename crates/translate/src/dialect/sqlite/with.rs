//! WITH: names that hide tables.

use std::collections::HashMap;

use super::{Finder, Read, keyword::Keyword, lexer::Kind};

/// The names that the WITHs around the current place declare, in lower case.
#[derive(Default)]
pub(super) struct Ctes {
    declared: Vec<Box<str>>,
    /// How often each name is declared.
    active: HashMap<Box<str>, usize>,
}

impl Ctes {
    /// How many names are in scope, for [`Ctes::leave`].
    pub(super) fn depth(&self) -> usize {
        self.declared.len()
    }

    pub(super) fn leave(&mut self, depth: usize) {
        for name in self.declared.drain(depth..) {
            if let Some(count) = self.active.get_mut(&name) {
                *count -= 1;
            }
        }
    }

    pub(super) fn declares(&self, name: &str) -> bool {
        !self.declared.is_empty()
            && self
                .active
                .get(name.to_ascii_lowercase().as_str())
                .is_some_and(|count| *count > 0)
    }

    fn declare(&mut self, name: &str) {
        let name: Box<str> = name.to_ascii_lowercase().into();
        *self.active.entry(name.clone()).or_default() += 1;
        self.declared.push(name);
    }
}

impl Finder<'_> {
    /// `WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (query), …`
    ///
    /// RECURSIVE changes nothing: every body sees all names of its WITH, also its own and later ones. So the names are
    /// read first.
    pub(super) fn with(&mut self) -> Read {
        self.advance();
        self.skip(Keyword::Recursive);
        let start = self.at;
        loop {
            let name = self.label()?;
            self.ctes.declare(&super::name::name(self.sql, name));
            self.cte_head()?;
            self.skip_parens()?;
            if !self.skip_kind(Kind::Comma) {
                break;
            }
        }
        self.at = start;
        loop {
            self.label()?;
            self.cte_head()?;
            self.advance();
            self.query()?;
            self.close()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// What stands between the name and its query.
    fn cte_head(&mut self) -> Read {
        self.optional_labels()?;
        self.expect(Keyword::As, "AS was expected after the name in WITH")?;
        if self.skip(Keyword::Not) {
            self.expect(Keyword::Materialized, "MATERIALIZED was expected")?;
        } else {
            self.skip(Keyword::Materialized);
        }
        match self.kind() {
            Kind::Open => Ok(()),
            _ => Err(self.unexpected("a query in parentheses was expected in WITH")),
        }
    }
}
