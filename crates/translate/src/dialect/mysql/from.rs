//! FROM: tables, queries and joins.

use super::{Finder, Read, delete::Deletable, keyword::Keyword, token::Kind};
use crate::error::Fault;

impl Finder<'_> {
    /// After FROM: items with commas or joins between them.
    pub(super) fn from(&mut self) -> Read {
        loop {
            self.item()?;
            // A join's conditions may stand behind the joins inside of it.
            loop {
                if self.is(Keyword::On) && !self.at_duplicates() {
                    self.advance();
                    self.expression()?;
                } else if self.is(Keyword::Using) {
                    self.advance();
                    self.open()?;
                    self.label_list()?;
                    self.close()?;
                } else {
                    break;
                }
            }
            if !self.skip_join()? {
                return Ok(());
            }
        }
    }

    /// Whether ON DUPLICATE KEY comes next.
    pub(super) fn at_duplicates(&self) -> bool {
        self.is(Keyword::On) && self.is_ahead(1, Keyword::Duplicate) && self.is_ahead(2, Keyword::Key)
    }

    /// A comma, or a join of any kind; whether there was one.
    fn skip_join(&mut self) -> Result<bool, Fault> {
        const KINDS: [Keyword; 6] = [
            Keyword::Cross,
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
        let found = self.skip_any(&[Keyword::Join, Keyword::StraightJoin]);
        if has_kind && !found {
            return Err(self.unexpected("JOIN was expected"));
        }
        Ok(found)
    }

    fn item(&mut self) -> Read {
        match self.kind() {
            Kind::Open => self.item_in_parens(),
            // { OJ a LEFT JOIN b ON … }
            Kind::OpenBrace => {
                self.advance();
                self.label()?;
                self.nested(Self::from)?;
                self.expect_kind(Kind::CloseBrace, "a closing brace was expected")
            }
            Kind::Word(Keyword::Lateral) if self.ahead(1) == Kind::Open => {
                self.advance();
                self.item_in_parens()
            }
            Kind::Word(Keyword::JsonTable) if self.ahead(1) == Kind::Open => self.json_table(),
            Kind::Word(Keyword::Dual) => {
                self.advance();
                Ok(())
            }
            _ => self.table_item(),
        }
    }

    /// `(query) AS alias` or `(a JOIN b)`
    fn item_in_parens(&mut self) -> Read {
        self.open()?;
        if self.at_query() {
            self.query()?;
        } else {
            self.nested(Self::from)?;
            // ((SELECT …) UNION SELECT …)
            self.rest_of_query()?;
        }
        self.close()?;
        self.table_alias()?;
        self.optional_labels()
    }

    /// `table [PARTITION (…)] [FOR …] [[AS] alias] [index hints]`
    fn table_item(&mut self) -> Read {
        let table = self.relation_name()?;
        let is_table = self.record_queried(&table)?;
        self.partitions()?;
        self.period()?;
        let has_alias = self.table_alias()?;
        if let Some(tables) = &mut self.deletable {
            tables.push(Deletable {
                table,
                can_have_schema: is_table && !has_alias,
            });
        }
        while self.at_index_hint() {
            self.index_hint()?;
        }
        Ok(())
    }

    /// A table that is read, without an alias.
    pub(super) fn queried_table(&mut self) -> Read {
        let table = self.relation_name()?;
        self.record_queried(&table).map(drop)
    }

    /// `[AS] alias`; whether there is one.
    pub(super) fn table_alias(&mut self) -> Result<bool, Fault> {
        let is_alias = match self.kind() {
            // MariaDB takes `table = alias` too.
            Kind::Word(Keyword::As) | Kind::Operator if self.is(Keyword::As) || self.at_equals() => {
                self.advance();
                self.label()?;
                return Ok(true);
            }
            Kind::Word(keyword) => keyword.is_bare_alias(),
            kind => kind == Kind::Quoted,
        };
        if is_alias {
            self.advance();
        }
        Ok(is_alias)
    }

    /// `PARTITION (name, …)`, if it comes next.
    pub(super) fn partitions(&mut self) -> Read {
        if self.skip(Keyword::Partition) {
            self.open()?;
            self.label_list()?;
            self.close()?;
        }
        Ok(())
    }

    /// `FOR SYSTEM_TIME …` or `FOR PORTION OF period FROM … TO …`, if it comes next.
    pub(super) fn period(&mut self) -> Read {
        if !self.is(Keyword::For) || !(self.is_ahead(1, Keyword::SystemTime) || self.is_ahead(1, Keyword::Portion)) {
            return Ok(());
        }
        self.at += 2;
        if self.skip(Keyword::All) {
            return Ok(());
        }
        // FOR SYSTEM_TIME AS OF, FOR PORTION OF period
        if self.skip(Keyword::As) {
            self.expect(Keyword::Of, "OF was expected")?;
            return self.moment();
        }
        if self.skip(Keyword::Of) {
            self.label()?;
        }
        if self.skip(Keyword::Between) {
            // Both moments, with AND between them.
            return self.moment();
        }
        self.expect(Keyword::From, "FROM was expected")?;
        self.moment()?;
        self.expect(Keyword::To, "TO was expected")?;
        self.moment()
    }

    /// `[TIMESTAMP | TRANSACTION] expression`
    pub(super) fn moment(&mut self) -> Read {
        if !matches!(self.ahead(1), Kind::Open | Kind::String) {
            self.skip_any(&[Keyword::Timestamp, Keyword::Transaction]);
        }
        self.expression()
    }

    fn at_index_hint(&self) -> bool {
        self.is_any(&[Keyword::Use, Keyword::Ignore, Keyword::Force])
            && (self.is_ahead(1, Keyword::Index) || self.is_ahead(1, Keyword::Key))
    }

    /// `USE INDEX [FOR { JOIN | ORDER BY | GROUP BY }] (index, …)`. An index may be PRIMARY.
    fn index_hint(&mut self) -> Read {
        self.at += 2;
        if self.skip(Keyword::For) {
            self.skip_all(&[Keyword::Join, Keyword::Order, Keyword::Group, Keyword::By]);
        }
        self.skip_parens()?;
        self.skip_kind(Kind::Comma);
        if self.at_index_hint() {
            return Ok(());
        }
        // The comma was one between items.
        if matches!(self.tokens[self.at - 1].kind, Kind::Comma) {
            self.at -= 1;
        }
        Ok(())
    }

    /// `JSON_TABLE(expression, path COLUMNS (…)) [AS] alias`
    fn json_table(&mut self) -> Read {
        self.at += 2;
        self.expressions()?;
        while matches!(self.kind(), Kind::Word(_)) {
            self.advance();
        }
        self.skip_parens()?;
        self.close()?;
        self.table_alias().map(drop)
    }
}
