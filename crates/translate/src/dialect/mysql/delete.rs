//! DELETE, from one table and from several.

use super::{Finder, Read, keyword::Keyword, name, relation::Name, token::Kind};
use crate::error::Fault;

/// A table of FROM or USING.
pub(super) struct Deletable {
    pub(super) table: Name,
    /// Whether the statement may name it with a schema: not by an alias, and not a WITH's name.
    pub(super) can_have_schema: bool,
}

impl Finder<'_> {
    /// `DELETE [options] FROM table …`, `DELETE [options] tables FROM …` or `DELETE [options] FROM tables USING …`
    pub(super) fn delete(&mut self) -> Read {
        self.advance();
        self.skip_all(&[Keyword::LowPriority, Keyword::Quick, Keyword::Ignore, Keyword::History]);
        let is_from_first = self.skip(Keyword::From);
        let mut targets = Vec::new();
        loop {
            targets.push(self.relation_name()?);
            let has_star = self.skip_kind(Kind::Dot);
            if has_star && !self.skip_kind(Kind::Star) {
                return Err(self.unexpected("* was expected"));
            }
            if !self.skip_kind(Kind::Comma) {
                break;
            }
        }
        let separator = match is_from_first {
            true => Keyword::Using,
            false => Keyword::From,
        };
        if self.skip(separator) {
            self.delete_from_several(&targets)
        } else if let ([target], true) = (&*targets, is_from_first) {
            self.delete_from_one(target)
        } else {
            Err(self.unexpected("FROM or USING was expected in DELETE"))
        }
    }

    /// A target is always a table, also where a WITH declares its name.
    fn delete_from_one(&mut self, target: &Name) -> Read {
        if self.ctes.declares(&name::name(self.sql, target.last)) != Some(false) && target.schema.is_none() {
            return Err(self.unexpected_at(target.last, "a DELETE from the name of its own WITH"));
        }
        self.record(target);
        self.partitions()?;
        self.period()?;
        self.table_alias()?;
        // DELETE HISTORY FROM table BEFORE SYSTEM_TIME moment
        if self.skip(Keyword::Before) {
            self.expect(Keyword::SystemTime, "SYSTEM_TIME was expected")?;
            self.moment()?;
        }
        self.end_of_modification()
    }

    fn delete_from_several(&mut self, targets: &[Name]) -> Read {
        self.deletable = Some(Vec::new());
        self.from()?;
        let tables = self.deletable.take().unwrap_or_default();
        for target in targets {
            self.target(target, &tables)?;
        }
        self.end_of_modification()
    }

    /// Records a target of a DELETE from several tables.
    ///
    /// The server looks a bare one up in the default database, also if it is an alias, and takes none with a schema for
    /// an alias. So it gets the schema of the table that it means, and an alias can't be written.
    fn target(&mut self, target: &Name, tables: &[Deletable]) -> Result<(), Fault> {
        if self.in_body {
            if let Some(schema) = target.schema {
                self.record_schema(schema);
            }
            return Ok(());
        }
        let name = name::name(self.sql, target.last);
        let is_meant = |table: &&Deletable| {
            let is_same_schema = table.table.schema.is_some() == target.schema.is_some();
            table.can_have_schema && is_same_schema && name == name::name(self.sql, table.table.last)
        };
        if tables.iter().find(is_meant).is_none() {
            return Err(self.unexpected_at(
                target.last,
                "DELETE by an alias, for which the servers need a default database: name the table itself, without \
                 alias",
            ));
        }
        self.record(target);
        Ok(())
    }
}
