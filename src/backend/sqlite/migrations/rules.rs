//! What a migration in SQL may not do.
//!
//! | statement | in a transaction | outside |
//! |---|---|---|
//! | `ATTACH`, `DETACH` | refused: another file would be changed, or made | refused |
//! | `VACUUM INTO` | refused: it writes another file | refused |
//! | `PRAGMA journal_mode`, `locking_mode` with a value | refused: readers would wait for writers, or for ever | refused |
//! | `PRAGMA temp_store_directory`, `data_store_directory` | refused: they are the process's | refused |
//! | `PRAGMA foreign_keys` with a value | refused: SQLite ignores it there, without a word | allowed |
//! | `BEGIN`, `COMMIT`, `END`, `ROLLBACK` (not `ROLLBACK TO`) | refused: the version row must be in the same transaction | allowed |
//!
//! Nothing else can reach another file: `load_extension` is off, and the shared file can only be read.

use std::ops::Range;

use diesel_tenants_translate::{Dialect, statements_for};

use super::MigrationProblem;
use crate::backend::sqlite::words::{ends_transaction, words};

const ATTACHES: &str = "is refused: a migration works in one file";
const WRITES_FILE: &str = "is refused: it writes another file; `clone_tenant` copies a tenant";
const CHANGES_LOCKING: &str =
    "is refused: the library chooses how files are locked, so that readers don't wait for writers";
const OF_PROCESS: &str = "is refused: it changes where all connections of the process keep files";
const IGNORED: &str = "has no effect in a transaction, and SQLite does not say so: use `PRAGMA defer_foreign_keys = ON`, \
                       or put `run_in_transaction = false` in the migration's metadata.toml";

/// The places of the statements in a migration's text.
pub(super) fn statements(name: &str, sql: &str) -> Result<Vec<Range<usize>>, MigrationProblem> {
    statements_for(Dialect::Sqlite, sql).map_err(|source| MigrationProblem::NotUnderstood {
        name: name.to_owned(),
        source,
    })
}

/// Fails if a migration's text has a statement that is refused.
pub(super) fn check(name: &str, sql: &str, in_transaction: bool) -> Result<(), MigrationProblem> {
    for range in statements(name, sql)? {
        let statement = &sql[range.clone()];
        let words = words(statement);
        let first = words.first().map_or("", |word| word);
        if in_transaction && ends_transaction(statement) {
            return Err(MigrationProblem::TransactionControl {
                name: name.to_owned(),
                keyword: first.to_ascii_uppercase(),
            });
        }
        let reason = match first {
            "attach" | "detach" => Some(ATTACHES),
            "vacuum" if words.iter().any(|word| word == "into") => Some(WRITES_FILE),
            "pragma" => refused_pragma(&words[1..], in_transaction),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(MigrationProblem::Refused {
                name: name.to_owned(),
                line: line_of(sql, range.start),
                statement: shown(&words),
                reason,
            });
        }
    }
    Ok(())
}

/// The number of the line on which a place is, counted from 1.
pub(super) fn line_of(sql: &str, place: usize) -> usize {
    sql[..place].matches('\n').count() + 1
}

/// The statement's first words, as far as they are known to be no names.
fn shown(words: &[String]) -> String {
    match words.first().map_or("", |word| word) {
        "pragma" => format!("PRAGMA {}", pragma_name(&words[1..])),
        "vacuum" => "VACUUM INTO".to_owned(),
        first => first.to_ascii_uppercase(),
    }
}

/// Why a PRAGMA is refused: its words are `[schema .] name [= value]`.
fn refused_pragma(words: &[String], in_transaction: bool) -> Option<&'static str> {
    let name = pragma_name(words);
    let has_value = words.iter().any(|word| word == "=" || word == "(");
    match name {
        "temp_store_directory" | "data_store_directory" | "activate_extensions" | "lock_proxy_file" => Some(OF_PROCESS),
        "journal_mode" | "locking_mode" if has_value => Some(CHANGES_LOCKING),
        "foreign_keys" if has_value && in_transaction => Some(IGNORED),
        _ => None,
    }
}

fn pragma_name(words: &[String]) -> &str {
    match words {
        [_, dot, name, ..] if dot == "." => name,
        [name, ..] => name,
        [] => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(sql: &str, in_transaction: bool) -> Option<String> {
        check("01_x", sql, in_transaction).err().map(|error| error.to_string())
    }

    #[test]
    fn other_files_are_out_of_reach() {
        for sql in [
            "ATTACH 'x.db' AS x",
            "CREATE TABLE a (b);\n/* ; */ -- attach\n attach database 'x' as x",
            "DETACH public",
            "VACUUM INTO 'x.db'",
            "VACUUM main /* so */ INTO 'x.db'",
            "PRAGMA temp_store_directory = '/x'",
            "PRAGMA journal_mode = DELETE",
            "pragma \"main\".[journal_mode](off)",
            "PRAGMA main . locking_mode = EXCLUSIVE",
            "PRAGMA `journal_mode` = 'wal'",
        ] {
            for in_transaction in [true, false] {
                assert!(refusal(sql, in_transaction).unwrap().contains("is refused"), "{sql}");
            }
        }
    }

    #[test]
    fn what_would_do_nothing_in_a_transaction_or_end_it_is_refused_there() {
        for sql in [
            "PRAGMA foreign_keys = OFF",
            "PRAGMA foreign_keys(0)",
            "BEGIN",
            "SELECT 1; commit",
            "END TRANSACTION",
            "ROLLBACK",
            "/**/ROLLBACK TRANSACTION",
            "ROLLBACK TRANSACTION \"to\"",
            "ROLLBACK TRANSACTION 'to'",
            "ROLLBACK TRANSACTION [to]",
            "begin/**/immediate",
        ] {
            assert!(refusal(sql, true).is_some(), "{sql}");
            assert_eq!(refusal(sql, false), None, "{sql}");
        }
        let error = refusal("SELECT 1;\n\nPRAGMA foreign_keys = OFF", true).unwrap();
        assert!(
            error.starts_with("migration 01_x, at line 3: PRAGMA foreign_keys has no effect"),
            "{error}"
        );
    }

    #[test]
    fn all_else_is_sqlites_to_judge() {
        for sql in [
            "SAVEPOINT a; ROLLBACK TO a; RELEASE a",
            "ROLLBACK TRANSACTION TO SAVEPOINT a",
            "PRAGMA journal_mode; PRAGMA foreign_keys; PRAGMA defer_foreign_keys = ON; PRAGMA user_version = 5",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('; COMMIT'); END",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; END; SELECT 1",
            "CREATE TABLE attach (vacuum)",
            "INSERT INTO a VALUES ('ATTACH; DETACH')",
            "EXPLAIN ATTACH 'x' AS y",
            "VACUUM",
            "",
        ] {
            assert_eq!(refusal(sql, true), None, "{sql}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_split_is_refused() {
        assert!(refusal("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", true).is_some());
    }
}
