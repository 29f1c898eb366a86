//! GRANT and REVOKE, and statements that name relations in an unusual place.

use super::{
    super::{
        error::Fault,
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    Finder, Frame,
    expression::Pause,
    scope::Env,
};

/// Objects other than tables and sequences on which privileges are granted.
const OTHER_OBJECTS: [&str; 13] = [
    "all",
    "database",
    "domain",
    "foreign",
    "function",
    "language",
    "large",
    "parameter",
    "procedure",
    "routine",
    "schema",
    "tablespace",
    "type",
];

impl Finder<'_> {
    /// `privileges ON [TABLE | SEQUENCE] relations …`, or `roles TO roles`.
    pub(super) fn grant(&mut self) -> Result<(), Fault> {
        loop {
            match self.token.kind {
                Kind::Open => {
                    self.skip_parens()?;
                }
                Kind::Word(Keyword::On) => break,
                Kind::Semicolon | Kind::End => return Ok(()),
                _ => self.advance()?,
            }
        }
        self.advance()?;
        // A table may be called like a kind of object; then no name follows.
        let kind_follows =
            self.second()?.kind.is_label() && !matches!(self.second()?.kind, Kind::Word(Keyword::To | Keyword::From));
        if kind_follows && OTHER_OBJECTS.iter().any(|kind| self.at_word(kind)) {
            return self.nothing();
        }
        if kind_follows && (self.at(Keyword::Table) || self.at_word("sequence")) {
            self.advance()?;
        }
        self.relations()?;
        self.nothing()
    }

    /// `CLUSTER relation [USING index]`, or `CLUSTER index ON relation`.
    pub(super) fn cluster(&mut self) -> Result<(), Fault> {
        if self.token.kind.is_name() {
            let name = self.relation_name()?;
            if self.skip(Keyword::On)? {
                self.relation()?;
            } else {
                self.record(&name);
            }
        }
        self.nothing()
    }

    /// `REINDEX { TABLE | INDEX } relation`; schemas and databases are no relations.
    pub(super) fn reindex(&mut self) -> Result<(), Fault> {
        if self.skip(Keyword::Table)? || self.skip_word("index")? {
            self.skip_word("concurrently")?;
            self.relation()?;
        }
        self.nothing()
    }

    /// `EXPLAIN [ANALYZE] [VERBOSE] statement`, or with options in parentheses.
    pub(super) fn explain(&mut self) -> Result<(), Fault> {
        if self.token.kind != Kind::Open {
            self.skip_words(&["analyze", "analyse", "verbose"])?;
        } else if !self.is_query_in_parens()? {
            self.skip_parens()?;
        }
        self.stack.push(Frame::Statement { outer: Env::SILENT });
        Ok(())
    }

    /// `IMPORT FOREIGN SCHEMA schema [{ LIMIT TO | EXCEPT } (relations)] …`
    pub(super) fn import(&mut self) -> Result<(), Fault> {
        while !matches!(self.token.kind, Kind::Open | Kind::Semicolon | Kind::End) && !self.at(Keyword::From) {
            self.advance()?;
        }
        if self.skip_kind(Kind::Open)? {
            self.relations()?;
        }
        self.nothing_in_parens()
    }

    fn nothing_in_parens(&mut self) -> Result<(), Fault> {
        self.skip_kind(Kind::Close)?;
        self.nothing()
    }

    /// `COMMENT ON CONSTRAINT name ON { relation | DOMAIN name } …`
    pub(super) fn commented_constraint(&mut self) -> Result<(), Fault> {
        let domain = self.at_word("domain") && self.second()?.kind.is_name();
        if !domain {
            self.relation()?;
        }
        self.nothing()
    }

    /// `CREATE RECURSIVE VIEW name (columns) AS query`, whose query sees the view as a CTE.
    pub(super) fn recursive_view(&mut self) -> Result<(), Fault> {
        let depth = self.ctes.depth();
        if let Some(view) = self.created {
            self.ctes.declare(self.name_of(view));
        }
        self.stack.push(Frame::LeaveCtes { depth });
        self.stack.push(Frame::Steps(&[
            super::utility::Step::Past(Keyword::As),
            super::utility::Step::Query,
        ]));
        Ok(())
    }

    /// CREATE FUNCTION: subqueries in defaults, and a body between BEGIN ATOMIC and END.
    pub(super) fn function_clauses(&mut self) -> Result<(), Fault> {
        const BODY: Stops = Stops::at(&[Keyword::Begin]);
        loop {
            match self.expression(Env::SILENT, BODY)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Function);
                    self.stack.push(nested);
                    return Ok(());
                }
                Pause::Keyword(_) => {
                    self.advance()?;
                    if self.skip_word("atomic")? {
                        self.stack.push(Frame::Script { in_body: true });
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
    }
}
