//! SELECT, VALUES and TABLE.

use super::{Finder, Read, keyword::Keyword, token::Kind};

/// Words between SELECT and the columns.
const OPTIONS: [Keyword; 10] = [
    Keyword::All,
    Keyword::Distinct,
    Keyword::DistinctRow,
    Keyword::HighPriority,
    Keyword::StraightJoin,
    Keyword::SqlSmallResult,
    Keyword::SqlBigResult,
    Keyword::SqlBufferResult,
    Keyword::SqlCalcFoundRows,
    Keyword::SqlCache,
];

const SET_OPERATORS: [Keyword; 3] = [Keyword::Union, Keyword::Intersect, Keyword::Except];

/// Whether a query can begin with this token.
fn is_beginning(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Word(Keyword::Select | Keyword::Values | Keyword::With | Keyword::Table)
    )
}

impl Finder<'_> {
    /// Whether a query begins here.
    pub(super) fn at_query(&self) -> bool {
        is_beginning(self.kind())
    }

    /// Whether a query begins here, in any number of parentheses.
    pub(super) fn at_query_in_parens(&self) -> bool {
        let parens = (0..).take_while(|&distance| self.ahead(distance) == Kind::Open).count();
        is_beginning(self.ahead(parens))
    }

    /// A query, with its WITH.
    pub(super) fn query(&mut self) -> Read {
        self.nested(|finder| {
            // What a query inside reads can't be deleted from.
            let deletable = finder.deletable.take();
            let ctes = finder.ctes.depth();
            if finder.is(Keyword::With) {
                finder.with()?;
            }
            finder.operands_of_query()?;
            finder.ctes.leave(ctes);
            finder.deletable = deletable;
            Ok(())
        })
    }

    /// Queries with UNION, INTERSECT or EXCEPT between them.
    fn operands_of_query(&mut self) -> Read {
        loop {
            match self.kind() {
                Kind::Word(Keyword::Select) => self.select()?,
                Kind::Word(Keyword::Values) => {
                    self.advance();
                    self.rows()?;
                }
                Kind::Word(Keyword::Table) => {
                    self.advance();
                    self.queried_table()?;
                }
                Kind::Open => {
                    self.advance();
                    self.query()?;
                    self.close()?;
                }
                _ => return Err(self.unexpected("SELECT or VALUES was expected")),
            }
            self.end_of_query()?;
            if !self.skip_any(&SET_OPERATORS) {
                return Ok(());
            }
            self.skip_any(&[Keyword::All, Keyword::Distinct]);
        }
    }

    pub(super) fn at_set_operator(&self) -> bool {
        self.is_any(&SET_OPERATORS)
    }

    /// The rest of a query whose first operand, in parentheses, has been read.
    pub(super) fn rest_of_query(&mut self) -> Read {
        self.end_of_query()?;
        if self.skip_any(&SET_OPERATORS) {
            self.skip_any(&[Keyword::All, Keyword::Distinct]);
            return self.operands_of_query();
        }
        Ok(())
    }

    /// `(expression, …), …` or `ROW(expression, …), …`
    pub(super) fn rows(&mut self) -> Read {
        loop {
            self.skip(Keyword::Row);
            self.open()?;
            while self.kind() != Kind::Close {
                // MariaDB: the column keeps its default, as with `DEFAULT`.
                if !self.skip(Keyword::Ignore) {
                    self.expression()?;
                }
                if !self.skip_kind(Kind::Comma) {
                    break;
                }
            }
            self.close()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    fn select(&mut self) -> Read {
        self.advance();
        while self.skip_any(&OPTIONS) || self.at_no_cache() && self.skip_any(&[Keyword::SqlNoCache]) {}
        self.result_columns()?;
        self.variables_of_into()?;
        if self.skip(Keyword::From) {
            self.from()?;
        }
        self.optional_where()?;
        if self.skip(Keyword::Group) {
            self.expect(Keyword::By, "BY was expected")?;
            self.sorted_expressions()?;
            if self.skip(Keyword::With) {
                self.label()?;
            }
        }
        if self.skip(Keyword::Having) {
            self.expression()?;
        }
        if self.at_window_clause() {
            self.window_clause()?;
        }
        Ok(())
    }

    /// `sql_no_cache` may be a column too.
    fn at_no_cache(&self) -> bool {
        self.is(Keyword::SqlNoCache)
            && !matches!(
                self.ahead(1),
                Kind::Comma | Kind::Dot | Kind::End | Kind::Word(Keyword::From)
            )
    }

    /// The columns of SELECT or RETURNING.
    pub(super) fn result_columns(&mut self) -> Read {
        loop {
            if !self.skip_kind(Kind::Star) && !self.skip_all_columns() {
                self.expression()?;
                self.alias()?;
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `AS name`, or a name alone; a string can stand for the name.
    fn alias(&mut self) -> Read {
        if self.skip(Keyword::As) {
            if !self.skip_kind(Kind::String) {
                self.label()?;
            }
            return Ok(());
        }
        let is_alias = match self.kind() {
            Kind::Word(Keyword::Window) => !self.at_window_clause(),
            Kind::Word(keyword) => keyword.is_bare_alias(),
            kind => matches!(kind, Kind::Quoted | Kind::String),
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

    /// `LIMIT count [OFFSET start] [ROWS EXAMINED count]` or `LIMIT start, count`, if it comes next.
    pub(super) fn limit(&mut self) -> Read {
        if !self.skip(Keyword::Limit) {
            return Ok(());
        }
        if !self.is(Keyword::Rows) {
            self.expression()?;
            if self.skip(Keyword::Offset) || self.skip_kind(Kind::Comma) {
                self.expression()?;
            }
        }
        if self.skip(Keyword::Rows) {
            self.label()?;
            self.expression()?;
        }
        Ok(())
    }

    /// What may follow a query: its order, its limit, the rows' locks, the variables that it sets. In any order and number:
    /// which of them the server takes makes no difference to the tables.
    fn end_of_query(&mut self) -> Read {
        loop {
            match self.kind() {
                Kind::Word(Keyword::Order) => self.order_by()?,
                Kind::Word(Keyword::Limit) => self.limit()?,
                Kind::Word(Keyword::Offset) => self.offset()?,
                Kind::Word(Keyword::Fetch) => self.fetch_first()?,
                Kind::Word(Keyword::For) => self.locking()?,
                Kind::Word(Keyword::Lock) => {
                    self.advance();
                    self.expect(Keyword::In, "IN SHARE MODE was expected")?;
                    self.skip_all(&[Keyword::Share, Keyword::Mode]);
                    self.lock_wait()?;
                }
                Kind::Word(Keyword::Into) => self.variables_of_into()?,
                // PROCEDURE ANALYSE(…)
                Kind::Word(Keyword::Procedure) => {
                    self.advance();
                    let name = self.label()?;
                    self.call(name)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// `OFFSET count ROWS`
    fn offset(&mut self) -> Read {
        self.advance();
        self.expression()?;
        self.skip_any(&[Keyword::Row, Keyword::Rows]);
        Ok(())
    }

    /// `FETCH { FIRST | NEXT } [count] ROWS { ONLY | WITH TIES }`
    fn fetch_first(&mut self) -> Read {
        self.advance();
        self.label()?;
        if !self.is_any(&[Keyword::Row, Keyword::Rows]) {
            self.expression()?;
        }
        self.skip_any(&[Keyword::Row, Keyword::Rows]);
        if self.skip(Keyword::With) {
            return self.expect(Keyword::Ties, "TIES was expected");
        }
        self.label().map(drop)
    }

    /// `FOR { UPDATE | SHARE } [OF table, …] [WAIT n | NOWAIT | SKIP LOCKED]`. A bare table is one of FROM.
    fn locking(&mut self) -> Read {
        self.advance();
        if !self.skip_any(&[Keyword::Update, Keyword::Share]) {
            return Err(self.unexpected("UPDATE or SHARE was expected"));
        }
        if self.skip(Keyword::Of) {
            loop {
                let table = self.relation_name()?;
                if let Some(schema) = table.schema {
                    self.record_schema(schema);
                }
                if !self.skip_kind(Kind::Comma) {
                    break;
                }
            }
        }
        self.lock_wait()
    }

    /// `WAIT n`, `NOWAIT` or `SKIP LOCKED`, if it comes next.
    pub(super) fn lock_wait(&mut self) -> Read {
        if self.skip(Keyword::Wait) {
            return self.expression();
        }
        if self.skip(Keyword::Skip) {
            return self.expect(Keyword::Locked, "LOCKED was expected");
        }
        self.skip(Keyword::Nowait);
        Ok(())
    }

    /// `INTO variable, …`, if it comes next.
    fn variables_of_into(&mut self) -> Read {
        if !self.skip(Keyword::Into) {
            return Ok(());
        }
        loop {
            match self.kind() {
                Kind::Variable => {
                    let variable = self.advance();
                    self.affects_session(variable);
                }
                // A variable of a routine.
                _ if self.in_body && !self.is_any(&[Keyword::Outfile, Keyword::Dumpfile]) => self.column().map(drop)?,
                _ => return Err(self.unexpected("a query may not write to a file of the server")),
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }
}
