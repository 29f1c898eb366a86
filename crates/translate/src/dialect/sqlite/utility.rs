//! Statements that neither query nor modify rows, and create nothing.

use super::{Finder, Read, catalog, keyword::Keyword, lexer::Kind, name};
use crate::slot::{Form, Slot};

impl Finder<'_> {
    /// `ALTER TABLE table { RENAME | ADD | DROP | ALTER } …`. Only the table has a schema: the new name of a table, and
    /// REFERENCES, can't.
    pub(super) fn alter(&mut self) -> Read {
        self.advance();
        self.expect(Keyword::Table, "TABLE was expected")?;
        self.object()?;
        if self.skip_any(&[Keyword::Rename, Keyword::Add, Keyword::Drop, Keyword::Alter]) {
            self.skip_statement()
        } else {
            Err(self.unexpected("RENAME, ADD or DROP was expected"))
        }
    }

    /// `DROP { TABLE | VIEW | INDEX | TRIGGER } [IF EXISTS] name`
    pub(super) fn drop_object(&mut self) -> Read {
        self.advance();
        if !self.skip_any(&[Keyword::Table, Keyword::View, Keyword::Index, Keyword::Trigger]) {
            return Err(self.unexpected("TABLE, VIEW, INDEX or TRIGGER was expected"));
        }
        self.skip_existence();
        self.object()
    }

    fn object(&mut self) -> Read {
        let object = self.relation_name()?;
        self.record(&object);
        Ok(())
    }

    /// `ANALYZE`, `ANALYZE schema`, `ANALYZE table`. Without a name it would analyse every file.
    pub(super) fn analyze(&mut self) -> Read {
        let verb = self.advance();
        if self.at_statement_end() {
            self.slots.push(Slot::Tenant {
                at: verb.end,
                form: Form::Word,
            });
            return Ok(());
        }
        let object = self.relation_name()?;
        if object.schema.is_some() {
            self.record(&object);
            return Ok(());
        }
        // SQLite takes the name of a file, if it is one.
        let key = self.key(object.last);
        let is_own = catalog::is_own_schema(&self.keys[key as usize]);
        self.slots.push(match is_own {
            true => Slot::Named {
                start: object.last.start,
                end: object.last.end,
                key,
            },
            false => Slot::SchemaOrTable {
                start: object.last.start,
                end: object.last.end,
                key,
            },
        });
        Ok(())
    }

    /// `REINDEX table` or `REINDEX index`. Without a name, with a collation's, and with EXPRESSIONS, it would rebuild
    /// indexes in every file.
    pub(super) fn reindex(&mut self) -> Read {
        self.advance();
        if self.at_statement_end() {
            return Err(self.unexpected("REINDEX without a name, which rebuilds the indexes of every file"));
        }
        let object = self.relation_name()?;
        if object.schema.is_none() && catalog::is_reindexed_everywhere(&name::name(self.sql, object.last)) {
            return Err(self.unexpected_at(
                object.last,
                "REINDEX of a collation or of EXPRESSIONS, which rebuilds indexes in every file",
            ));
        }
        self.record(&object);
        Ok(())
    }

    /// `VACUUM [schema]`. Without a name it would rebuild `main`.
    pub(super) fn vacuum(&mut self) -> Read {
        let verb = self.advance();
        self.may_affect_session();
        if self.at_statement_end() {
            self.slots.push(Slot::Tenant {
                at: verb.end,
                form: Form::Word,
            });
            return Ok(());
        }
        if !self.is(Keyword::Into) {
            let schema = self.label()?;
            self.record_schema(schema);
        }
        if self.is(Keyword::Into) {
            return Err(self.unexpected("VACUUM INTO, which writes to a file of any name"));
        }
        Ok(())
    }

    /// Statements that begin or end transactions. A savepoint outside of a transaction begins one.
    pub(super) fn transaction(&mut self, verb: Keyword) -> Read {
        self.advance();
        let mut goes_back = false;
        while self.kind().is_name() || self.is_any(&[Keyword::Transaction, Keyword::To]) {
            goes_back |= self.advance().kind == Kind::Word(Keyword::To);
        }
        if verb != Keyword::Release && !goes_back {
            self.may_affect_session();
        }
        Ok(())
    }
}
