//! Statements that begin or end a transaction.

use super::{
    lexer::{Kind, Lexer},
    split,
};

/// Finds the first statement of a text that would end the surrounding transaction, or begin one, and returns its first
/// word in capitals, and the byte offset of that word.
///
/// Savepoints stay inside the transaction and are not reported. `None` for a text that can't be understood: the server
/// will report what is wrong with it.
pub fn transaction_control(sql: &str) -> Option<(String, usize)> {
    split(sql).ok()?.into_iter().find_map(|range| {
        let (word, offset) = controls_transaction(&sql[range.clone()])?;
        Some((word, range.start + offset))
    })
}

fn controls_transaction(statement: &str) -> Option<(String, usize)> {
    let mut lexer = Lexer::new(statement).ok()?;
    let mut next = || {
        let token = lexer.next().ok()?;
        let text = &statement[token.start as usize..token.end as usize];
        Some((text.to_ascii_uppercase(), token))
    };
    let (first, token) = next()?;
    let offset = token.start as usize;
    let mut word = || Some(next()?.0);
    let controls = match &*first {
        "BEGIN" | "COMMIT" | "END" | "ABORT" => true,
        "START" => word()? == "TRANSACTION",
        // A prepared statement may have the name `transaction`.
        "PREPARE" => word()? == "TRANSACTION" && next()?.1.kind == Kind::String,
        // ROLLBACK [WORK | TRANSACTION] TO SAVEPOINT
        "ROLLBACK" => !matches!(word().as_deref(), Some("TO")) && !matches!(word().as_deref(), Some("TO")),
        _ => false,
    };
    controls.then_some((first, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_control_is_found_among_other_statements() {
        for (sql, word, offset) in [
            ("CREATE TABLE a (b int); commit", "COMMIT", 24),
            ("SELECT weekend, 'end' FROM a; END", "END", 30),
            ("/* so */ Begin; SELECT 1", "BEGIN", 9),
            ("START TRANSACTION", "START", 0),
            ("ROLLBACK", "ROLLBACK", 0),
            ("ROLLBACK WORK", "ROLLBACK", 0),
            ("PREPARE TRANSACTION 'x'", "PREPARE", 0),
            ("END", "END", 0),
        ] {
            assert_eq!(transaction_control(sql), Some((word.to_owned(), offset)), "{sql}");
        }
    }

    #[test]
    fn savepoints_strings_and_function_bodies_are_no_transaction_control() {
        for sql in [
            "SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; ROLLBACK WORK TO SAVEPOINT a; RELEASE a",
            "INSERT INTO notes VALUES ('; COMMIT')",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; SELECT 2; END",
            "DO $$ BEGIN END $$",
            "PREPARE plan AS SELECT 1",
            "PREPARE transaction AS SELECT 1",
            "",
        ] {
            assert_eq!(transaction_control(sql), None, "{sql}");
        }
    }
}
