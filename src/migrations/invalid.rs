//! Indexes that PostgreSQL keeps and doesn't use: what is left when one could not be built.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{MigrationError, Runner, script::Body, script::Script};
use crate::{
    SchemaName,
    backend::postgres::quote::literal,
    translate::{identifier_name, tokens},
};

/// Part of the server's error when an index that a migration names is invalid.
const INVALID: &str = "diesel-tenants: invalid index ";

/// The invalid indexes of one schema, found by what depends on it: all indexes of the database are many more. `$schema` is a string.
fn of_schema(schema: &str) -> String {
    format!(
        "SELECT c.relname::pg_catalog.text AS name, c.relkind = 'I' AS is_partitioned FROM pg_catalog.pg_depend d \
         JOIN pg_catalog.pg_index i ON i.indrelid = d.objid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'n' \
         AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
         AND d.refobjid = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = {schema}) \
         AND NOT (i.indisvalid AND i.indisready AND i.indislive)"
    )
}

impl Script {
    /// Whether it may meet an index that an earlier attempt left invalid, and be content.
    pub(super) fn may_leave_invalid_indexes(&self) -> bool {
        match &self.body {
            Body::Sql(_) => !self.migration.in_transaction || !self.skippable_indexes().is_empty(),
            Body::Code(_) => !self.migration.in_transaction,
        }
    }

    /// The names of the indexes that it makes unless they exist.
    pub(super) fn skippable_indexes(&self) -> Vec<String> {
        match &self.body {
            Body::Sql(sql) => sql.iter().flat_map(|sql| words_behind_exists(sql)).collect(),
            Body::Code(_) => Vec::new(),
        }
    }

    /// Whether its text has a name in it, be that in a string.
    fn names(&self, name: &str) -> bool {
        match &self.body {
            Body::Sql(sql) => sql.iter().any(|sql| has_word(sql, name)),
            // It isn't known what Rust code names.
            Body::Code(_) => true,
        }
    }
}

/// A statement that fails if one of these indexes is invalid.
pub(super) fn require_valid(schema: &SchemaName, indexes: &[String]) -> String {
    let names: Vec<String> = indexes.iter().map(|name| literal(name)).collect();
    format!(
        "SELECT CAST('{INVALID}' || found.name AS pg_catalog.bool) FROM ({}) found \
         WHERE NOT found.is_partitioned AND found.name IN ({})",
        of_schema(&literal(schema.as_str())),
        names.join(", ")
    )
}

impl Runner {
    /// Fails if an index that the migration names is invalid, now that it was applied: the server has no use for it, and a unique one
    /// lets duplicates in. Others, which somebody else left, hold nothing up.
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

/// The index that [`require_valid`] met, if that is what an error is about.
pub(super) fn invalid_index_in(message: &str) -> Option<String> {
    let (_, name) = message.split_once(INVALID)?;
    // The server puts quotes around what it can't cast.
    Some(name.strip_suffix('"').unwrap_or(name).to_owned())
}

/// All invalid indexes of the database that nobody is building just now, by schema.
pub(super) async fn by_schema(connection: &mut AsyncPgConnection) -> QueryResult<HashMap<String, Vec<String>>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        schema: String,
        #[diesel(sql_type = Text)]
        name: String,
    }

    let rows: Vec<Row> = diesel::sql_query(
        "SELECT n.nspname::pg_catalog.text AS schema, c.relname::pg_catalog.text AS name FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND NOT EXISTS (SELECT FROM \
         pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) ORDER BY 1, 2",
    )
    .load(connection)
    .await?;
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for Row { schema, name } in rows {
        found.entry(schema).or_default().push(name);
    }
    Ok(found)
}

/// Those of tables; a partitioned table's is invalid while it waits for its partitions' to be attached.
async fn invalid_indexes(connection: &mut AsyncPgConnection, schema: &SchemaName) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Bool)]
        is_partitioned: bool,
    }

    let rows: Vec<Row> = diesel::sql_query(of_schema("$1"))
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await?;
    let mut names: Vec<String> = rows
        .into_iter()
        .filter(|row| !row.is_partitioned)
        .map(|row| row.name)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The names behind `INDEX … IF NOT EXISTS`.
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

/// Whether a text has a word, not as part of a longer one; small letters or capitals, as one likes.
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

    #[test]
    fn the_index_is_read_from_the_servers_error() {
        let message = "invalid input syntax for type boolean: \"diesel-tenants: invalid index users \"email\"\"";
        assert_eq!(invalid_index_in(message).as_deref(), Some("users \"email\""));
        assert_eq!(invalid_index_in("relation \"a\" does not exist"), None);
    }
}
