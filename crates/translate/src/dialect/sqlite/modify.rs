//! INSERT, REPLACE, UPDATE and DELETE.

use super::{Finder, Read, catalog, keyword::Keyword, lexer::Kind, name};

const CONFLICT_ACTIONS: [Keyword; 5] = [
    Keyword::Rollback,
    Keyword::Abort,
    Keyword::Fail,
    Keyword::Ignore,
    Keyword::Replace,
];

impl Finder<'_> {
    /// A query or a statement that modifies, with its WITH.
    pub(super) fn dml(&mut self) -> Read {
        let ctes = self.ctes.depth();
        if self.is(Keyword::With) {
            self.with()?;
        }
        match self.kind() {
            Kind::Word(Keyword::Insert | Keyword::Replace) => self.insert()?,
            Kind::Word(Keyword::Update) => self.update()?,
            Kind::Word(Keyword::Delete) => self.delete()?,
            _ => self.compound()?,
        }
        self.ctes.leave(ctes);
        Ok(())
    }

    /// `INSERT [OR action] INTO target [AS alias] [(columns)] source …`
    fn insert(&mut self) -> Read {
        if self.advance().kind == Kind::Word(Keyword::Insert) {
            self.or_action()?;
        }
        self.expect(Keyword::Into, "INTO was expected")?;
        self.target()?;
        self.optional_labels()?;
        if self.skip(Keyword::Default) {
            self.expect(Keyword::Values, "VALUES was expected")?;
        } else {
            self.query()?;
        }
        while self.skip(Keyword::On) {
            self.upsert()?;
        }
        self.returning()
    }

    /// `CONFLICT [(columns) [WHERE …]] DO { NOTHING | UPDATE SET … [WHERE …] }`
    fn upsert(&mut self) -> Read {
        self.expect(Keyword::Conflict, "CONFLICT was expected after ON")?;
        if self.skip_kind(Kind::Open) {
            self.sorted_expressions()?;
            self.close()?;
            self.optional_where()?;
        }
        self.expect(Keyword::Do, "DO was expected")?;
        if self.skip(Keyword::Nothing) {
            return Ok(());
        }
        self.expect(Keyword::Update, "NOTHING or UPDATE was expected")?;
        self.assignments()?;
        self.optional_where()
    }

    /// `UPDATE [OR action] target [AS alias] [INDEXED BY …] SET … [FROM …] [WHERE …] …`
    fn update(&mut self) -> Read {
        self.advance();
        self.or_action()?;
        self.target()?;
        self.indexed()?;
        self.assignments()?;
        if self.skip(Keyword::From) {
            self.from()?;
        }
        self.end_of_modification()
    }

    /// `DELETE FROM target [AS alias] [INDEXED BY …] [WHERE …] …`
    fn delete(&mut self) -> Read {
        self.advance();
        self.expect(Keyword::From, "FROM was expected")?;
        self.target()?;
        self.indexed()?;
        self.end_of_modification()
    }

    /// A target is always a table, also where a WITH declares its name. Its alias needs AS.
    fn target(&mut self) -> Read {
        let target = self.relation_name()?;
        if catalog::is_of_connection(&name::name(self.sql, target.last)) {
            return Err(self.unexpected_at(target.last, catalog::OF_CONNECTION_REFUSED));
        }
        self.record(&target);
        if self.skip(Keyword::As) {
            self.label()?;
        }
        Ok(())
    }

    fn or_action(&mut self) -> Read {
        if self.skip(Keyword::Or) && !self.skip_any(&CONFLICT_ACTIONS) {
            return Err(self.unexpected("what to do in a conflict was expected"));
        }
        Ok(())
    }

    /// `SET column = …, (column, column) = …`
    fn assignments(&mut self) -> Read {
        self.expect(Keyword::Set, "SET was expected")?;
        loop {
            if self.kind() == Kind::Open {
                self.labels()?;
            } else {
                self.label()?;
            }
            if !self.skip_equals() {
                return Err(self.unexpected("= was expected"));
            }
            self.expression()?;
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// `[WHERE …] [RETURNING …] [ORDER BY …] [LIMIT …]`
    fn end_of_modification(&mut self) -> Read {
        self.optional_where()?;
        self.returning()?;
        self.order_by()?;
        self.limit()
    }

    fn returning(&mut self) -> Read {
        if self.skip(Keyword::Returning) {
            self.result_columns()
        } else {
            Ok(())
        }
    }
}
