//! What a migration in SQL may not do.
//!
//! | statement | |
//! |---|---|
//! | a name with another database than the shared one, or `information_schema` | refused: another tenant's, or the server's own |
//! | in a tenant's migration, the shared database where a statement writes, or defines something | refused: the first tenant's migration would change it for all |
//! | `USE`, `PREPARE`, `EXECUTE`, `LOAD DATA`, `HANDLER`, `GRANT`, `CREATE DATABASE`, `SET GLOBAL`, … | refused by the translator, with its reason |
//! | code in comments, `/*! … */` | refused by the translator: some servers run it, and others don't |
//! | `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT`, `XA`, `SET autocommit` | refused: progress would be recorded without its statement, or the other way round |
//! | `DELIMITER` | refused: it is a command of the `mysql` program, and not needed |
//! | temporary tables, `LOCK TABLES`, `SELECT … INTO @a`, `LAST_INSERT_ID()` and the like, unless the migration is one transaction | refused: they are the session's, which another one continues after a failure |

use diesel_tenants_translate::{Dialect, SessionEffect, Template};

use super::{
    MigrationProblem, Owner,
    statement::{Kind, Tokens},
};
use crate::backend::mysql::DefinitionKind;

const TRANSACTIONS: &str = "is refused: a migration that only changes rows is one transaction already, and in any other \
                            one each statement is recorded for itself. Leave it out, or put the statements that belong \
                            together in a migration of their own, without definitions";
pub(super) const DELIMITER: &str = "is refused: it is a command of the `mysql` program, not of the server. Leave it out, and end \
                         each body by `END;`";
const SESSION: &str = "is refused in a migration with definitions: if the migration is interrupted, another session \
                       goes on, which would not have it. Put it in a migration of its own, without definitions";

/// Values that are the session's.
const VALUES: [&str; 4] = ["LAST_INSERT_ID", "LASTVAL", "ROW_COUNT", "FOUND_ROWS"];

/// Variables that would make the record of the progress wrong.
const COMMITTING: [&str; 2] = ["autocommit", "completion_type"];

/// Why a statement is refused, if it is.
pub(super) struct Rule<'a> {
    pub(super) name: &'a str,
    pub(super) sql: &'a str,
    pub(super) line: usize,
    pub(super) tokens: &'a Tokens<'a>,
    pub(super) kind: &'a Kind,
    pub(super) owner: &'a Owner,
    /// Whether the whole migration is one transaction.
    pub(super) in_transaction: bool,
}

impl Rule<'_> {
    pub(super) fn check(&self) -> Result<(), MigrationProblem> {
        if let Some(reason) = self.refused_verb() {
            return Err(self.refused(reason));
        }
        let template =
            Template::analyse_for(Dialect::Mysql, self.sql).map_err(|source| MigrationProblem::NotUnderstood {
                name: self.name.to_owned(),
                source,
            })?;
        for schema in template.schemas() {
            if schema == "information_schema" {
                continue;
            }
            if schema != self.owner.shared().as_str() {
                return Err(self.refused(format!(
                    "names the database `{schema}`, and is refused: a migration works in its own database, whose tables \
                     are written without one"
                )));
            }
            let is_tenants = matches!(self.owner, Owner::Tenant { .. });
            if is_tenants && !template.places_of(schema).all(|place| self.is_read_at(place)) {
                return Err(self.refused(format!(
                    "would change `{schema}`, and is refused: all tenants share that database, and the first tenant's \
                     migration would change it for all. Move the statement to the shared migrations"
                )));
            }
        }
        let leaves_state = matches!(template.session_effect(), SessionEffect::Certain { .. });
        let is_sessions = leaves_state && *self.kind != Kind::Setting || self.tokens.has_any(&VALUES);
        match is_sessions && !self.in_transaction && !self.has_body() {
            true => Err(self.refused(SESSION)),
            false => Ok(()),
        }
    }

    fn refused_verb(&self) -> Option<&'static str> {
        let has_part = |token: &String, parts: &[&str]| {
            let token = token.to_ascii_lowercase();
            let name = token
                .rsplit(['.', '@'])
                .next()
                .unwrap_or_default()
                .trim_matches('`')
                .to_owned();
            parts.contains(&&*name)
        };
        match self.tokens.word(0) {
            "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "XA" => Some(TRANSACTIONS),
            "SET" if self.tokens.words.iter().any(|token| has_part(token, &COMMITTING)) => Some(TRANSACTIONS),
            "SET" if self.tokens.words.iter().take(3).any(|token| token == "TRANSACTION") => Some(TRANSACTIONS),
            "DELIMITER" => Some(DELIMITER),
            "LOCK" | "UNLOCK" if !self.in_transaction => Some(SESSION),
            _ => None,
        }
    }

    /// Whether the statement defines something that runs later.
    fn has_body(&self) -> bool {
        let runs = self.tokens.object_kind().is_some_and(DefinitionKind::runs_later);
        runs && matches!(self.tokens.word(0), "CREATE" | "ALTER")
    }

    fn refused(&self, reason: impl Into<String>) -> MigrationProblem {
        let shown: Vec<&str> = self.tokens.raw.iter().take(2).copied().collect();
        MigrationProblem::Refused {
            name: self.name.to_owned(),
            line: self.line,
            statement: format!("`{}`", shown.join(" ")),
            reason: reason.into(),
        }
    }

    /// Whether the statement only reads or references the table whose database's name begins at this place.
    fn is_read_at(&self, place: usize) -> bool {
        let Ok(at) = self.tokens.starts.binary_search(&place) else {
            return false;
        };
        let before = |word: &str| self.tokens.words[..at].iter().any(|token| token == word);
        let is_behind = |word: &str| at > 0 && self.tokens.word(at - 1) == word;
        match self.tokens.word(0) {
            "SELECT" | "VALUES" | "TABLE" | "DO" | "(" | "EXPLAIN" | "DESCRIBE" | "DESC" | "SHOW" => true,
            "SET" if self.tokens.word(1) != "STATEMENT" => true,
            "INSERT" | "REPLACE" => ["SELECT", "VALUES", "VALUE", "SET", "WITH", "TABLE"]
                .iter()
                .any(|word| before(word)),
            "UPDATE" | "DELETE" | "WITH" | "SET" => self.is_in_query(at),
            "CREATE" | "ALTER" => {
                let Some(word) = self.tokens.object_word() else {
                    return false;
                };
                let is_target = at == self.tokens.name_behind(word);
                match self.tokens.word(word) {
                    "INDEX" => false,
                    // The table of the trigger.
                    "TRIGGER" => !is_target && (!is_behind("ON") || self.tokens.word(at + 3) != "FOR"),
                    "TABLE" if self.tokens.word(0) == "ALTER" => is_behind("REFERENCES"),
                    "TABLE" => !is_target && (is_behind("REFERENCES") || is_behind("LIKE") || before("SELECT")),
                    _ => !is_target,
                }
            }
            _ => false,
        }
    }

    /// Whether the place is in a query in brackets, which can't be the target of the statement; or, in a text that is
    /// nothing but a query, anywhere.
    fn is_in_query(&self, at: usize) -> bool {
        let words = &self.tokens.words;
        let is_change = |word: &String| matches!(&**word, "INSERT" | "UPDATE" | "DELETE" | "REPLACE");
        if words[0] == "WITH" && !words.iter().any(is_change) {
            return true;
        }
        let mut queries = Vec::new();
        for (index, word) in words[..at].iter().enumerate() {
            match &**word {
                "(" => queries.push(matches!(
                    self.tokens.word(index + 1),
                    "SELECT" | "WITH" | "VALUES" | "TABLE"
                )),
                ")" => drop(queries.pop()),
                _ => {}
            }
        }
        queries.contains(&true)
    }
}
