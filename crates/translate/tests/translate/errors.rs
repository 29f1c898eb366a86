//! Text that is not understood is an error, never a guess.

use diesel_tenants_translate::{POISON, TranslateError};

use super::map;

fn error(sql: &str) -> TranslateError {
    match map().translate(sql) {
        Ok(translated) => panic!("{sql} became {translated}"),
        Err(error) => error,
    }
}

#[test]
fn tokens_without_an_end() {
    for (sql, token, offset) in [
        ("SELECT 'a FROM b", "string", 7),
        ("SELECT E'a\\' FROM b", "string", 8),
        ("SELECT \"a FROM b", "quoted identifier", 7),
        ("SELECT U&\"a", "quoted identifier", 9),
        ("SELECT /* /* */ FROM b", "comment", 7),
        ("SELECT $x$ $$ FROM b", "dollar-quoted string", 7),
    ] {
        let error = error(sql);
        assert!(
            matches!(error, TranslateError::Unterminated { token: found, .. } if found == token),
            "{sql}: {error:?}"
        );
        assert_eq!(error.offset(), offset, "{sql}");
    }
}

#[test]
fn structure_that_is_not_understood() {
    for (sql, offset) in [
        ("FROBNICATE orders", 0),
        ("CREATE WIDGET x", 7),
        ("SELECT (1 FROM a", 16),
        ("SELECT 1) FROM a", 8),
        ("SELECT a[1 FROM b", 17),
        ("SELECT 1 FROM (a", 16),
        ("SELECT 1 FROM", 13),
        ("SELECT 1 FROM 'a'", 14),
        ("SELECT 1 FROM a b c", 18),
        ("SELECT 1 FROM a,", 16),
        ("SELECT 1 FROM a JOIN b", 22),
        ("SELECT 1 FROM a JOIN b, c", 22),
        ("SELECT 1 FROM a FROM b", 16),
        ("SELECT 1 FROM a LEFT b", 21),
        ("SELECT 1 FROM select", 14),
        ("SELECT 1 FROM a.", 16),
        ("SELECT 1 + SELECT 2 FROM a", 11),
        ("SELECT a[1 UNION TABLE b]", 11),
        ("SELECT (1 TABLE b)", 10),
        ("SELECT f(1 JOIN b)", 11),
        ("SELECT a[1 INTO b]", 11),
        ("DELETE FROM a WHERE x INTO b", 22),
        ("SELECT (1 EXCEPT (TABLE b))", 10),
        ("SELECT CASE WHEN a THEN b FROM c", 32),
        ("SELECT 1 FROM \"\"", 14),
        ("SELECT 1 \\ 2", 9),
        ("SELECT $x", 7),
        ("SELECT \0 1", 7),
        ("INSERT orders VALUES (1)", 7),
        ("INSERT INTO a", 13),
        ("UPDATE a WHERE x", 9),
        ("DELETE a", 7),
        ("DELETE FROM a JOIN b ON true", 14),
        ("DELETE FROM a FROM b", 14),
        ("WITH a SELECT 1", 7),
        ("WITH a AS SELECT 1", 10),
        ("CREATE VIEW a SELECT 1 FROM b", 14),
        ("CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;", 42),
        ("CREATE RULE r AS ON UPDATE TO a DO (SELECT 1", 44),
        ("a.x = 1 FROM b", 8),
        ("{", 0),
    ] {
        let error = error(sql);
        assert!(
            matches!(error, TranslateError::NotUnderstood { .. }),
            "{sql}: {error:?}"
        );
        assert_eq!(error.offset(), offset, "{sql}: {error}");
    }
}

#[test]
fn the_message_shows_the_place_on_one_line() {
    let text = error("SELECT 1;\n\tSELECT 'größe',\r x FROM !").to_string();
    assert_eq!(
        text,
        "this SQL is not understood: a table, a function or a subquery was expected, at 2:26\n   SELECT 'größe',  x FROM !\n                           ^",
    );
    let long = format!("SELECT {} FROM 1{}", "a, ".repeat(100), ", b".repeat(100));
    let text = error(&long).to_string();
    assert!(text.lines().all(|line| line.chars().count() < 110), "{text}");
    let [.., excerpt, caret] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    assert_eq!(excerpt.chars().nth(caret.chars().count() - 1), Some('1'), "{text}");
}

#[test]
fn a_nested_translation_is_told_apart() {
    let error = error(&format!("SELECT 1 FROM a WHERE x IN ({POISON}SELECT 2 FROM b)"));
    assert!(
        matches!(error, TranslateError::NestedTranslation { offset: 28, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("`.in_schema(..)`") && !error.to_string().contains('\u{1}'));
    // A value may hold anything.
    assert!(map().translate("SELECT '\u{1}', \"\u{1}\" FROM a").is_ok());
}
