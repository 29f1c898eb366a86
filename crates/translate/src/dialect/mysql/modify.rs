//! INSERT, REPLACE and UPDATE.

use super::{Finder, Read, keyword::Keyword, token::Kind};

impl Finder<'_> {
    /// A query or a statement that modifies, with its WITH.
    pub(super) fn dml(&mut self) -> Read {
        if !self.is(Keyword::With) {
            return match self.kind() {
                Kind::Word(Keyword::Insert | Keyword::Replace) => self.insert(),
                Kind::Word(Keyword::Update) => self.update(),
                Kind::Word(Keyword::Delete) => self.delete(),
                _ => self.query(),
            };
        }
        // A statement that modifies may have a WITH in MySQL.
        let start = self.at;
        let slots = self.slots.len();
        let ctes = self.ctes.depth();
        self.with()?;
        match self.kind() {
            Kind::Word(Keyword::Update) => self.update()?,
            Kind::Word(Keyword::Delete) => self.delete()?,
            _ => {
                self.ctes.leave(ctes);
                self.slots.truncate(slots);
                self.at = start;
                return self.query();
            }
        }
        self.ctes.leave(ctes);
        Ok(())
    }

    /// `INSERT [options] [INTO] table [PARTITION (…)] [(columns)] source [AS alias] [ON DUPLICATE KEY UPDATE …]`
    fn insert(&mut self) -> Read {
        self.advance();
        self.skip_all(&[
            Keyword::LowPriority,
            Keyword::Delayed,
            Keyword::HighPriority,
            Keyword::Ignore,
        ]);
        self.skip(Keyword::Into);
        self.relation()?;
        self.partitions()?;
        if self.kind() == Kind::Open && !self.at_query_in_parens() {
            self.inserted_columns()?;
        }
        match self.kind() {
            Kind::Word(Keyword::Values | Keyword::Value) => {
                self.advance();
                self.rows()?;
            }
            Kind::Word(Keyword::Set) => self.assignments()?,
            _ => self.query()?,
        }
        if self.skip(Keyword::As) {
            self.label()?;
            self.optional_labels()?;
        }
        if self.at_duplicates() {
            self.at += 3;
            self.in_duplicates = true;
            self.updates()?;
            self.in_duplicates = false;
        }
        self.returning()
    }

    /// `(column, …)`, also without any.
    fn inserted_columns(&mut self) -> Read {
        self.advance();
        while self.kind() != Kind::Close {
            if !self.skip_all_columns() {
                self.column()?;
            }
            if !self.skip_kind(Kind::Comma) {
                break;
            }
        }
        self.close()
    }

    /// `UPDATE [options] tables SET … [WHERE …] [ORDER BY …] [LIMIT …]`
    fn update(&mut self) -> Read {
        self.advance();
        self.skip_all(&[Keyword::LowPriority, Keyword::Ignore]);
        self.from()?;
        self.assignments()?;
        self.end_of_modification()
    }

    /// `SET column = …, …`
    fn assignments(&mut self) -> Read {
        self.expect(Keyword::Set, "SET was expected")?;
        self.assigned_columns()
    }

    /// After ON DUPLICATE KEY.
    fn updates(&mut self) -> Read {
        self.expect(Keyword::Update, "UPDATE was expected")?;
        self.assigned_columns()
    }

    fn assigned_columns(&mut self) -> Read {
        loop {
            self.column()?;
            if !self.skip_equals() && !self.skip_kind(Kind::Assign) {
                return Err(self.unexpected("= was expected"));
            }
            if !self.skip(Keyword::Ignore) {
                self.expression()?;
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `[WHERE …] [ORDER BY …] [LIMIT …] [RETURNING …]`
    pub(super) fn end_of_modification(&mut self) -> Read {
        self.optional_where()?;
        self.order_by()?;
        self.limit()?;
        self.returning()
    }

    fn returning(&mut self) -> Read {
        if self.skip(Keyword::Returning) {
            self.result_columns()
        } else {
            Ok(())
        }
    }
}
