//! The words of a statement, as far as they show what kind of statement it is.

use diesel_tenants_translate::{Dialect, tokens_for};

/// Whether a statement begins or ends a transaction. Savepoints stay inside of one.
pub(crate) fn controls_transaction(statement: &str) -> bool {
    let places = tokens_for(Dialect::Mysql, statement).unwrap_or_default();
    let word = |at: usize| places.get(at).map_or("", |place| &statement[place.clone()]);
    let is = |at: usize, wanted: &str| word(at).eq_ignore_ascii_case(wanted);
    let begins = is(0, "BEGIN") && !is(1, "NOT") || is(0, "START") && is(1, "TRANSACTION");
    let ends = is(0, "COMMIT") || is(0, "ROLLBACK") && !(is(1, "TO") || is(1, "WORK") && is(2, "TO"));
    begins || ends || is(0, "XA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_told_from_savepoints() {
        for sql in [
            "BEGIN",
            "begin work",
            "START TRANSACTION READ ONLY",
            "COMMIT AND CHAIN",
            "rollback",
            "XA START 'x'",
        ] {
            assert!(controls_transaction(sql), "{sql}");
        }
        for sql in [
            "ROLLBACK TO a",
            "ROLLBACK WORK TO SAVEPOINT a",
            "SAVEPOINT a",
            "START SLAVE",
            "SELECT 'COMMIT'",
            "",
        ] {
            assert!(!controls_transaction(sql), "{sql}");
        }
    }
}
