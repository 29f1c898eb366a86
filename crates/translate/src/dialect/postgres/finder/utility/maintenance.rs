//! EXPLAIN, PREPARE, CLUSTER, REINDEX, IMPORT FOREIGN SCHEMA and COMMENT ON CONSTRAINT.

use super::Step;
use crate::{
    dialect::postgres::{
        finder::{Finder, Frame, scope::Env},
        keyword::Keyword,
        lexer::Kind,
    },
    error::Fault,
};

impl Finder<'_> {
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

    /// `PREPARE TRANSACTION 'id'`, or `PREPARE name [(types)] AS statement`, whose name may also be `transaction`.
    pub(super) fn prepare(&mut self) -> Result<(), Fault> {
        if self.at_word("transaction") && self.second()?.kind == Kind::String {
            self.may_affect_session();
            return self.nothing();
        }
        self.affects_session();
        self.stack.push(Frame::Steps(&[Step::Past(Keyword::As), Step::Query]));
        Ok(())
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

    /// `REINDEX { TABLE | INDEX } relation`; schemas and databases are not relations.
    pub(super) fn reindex(&mut self) -> Result<(), Fault> {
        if self.skip(Keyword::Table)? || self.skip_word("index")? {
            self.skip_word("concurrently")?;
            self.relation()?;
        }
        self.nothing()
    }

    /// `IMPORT FOREIGN SCHEMA schema [{ LIMIT TO | EXCEPT } (relations)] …`
    pub(super) fn import(&mut self) -> Result<(), Fault> {
        while !matches!(
            self.token.kind,
            Kind::Open | Kind::Semicolon | Kind::End | Kind::Word(Keyword::From)
        ) {
            self.advance()?;
        }
        if self.skip_kind(Kind::Open)? {
            self.relations()?;
            self.expect(Kind::Close, "a closing parenthesis was expected")?;
        }
        self.nothing()
    }

    /// `COMMENT ON CONSTRAINT name ON { relation | DOMAIN name } …`, after its second ON.
    pub(super) fn commented_constraint(&mut self) -> Result<(), Fault> {
        if !(self.at_word("domain") && self.second()?.kind.is_name()) {
            self.relation()?;
        }
        self.nothing()
    }
}
