//! Text to tokens, seen from outside: the places of statements and of errors.
#![no_main]

use diesel_tenants_translate::{Template, TranslateError, statements};
use diesel_tenants_translate_fuzz::sql;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(sql) = sql(data) else { return };
    let analysed = Template::analyse(&sql);
    if let Err(error) = &analysed {
        has_a_place(&sql, error);
    }
    match statements(&sql) {
        Err(error) => has_a_place(&sql, &error),
        Ok(ranges) => {
            let mut end = 0;
            for range in ranges {
                assert!(
                    end <= range.start && range.start < range.end,
                    "statements overlap: {sql}"
                );
                end = range.end;
                // Panics if it isn't at characters' boundaries.
                let statement = &sql[range];
                assert_eq!(
                    statement.trim_end_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']),
                    statement
                );
                let again = statements(statement).expect("a statement by itself");
                assert_eq!(again, [0..statement.len()], "a statement is one statement: {statement}");
            }
        }
    }
});

fn has_a_place(sql: &str, error: &TranslateError) {
    assert!(error.offset() <= sql.len(), "{error}");
    assert!(error.to_string().contains('^'), "{error}");
}
