//! What a migration may leave on its session, by its text.

use crate::translate::{Template, statements};

/// Functions that leave something no statement can remove: connections of `dblink`, and the state of `random()`.
const LASTING: [&str; 2] = ["dblink_connect", "setseed"];

/// Whether the SQL may leave anything on the session. SQL that can't be analysed may.
pub(super) fn affects_session(sql: &str) -> bool {
    !matches!(Template::analyse(sql), Ok(template) if !template.affects_session())
}

/// Whether the SQL may leave something that `DISCARD ALL` doesn't remove: by such functions, wherever they are called,
/// and by loaded libraries.
pub(super) fn needs_new_session(sql: &str) -> bool {
    let text = sql.to_ascii_lowercase();
    LASTING.iter().any(|function| text.contains(function)) || loads_library(sql)
}

fn loads_library(sql: &str) -> bool {
    let begins_with_load = |statement: &str| {
        let mut words = statement.split_ascii_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("load"))
    };
    statements(sql).is_ok_and(|all| all.into_iter().any(|range| begins_with_load(&sql[range])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discard_all_leaves_asks_for_a_new_session() {
        for sql in [
            "SELECT 1; LOAD 'auto_explain'",
            "DO $$ BEGIN PERFORM SetSeed(0.5); END $$",
            "SELECT dblink_connect_u('other', 'dbname=x')",
        ] {
            assert!(needs_new_session(sql) && affects_session(sql), "{sql}");
        }
        for sql in [
            "CREATE TABLE load (id int)",
            "SET search_path = a",
            "PREPARE one AS SELECT 1",
        ] {
            assert!(!needs_new_session(sql), "{sql}");
        }
    }
}
