//! One statement of a migration, and what is known of its kind.

use diesel_tenants_translate::{Dialect, TranslateError, tokens_for};

use crate::backend::mysql::DefinitionKind;

/// A statement of a migration.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sql: String,
    /// The line on which it begins, counted from 1, and that line.
    pub(super) line: (usize, String),
    pub(super) kind: Kind,
}

/// What a statement does, as far as it matters when it is interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// It changes the session. When a migration goes on, it is run again.
    Setting,
    /// It reads or changes rows: it can be part of a transaction.
    Rows,
    /// It makes or drops a temporary table: that can be part of a transaction, and is gone with the session.
    Temporary,
    /// It changes the definition of one object. Whether it did is seen by `SHOW CREATE`, which is said here.
    Object { show: String },
    /// It can be run again without harm.
    Repeatable,
    /// It commits, and does not show whether it was applied.
    Other,
}

impl Kind {
    /// Whether the statement can be part of a transaction.
    pub(super) fn is_transactional(&self) -> bool {
        matches!(self, Self::Setting | Self::Rows | Self::Temporary)
    }
}

/// The tokens of a statement: words in capitals, all else as it is written.
pub(super) struct Tokens<'a> {
    pub(super) raw: Vec<&'a str>,
    pub(super) starts: Vec<usize>,
    pub(super) words: Vec<String>,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str) -> Result<Self, TranslateError> {
        let places = tokens_for(Dialect::Mysql, sql)?;
        let raw: Vec<&str> = places.iter().map(|place| &sql[place.clone()]).collect();
        let word = |token: &&str| match token.starts_with(|first: char| first.is_ascii_alphabetic()) {
            true => token.to_ascii_uppercase(),
            false => (*token).to_owned(),
        };
        Ok(Self {
            words: raw.iter().map(word).collect(),
            starts: places.into_iter().map(|place| place.start).collect(),
            raw,
        })
    }

    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    pub(super) fn has_any(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&&**word))
    }

    /// The place of the word that says what kind of object a CREATE, ALTER, DROP or RENAME is about; of two words, the
    /// second.
    pub(super) fn object_word(&self) -> Option<usize> {
        let is_kind = |word: &String| matches!(&**word, "TABLES" | "INDEX") || DefinitionKind::of_word(word).is_some();
        let found = self.words.iter().skip(1).position(is_kind)? + 1;
        let is_body = self.word(found) == "PACKAGE" && self.word(found + 1) == "BODY";
        Some(if is_body { found + 1 } else { found })
    }

    /// The kind of object whose definition a CREATE, ALTER, DROP or RENAME changes.
    pub(super) fn object_kind(&self) -> Option<DefinitionKind> {
        match self.word(self.object_word()?) {
            "TABLES" | "INDEX" => Some(DefinitionKind::Table),
            "BODY" => Some(DefinitionKind::PackageBody),
            word => DefinitionKind::of_word(word),
        }
    }

    /// The place of the name behind this word: behind `IF NOT EXISTS`, if that is there.
    pub(super) fn name_behind(&self, word: usize) -> usize {
        match (self.word(word + 1), self.word(word + 2)) {
            ("IF", "NOT") => word + 4,
            ("IF", "EXISTS") => word + 3,
            _ => word + 1,
        }
    }

    /// The name at this place as it is written, and the place behind it.
    fn name(&self, at: usize) -> Option<(String, usize)> {
        let first = self.raw.get(at)?;
        match self.word(at + 1) {
            "." => Some((format!("{first}.{}", self.raw.get(at + 2)?), at + 3)),
            _ => Some(((*first).to_owned(), at + 1)),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.word(0) {
            "SET" if self.word(1) == "STATEMENT" => self.behind_variables(),
            "SET" => Kind::Setting,
            "SELECT" | "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "WITH" | "VALUES" | "TABLE" | "DO" | "(" => {
                Kind::Rows
            }
            // ANALYZE also runs other statements.
            "ANALYZE" if !["TABLE", "TABLES", "LOCAL", "NO_WRITE_TO_BINLOG"].contains(&self.word(1)) => Kind::Rows,
            "ANALYZE" | "CHECK" | "CHECKSUM" | "OPTIMIZE" | "REPAIR" | "EXPLAIN" | "DESCRIBE" | "DESC" | "SHOW" => {
                Kind::Repeatable
            }
            "CREATE" | "DROP" if self.is_temporary() => Kind::Temporary,
            "CREATE" | "ALTER" | "DROP" | "RENAME" => self.object().unwrap_or(Kind::Other),
            _ => Kind::Other,
        }
    }

    fn is_temporary(&self) -> bool {
        self.word(1) == "TEMPORARY" || self.word(1) == "OR" && self.word(3) == "TEMPORARY"
    }

    /// `SET STATEMENT variable = value, … FOR statement`
    fn behind_variables(&self) -> Kind {
        let Some(at) = self.words.iter().position(|word| word == "FOR") else {
            return Kind::Other;
        };
        let behind = Tokens {
            raw: self.raw[at + 1..].to_vec(),
            starts: self.starts[at + 1..].to_vec(),
            words: self.words[at + 1..].to_vec(),
        };
        behind.kind()
    }

    /// The one object whose definition the statement changes.
    fn object(&self) -> Option<Kind> {
        // They move or empty partitions and files, which no definition shows.
        const UNSEEN: [&str; 6] = ["EXCHANGE", "TRUNCATE", "DISCARD", "IMPORT", "CONVERT", "COALESCE"];

        let (kind, word) = (self.object_kind()?, self.object_word()?);
        let at = match self.word(word) {
            "INDEX" => self.words.iter().position(|word| word == "ON")? + 1,
            _ => self.name_behind(word),
        };
        let (name, behind) = self.name(at)?;
        let is_seen = match self.word(0) {
            // One of several objects may be changed, and the others not.
            "DROP" => self.word(behind) != ",",
            "RENAME" => !self.words[behind..].iter().any(|word| word == ","),
            "ALTER" if kind == DefinitionKind::Table => !self.has_any(&UNSEEN),
            _ => true,
        };
        is_seen.then(|| Kind::Object {
            show: format!("SHOW CREATE {} {name}", kind.word()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(sql: &str) -> Kind {
        Tokens::of(sql).unwrap().kind()
    }

    #[test]
    fn definitions_of_one_object_say_how_it_is_seen() {
        for (sql, show) in [
            ("CREATE TABLE a (b INT)", "SHOW CREATE TABLE a"),
            (
                "create or replace table if not exists `a b` (c int)",
                "SHOW CREATE TABLE `a b`",
            ),
            ("ALTER TABLE IF EXISTS a ADD COLUMN b INT", "SHOW CREATE TABLE a"),
            ("ALTER TABLE a RENAME TO b", "SHOW CREATE TABLE a"),
            ("RENAME TABLE a TO b", "SHOW CREATE TABLE a"),
            ("DROP TABLE IF EXISTS a", "SHOW CREATE TABLE a"),
            ("CREATE UNIQUE INDEX i ON a (b)", "SHOW CREATE TABLE a"),
            ("DROP INDEX i ON a", "SHOW CREATE TABLE a"),
            (
                "CREATE DEFINER = `root`@`%` SQL SECURITY INVOKER VIEW v AS SELECT 1",
                "SHOW CREATE VIEW v",
            ),
            (
                "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1",
                "SHOW CREATE TRIGGER t",
            ),
            ("CREATE PROCEDURE p() BEGIN SELECT 1; END", "SHOW CREATE PROCEDURE p"),
            ("CREATE SEQUENCE s", "SHOW CREATE SEQUENCE s"),
            (
                "CREATE OR REPLACE PACKAGE p FUNCTION f() RETURNS INT; END",
                "SHOW CREATE PACKAGE p",
            ),
            (
                "CREATE PACKAGE BODY p FUNCTION f() RETURNS INT RETURN 1; END",
                "SHOW CREATE PACKAGE BODY p",
            ),
            ("DROP PACKAGE IF EXISTS p", "SHOW CREATE PACKAGE p"),
            (
                "SET STATEMENT max_statement_time = 9 FOR CREATE TABLE a (b INT)",
                "SHOW CREATE TABLE a",
            ),
        ] {
            assert_eq!(kind(sql), Kind::Object { show: show.to_owned() }, "{sql}");
        }
    }

    #[test]
    fn what_no_definition_shows_is_told_apart() {
        for sql in [
            "DROP TABLE a, b",
            "RENAME TABLE a TO c, b TO a, c TO b",
            "TRUNCATE TABLE a",
            "ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b",
            "ALTER TABLE a TRUNCATE PARTITION p",
            "CALL p()",
        ] {
            assert_eq!(kind(sql), Kind::Other, "{sql}");
        }
    }

    #[test]
    fn rows_settings_and_harmless_statements_are_told_apart() {
        assert_eq!(kind("/* all */ insert into a values (1)"), Kind::Rows);
        assert_eq!(kind("(SELECT 1)"), Kind::Rows);
        assert_eq!(kind("ANALYZE FORMAT = JSON UPDATE a SET b = 1"), Kind::Rows);
        assert_eq!(kind("ANALYZE TABLE a"), Kind::Repeatable);
        assert_eq!(kind("SET @a = 1"), Kind::Setting);
        assert_eq!(kind("CREATE TEMPORARY TABLE a (b INT)"), Kind::Temporary);
        assert_eq!(kind("CREATE OR REPLACE TEMPORARY TABLE a (b INT)"), Kind::Temporary);
        assert_eq!(kind("DROP TEMPORARY TABLE a"), Kind::Temporary);
    }
}
