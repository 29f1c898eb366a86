//! WITH: names that hide tables.

use super::{Finder, Read, keyword::Keyword, name, token::Kind};

/// The names that the WITHs around the current place declare.
#[derive(Default)]
pub(super) struct Ctes(Vec<Box<str>>);

impl Ctes {
    /// How many names are in scope, for [`Ctes::leave`].
    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    pub(super) fn leave(&mut self, depth: usize) {
        self.0.truncate(depth);
    }

    /// Whether a WITH declares the name; `None` if it can't be told without the server's tables of letters.
    ///
    /// MariaDB compares these names without regard to case, and MySQL with. A name that differs in case stays without a
    /// schema: in MariaDB it is the WITH's, and in MySQL it is an error.
    pub(super) fn declares(&self, name: &str) -> Option<bool> {
        let mut is_certain = true;
        for declared in &self.0 {
            match same(declared, name) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => is_certain = false,
            }
        }
        is_certain.then_some(false)
    }

    fn declare(&mut self, name: &str) {
        self.0.push(name.into());
    }
}

/// Whether two names are one but for the case of their letters; `None` if letters beyond ASCII decide.
fn same(one: &str, other: &str) -> Option<bool> {
    if one.eq_ignore_ascii_case(other) {
        return Some(true);
    }
    if one.is_ascii() && other.is_ascii() || one.chars().count() != other.chars().count() {
        return Some(false);
    }
    let is_open = |(a, b): (char, char)| a.eq_ignore_ascii_case(&b) || !a.is_ascii() || !b.is_ascii();
    match one.chars().zip(other.chars()).all(is_open) {
        true => None,
        false => Some(false),
    }
}

impl Finder<'_> {
    /// `WITH [RECURSIVE] name [(columns)] AS (query) [CYCLE …], …`
    ///
    /// A name is visible after its declaration. With RECURSIVE it is visible in all bodies, so that the names are read
    /// first.
    pub(super) fn with(&mut self) -> Read {
        self.advance();
        let is_recursive = self.skip(Keyword::Recursive);
        if is_recursive {
            let start = self.at;
            loop {
                let name = self.label()?;
                self.ctes.declare(&name::name(self.sql, name));
                self.cte_head()?;
                self.skip_balanced()?;
                self.cycle()?;
                if !self.skip_kind(Kind::Comma) {
                    break;
                }
            }
            self.at = start;
        }
        loop {
            let name = self.label()?;
            self.cte_head()?;
            self.open()?;
            self.query()?;
            self.close()?;
            self.cycle()?;
            if !is_recursive {
                self.ctes.declare(&name::name(self.sql, name));
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// What stands between the name and its query.
    fn cte_head(&mut self) -> Read {
        self.optional_labels()?;
        self.expect(Keyword::As, "AS was expected after the name in WITH")?;
        match self.kind() {
            Kind::Open => Ok(()),
            _ => Err(self.unexpected("a query in parentheses was expected in WITH")),
        }
    }

    /// `CYCLE columns RESTRICT`, if it comes next.
    fn cycle(&mut self) -> Read {
        if self.skip(Keyword::Cycle) {
            self.label_list()?;
            self.expect(Keyword::Restrict, "RESTRICT was expected")?;
        }
        Ok(())
    }

    /// Skips a query in parentheses, which is read later.
    fn skip_balanced(&mut self) -> Read {
        let mut depth = 0usize;
        loop {
            match self.advance().kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 1 => return Ok(()),
                Kind::Close => depth -= 1,
                Kind::End => return Err(self.unexpected("a closing parenthesis was expected")),
                _ => {}
            }
        }
    }
}
