//! CREATE of every kind.

use super::{Finder, Read, catalog, keyword::Keyword, lexer::Kind, name, relation::Name};

impl Finder<'_> {
    pub(super) fn create(&mut self) -> Read {
        let verb = self.advance();
        let is_temporary = self.skip_any(&[Keyword::Temp, Keyword::Temporary]);
        if is_temporary {
            self.affects_session(verb);
        }
        match self.advance().kind {
            Kind::Word(Keyword::Table) => self.create_table(is_temporary),
            Kind::Word(Keyword::View) => self.create_view(is_temporary),
            Kind::Word(Keyword::Trigger) if !is_temporary => self.create_trigger(),
            Kind::Word(Keyword::Virtual) if !is_temporary && self.skip(Keyword::Table) => self.create_virtual_table(),
            Kind::Word(Keyword::Index) if !is_temporary => self.create_index(),
            Kind::Word(Keyword::Unique) if !is_temporary && self.skip(Keyword::Index) => self.create_index(),
            Kind::Word(Keyword::Trigger) => Err(self.unexpected(TEMPORARY_TRIGGER)),
            _ => Err(self.unexpected("CREATE of an unknown kind")),
        }
    }

    /// Reads and records the name of a new object; whether the object is temporary.
    fn new_object(&mut self, is_temporary: bool) -> Result<bool, crate::error::Fault> {
        self.skip_existence();
        let object = self.relation_name()?;
        match object {
            Name { schema: None, .. } if is_temporary => return Ok(true),
            Name {
                schema: Some(schema),
                last,
            } => {
                self.record_schema(schema);
                if self.is_temp(schema) {
                    self.affects_session(last);
                    return Ok(true);
                }
            }
            Name { schema: None, last } => self.record_bare(last),
        }
        Ok(false)
    }

    /// Nothing between the parentheses can name a relation in a file: REFERENCES takes no schema, and SQLite allows no
    /// query there.
    fn create_table(&mut self, is_temporary: bool) -> Read {
        self.new_object(is_temporary)?;
        if self.skip(Keyword::As) {
            return self.query();
        }
        self.skip_parens()?;
        // WITHOUT ROWID, STRICT
        while self.kind().is_name() || self.kind() == Kind::Comma {
            self.advance();
        }
        Ok(())
    }

    /// SQLite looks for the bare names of a view in the view's own file, and for those of a temporary view everywhere.
    fn create_view(&mut self, is_temporary: bool) -> Read {
        let is_temporary = self.new_object(is_temporary)?;
        self.optional_labels()?;
        self.expect(Keyword::As, "AS was expected in CREATE VIEW")?;
        self.in_own_file = !is_temporary;
        self.query()?;
        self.in_own_file = false;
        Ok(())
    }

    /// `[IF NOT EXISTS] name ON table (…) [WHERE …]`. What comes after the table can't name a relation.
    fn create_index(&mut self) -> Read {
        self.new_object(false)?;
        self.expect(Keyword::On, "ON was expected in CREATE INDEX")?;
        self.label()?;
        self.skip_parens()?;
        if self.is(Keyword::Where) {
            return self.skip_statement();
        }
        Ok(())
    }

    /// `name [BEFORE | AFTER | INSTEAD OF] event ON table [FOR EACH ROW] [WHEN …] BEGIN statement; … END`
    fn create_trigger(&mut self) -> Read {
        if self.new_object(false)? {
            return Err(self.unexpected(TEMPORARY_TRIGGER));
        }
        if self.skip(Keyword::Instead) {
            self.expect(Keyword::Of, "OF was expected")?;
        } else {
            self.skip_any(&[Keyword::Before, Keyword::After]);
        }
        if self.skip(Keyword::Update) {
            if self.skip(Keyword::Of) {
                self.label()?;
                while self.skip_kind(Kind::Comma) {
                    self.label()?;
                }
            }
        } else if !self.skip_any(&[Keyword::Insert, Keyword::Delete]) {
            return Err(self.unexpected("INSERT, UPDATE or DELETE was expected"));
        }
        self.expect(Keyword::On, "ON was expected in CREATE TRIGGER")?;
        // SQLite keeps all that follows as the text of the trigger, this table with its schema too.
        self.in_own_file = true;
        let table = self.relation_name()?;
        self.record(&table);
        if self.skip(Keyword::For) {
            self.expect(Keyword::Each, "EACH was expected")?;
            self.expect(Keyword::Row, "ROW was expected")?;
        }
        if self.skip(Keyword::When) {
            self.expression()?;
        }
        self.expect(Keyword::Begin, "BEGIN was expected in CREATE TRIGGER")?;
        while !self.skip(Keyword::End) {
            self.dml()?;
            self.expect_kind(Kind::Semicolon, "a semicolon was expected in a trigger's body")?;
        }
        self.in_own_file = false;
        Ok(())
    }

    /// `name USING module [(arguments)]`
    ///
    /// A module's arguments may name tables and files in any way that the module likes. So only modules are allowed
    /// whose tables are in the file of the new table.
    fn create_virtual_table(&mut self) -> Read {
        self.new_object(false)?;
        self.expect(Keyword::Using, "USING was expected in CREATE VIRTUAL TABLE")?;
        let module = self.label()?;
        let arguments = self.at;
        if self.kind() == Kind::Open {
            self.skip_parens()?;
        }
        let commas = self.tokens[arguments..self.at]
            .iter()
            .filter(|token| token.kind == Kind::Comma);
        if catalog::module_stays_in_its_file(&name::name(self.sql, module), commas.count()) {
            Ok(())
        } else {
            Err(self.unexpected_at(module, "a module whose tables may be in other files"))
        }
    }
}

const TEMPORARY_TRIGGER: &str =
    "a temporary trigger, whose statements SQLite would apply to whichever file it finds first";
