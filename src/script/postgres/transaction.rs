//! Whether a script needs a transaction of its own, by its SQL; and SQL that can't be sent as a script.

use crate::{
    script::ScriptError,
    translate::{statements, transaction_control, words},
};

/// Whether `run` must begin a transaction for the statements. It must for several statements, which are one
/// transaction, and for statements that only make sense in one. A single statement is a transaction by itself, and some
/// can't run in any other (`VACUUM`). Statements that begin or end transactions themselves are run as they are.
///
/// Fails for a statement that needs more messages than its own text, such as `COPY`.
pub(super) fn needs_transaction(sql: &str) -> Result<bool, ScriptError> {
    // A text that can't be cut into statements can't be translated either, and translating it reports the error.
    let Ok(ranges) = statements(sql) else {
        return Ok(false);
    };
    let statements: Vec<Vec<String>> = ranges.into_iter().map(|range| words(&sql[range])).collect();
    for statement in &statements {
        refuse_copy(statement)?;
    }
    if transaction_control(sql).is_some() {
        return Ok(false);
    }
    Ok(match &statements[..] {
        [statement] => is_for_transactions(statement),
        statements => statements.len() > 1,
    })
}

/// Rows of `COPY` need messages of their own.
fn refuse_copy(statement: &[String]) -> Result<(), ScriptError> {
    let copies = statement.first().is_some_and(|first| first == "COPY");
    for pair in statement.windows(2).filter(|_| copies) {
        match [&*pair[0], &*pair[1]] {
            ["TO", "STDOUT" | "STDIN"] => return Err(ScriptError::CopyOut),
            ["FROM", "STDIN" | "STDOUT"] => return Err(ScriptError::CopyIn),
            _ => {}
        }
    }
    Ok(())
}

fn first_two(statement: &[String]) -> [&str; 2] {
    [0, 1].map(|index| statement.get(index).map_or("", String::as_str))
}

fn is_for_transactions(statement: &[String]) -> bool {
    matches!(
        first_two(statement),
        ["LOCK" | "DECLARE" | "SAVEPOINT", _] | ["SET", "LOCAL" | "CONSTRAINTS" | "TRANSACTION"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_begun_where_it_makes_a_difference() {
        for sql in [
            "LOCK TABLE orders",
            "/* so */ lock orders",
            "DECLARE c CURSOR FOR SELECT 1",
            "SET LOCAL statement_timeout = 1",
            "SELECT 1; SELECT 2",
            "SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; ROLLBACK WORK TO a",
            "PREPARE transaction_like AS SELECT 1; SELECT 2",
            "PREPARE transaction AS SELECT 1; SELECT 2",
        ] {
            assert!(needs_transaction(sql).unwrap(), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "VACUUM",
            "CREATE INDEX CONCURRENTLY i ON orders (id)",
            "INSERT INTO items VALUES (1); COMMIT; BEGIN; INSERT INTO items VALUES (2)",
            "BEGIN; SELECT 1; END",
            "SELECT 'x",
            "",
        ] {
            assert!(!needs_transaction(sql).unwrap(), "{sql}");
        }
    }

    #[test]
    fn a_copy_by_way_of_the_connection_is_refused_and_no_other() {
        for sql in [
            "COPY orders TO STDOUT",
            "copy orders (id) to stdout with (format csv)",
            "COPY (SELECT 1) TO STDOUT",
            "SELECT 1; COPY orders FROM STDIN",
            "COPY BINARY orders FROM STDIN",
        ] {
            let error = needs_transaction(sql).unwrap_err().to_string();
            assert!(error.contains("nothing was sent"), "{error}");
        }
        for sql in [
            "COPY orders TO '/tmp/orders'",
            "COPY stdin FROM PROGRAM 'cat'",
            "COPY (SELECT 1 FROM stdin) TO '/tmp/x'",
            "SELECT 1 FROM stdin",
        ] {
            assert!(needs_transaction(sql).is_ok(), "{sql}");
        }
    }
}
