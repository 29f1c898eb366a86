//! Migrations that may find an invalid index, left by an earlier attempt.

use super::script::{Body, Script};
use crate::{
    backend::postgres::catalog::invalid_indexes::invalid_indexes,
    migrations::{MigrationError, Runner},
    translate::{identifier_name, tokens},
};

impl Script {
    /// Whether the migration may skip an index that an earlier attempt left invalid.
    pub(super) fn may_leave_invalid_indexes(&self) -> bool {
        match &self.body {
            Body::Sql(_) => !self.migration.in_transaction || !self.skippable_indexes().is_empty(),
            Body::Code(_) => !self.migration.in_transaction,
        }
    }

    /// The names of the indexes that the migration creates unless they exist.
    pub(super) fn skippable_indexes(&self) -> Vec<String> {
        match &self.body {
            Body::Sql(sql) => sql.iter().flat_map(|sql| words_behind_exists(sql)).collect(),
            Body::Code(_) => Vec::new(),
        }
    }

    /// Whether the migration's text contains a name, even in a string.
    fn names(&self, name: &str) -> bool {
        match &self.body {
            Body::Sql(sql) => sql.iter().any(|sql| has_word(sql, name)),
            // The names in Rust code are unknown.
            Body::Code(_) => true,
        }
    }
}

impl Runner {
    /// Fails if an index that the migration names is invalid after the migration: the server doesn't use such an index,
    /// and an invalid unique index lets duplicates in. Invalid indexes with other causes don't stop the migration.
    pub(super) async fn require_valid_indexes(&mut self, script: &Script) -> Result<(), MigrationError> {
        if !script.may_leave_invalid_indexes() {
            return Ok(());
        }
        let (connection, owner) = self.parts();
        let invalid = invalid_indexes(connection, owner.schema())
            .await
            .map_err(owner.failed())?;
        let named: Vec<String> = invalid.into_iter().filter(|name| script.names(name)).collect();
        if named.is_empty() {
            return Ok(());
        }
        Err(MigrationError::InvalidIndexes {
            owner: owner.clone(),
            name: script.migration.name.clone(),
            indexes: named,
        })
    }
}

/// The names after `INDEX … IF NOT EXISTS`.
fn words_behind_exists(sql: &str) -> Vec<String> {
    const BEFORE: [&str; 3] = ["if", "not", "exists"];
    let (mut names, mut matched, mut in_index) = (Vec::new(), 0, false);
    for token in tokens(sql).unwrap_or_default() {
        let text = &sql[token.start as usize..token.end as usize];
        if matched == BEFORE.len() {
            matched = 0;
            names.push(identifier_name(sql, token).into_owned());
        } else if text.eq_ignore_ascii_case("index") {
            (in_index, matched) = (true, 0);
        } else if in_index && text.eq_ignore_ascii_case(BEFORE[matched]) {
            matched += 1;
            in_index = matched < BEFORE.len();
        } else if !text.eq_ignore_ascii_case("concurrently") {
            (in_index, matched) = (false, 0);
        }
    }
    names
}

/// Whether a text contains a word, not as a part of a longer word, in any case of letters.
fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let is_part = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
    text.match_indices(&word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_that_a_migration_makes_unless_they_exist_are_found() {
        for (sql, names) in [
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email);\n\
                 create index if not exists \"Other\" ON users (a)",
                &["users_email", "Other"] as &[_],
            ),
            (
                "CREATE INDEX users_email ON users (email); CREATE TABLE IF NOT EXISTS users ()",
                &[],
            ),
            ("CREATE INDEX ON users (email) -- IF NOT EXISTS users_email", &[]),
            ("DROP INDEX IF EXISTS users_email", &[]),
        ] {
            assert_eq!(words_behind_exists(sql), names, "{sql}");
        }
    }

    #[test]
    fn a_name_counts_as_a_whole_word_also_in_strings() {
        for text in ["CREATE INDEX a ON t (b)", "EXECUTE 'CREATE INDEX A ON t'", "\"a\""] {
            assert!(has_word(text, "a"), "{text}");
        }
        assert!(!has_word("CREATE INDEX ab ON a_b (b_a)", "a"));
    }
}
