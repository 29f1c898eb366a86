//! EXPLAIN, ANALYZE, and the statements that check tables.

use super::{Finder, Read, keyword::Keyword, token::Kind};

/// Words with which a statement begins that can be explained.
const EXPLAINED: [Keyword; 8] = [
    Keyword::Select,
    Keyword::Values,
    Keyword::Table,
    Keyword::With,
    Keyword::Insert,
    Keyword::Replace,
    Keyword::Update,
    Keyword::Delete,
];

impl Finder<'_> {
    /// `EXPLAIN [options] statement`, `EXPLAIN FOR CONNECTION n` or `EXPLAIN table [column]`; DESCRIBE and DESC alike.
    pub(super) fn explain(&mut self) -> Read {
        self.advance();
        if self.skip(Keyword::For) {
            return self.skip_statement();
        }
        if self.skip_explain_options() {
            return self.dml();
        }
        self.relation()?;
        if !self.skip_kind(Kind::String) && self.kind().is_name() {
            self.advance();
        }
        Ok(())
    }

    /// What stands between EXPLAIN or ANALYZE and a statement. Whether a statement comes next.
    fn skip_explain_options(&mut self) -> bool {
        let start = self.at;
        loop {
            if self.is(Keyword::Format) && self.ahead(1) == Kind::Operator {
                self.at += 3;
            } else if !self.skip_any(&[Keyword::Extended, Keyword::Partitions, Keyword::Analyze]) {
                break;
            }
        }
        let found = self.is_any(&EXPLAINED) || self.kind() == Kind::Open;
        if !found {
            self.at = start;
        }
        found
    }

    /// `ANALYZE [FORMAT = JSON] statement` or `ANALYZE TABLE tables …`
    pub(super) fn analyze(&mut self) -> Read {
        let start = self.at;
        self.advance();
        // ANALYZE TABLE never is the statement TABLE.
        if !self.is(Keyword::Table) && self.skip_explain_options() {
            return self.dml();
        }
        self.at = start;
        self.maintain()
    }

    /// `{ ANALYZE | CHECK | CHECKSUM | OPTIMIZE | REPAIR } [LOCAL] TABLE tables options`
    pub(super) fn maintain(&mut self) -> Read {
        self.advance();
        self.skip_any(&[Keyword::Local, Keyword::NoWriteToBinlog]);
        if !self.skip_any(&[Keyword::Table, Keyword::Tables, Keyword::View]) {
            return Err(self.unexpected("TABLE was expected"));
        }
        loop {
            self.relation()?;
            // ANALYZE TABLE table PERSISTENT FOR … , table
            while !self.at_statement_end() && self.kind() != Kind::Comma {
                self.definition_word()?;
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }
}
