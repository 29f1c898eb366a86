//! Columns, and names that turn out to be functions.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};
use crate::error::Fault;

impl Finder<'_> {
    /// A column, `function(…)`, `schema.function(…)`, or a word before a string: `_utf8mb4'a'`, `DATE '2000-01-01'`.
    pub(super) fn column_or_call(&mut self) -> Read {
        let first = self.token();
        if self.ahead(1) == Kind::Open {
            self.advance();
            self.note_call(first);
            return self.call(first);
        }
        if let Kind::Word(keyword) = first.kind {
            let is_introducer = self.text(first).starts_with('_')
                && matches!(self.ahead(1), Kind::String | Kind::Literal | Kind::Parameter);
            let is_typed =
                matches!(keyword, Keyword::Date | Keyword::Time | Keyword::Timestamp) && self.ahead(1) == Kind::String;
            if is_introducer || is_typed {
                self.at += 2;
                while self.skip_kind(Kind::String) {}
                return Ok(());
            }
        }
        let last = self.column()?;
        if self.kind() != Kind::Open {
            return Ok(());
        }
        match last {
            Column::Qualified { first } => {
                self.record_schema(first);
                self.call(first)
            }
            Column::Other => Err(self.unexpected("a function was expected to have one name, or a schema and a name")),
        }
    }

    /// `column`, `table.column`, `.table.column` or `schema.table.column`.
    pub(super) fn column(&mut self) -> Result<Column, Fault> {
        let has_dot = self.skip_kind(Kind::Dot);
        let first = self.label()?;
        // FOR i IN a .. b
        if self.kind() != Kind::Dot || self.ahead(1) == Kind::Dot {
            return Ok(Column::Other);
        }
        self.advance();
        self.label()?;
        if has_dot {
            return Ok(Column::Other);
        }
        if self.kind() != Kind::Dot || self.ahead(1) == Kind::Dot {
            return Ok(Column::Qualified { first });
        }
        self.advance();
        self.label()?;
        self.record_schema(first);
        Ok(Column::Other)
    }

    /// `table.*`, `.table.*` or `schema.table.*`, if it comes next.
    pub(super) fn skip_all_columns(&mut self) -> bool {
        let start = usize::from(self.kind() == Kind::Dot);
        if !self.ahead(start).is_name() || self.ahead(start + 1) != Kind::Dot {
            return false;
        }
        if self.ahead(start + 2) == Kind::Star {
            self.at += start + 3;
            return true;
        }
        let is_whole =
            start == 0 && self.ahead(2).is_name() && self.ahead(3) == Kind::Dot && self.ahead(4) == Kind::Star;
        if is_whole {
            self.record_schema(self.token());
            self.at += 5;
        }
        is_whole
    }
}

/// How a column is written.
pub(super) enum Column {
    /// Of two parts: the first is a schema, if this is a function.
    Qualified { first: Token },
    /// Of any other number.
    Other,
}
