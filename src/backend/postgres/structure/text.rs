//! SQL without the name of the schema that it is about.
//!
//! PostgreSQL's deparsers, under an empty search_path, write the schema before every name that is not PostgreSQL's own. In its place
//! goes a mark, which [`render`] replaces by any schema's name.

use std::collections::HashSet;

use super::tokens::Tokens;
use crate::{SchemaName, backend::postgres::quote::literal, translate::Template};

/// Stands for the schema's name as an identifier.
pub(super) const IDENTIFIER: &str = "\"\u{1}this schema\u{1}\"";
/// Stands for the same within a string.
pub(super) const IN_STRING: &str = "\"\u{2}this schema\u{2}\"";
/// Stands for the same within an element of an array, within a string.
pub(super) const IN_ARRAY: &str = "\\\"\u{4}this schema\u{4}\\\"";
/// Stands for the schema's name as a string.
pub(super) const STRING: &str = "'\u{3}this schema\u{3}'";

/// A text in which marks stand for the schema's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Neutral {
    pub(super) text: String,
    /// Whether it is certain which names are the schema's.
    pub(super) is_clear: bool,
}

/// The text for a schema.
pub(crate) fn render(text: &str, schema: &SchemaName) -> String {
    if !text.contains(['\u{1}', '\u{2}', '\u{3}', '\u{4}']) {
        return text.to_owned();
    }
    text.replace(IDENTIFIER, schema.quoted())
        .replace(IN_STRING, &schema.quoted().replace('\'', "''"))
        .replace(IN_ARRAY, &escaped(schema.quoted()).replace('\'', "''"))
        .replace(STRING, &literal(schema.as_str()))
}

/// What stands between the quotes of an array's element.
pub(super) fn escaped(element: &str) -> String {
    element.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A deparsed piece of SQL that holds no query, about another schema.
pub(crate) fn moved(sql: &str, from: &SchemaName, to: &SchemaName) -> String {
    render(&neutral(sql, from, false).text, to)
}

/// The text as people read it, without any schema.
pub(crate) fn unqualified(text: &str) -> String {
    text.replace(&format!("{IDENTIFIER}."), "")
        .replace(&format!("{IN_STRING}."), "")
        .replace(&format!("{IN_ARRAY}."), "")
}

/// Takes the name of `schema` out of a deparsed statement, or a part of one. `holds_queries`: see [`Kind`](super::Kind).
pub(super) fn neutral(sql: &str, schema: &SchemaName, holds_queries: bool) -> Neutral {
    let Some(tokens) = Tokens::of(sql, schema.as_str()) else {
        return Neutral {
            text: sql.to_owned(),
            is_clear: false,
        };
    };
    if holds_queries && tokens.may_be_alias() {
        // A function's header, in which types may stand anywhere, has no aliases.
        match tokens.atomic_body() {
            _ if !tokens.is_function() => return by_grammar(sql, schema),
            Some((start, end)) => {
                let header = neutral(&sql[..start], schema, false);
                let body = by_grammar(&sql[start..end], schema);
                return Neutral {
                    text: header.text + &body.text + &sql[end..],
                    is_clear: header.is_clear && body.is_clear,
                };
            }
            None => {}
        }
    }
    let mut out = tokens.replaced(|at| tokens.qualifies(at));
    out.is_clear &= !tokens.has_body || tokens.body_is_clear();
    out
}

/// In a query with an alias, or a column, named like the schema: the translator knows them apart. What it does not look at are the
/// names of types, functions, operators and collations, which have their own places.
pub(super) fn by_grammar(sql: &str, schema: &SchemaName) -> Neutral {
    let unclear = || Neutral {
        text: sql.to_owned(),
        is_clear: false,
    };
    let (Ok(template), Some(tokens)) = (Template::analyse(sql), Tokens::of(sql, schema.as_str())) else {
        return unclear();
    };
    if tokens.has_body {
        return unclear();
    }
    let places: HashSet<usize> = template.places_of(schema.as_str()).collect();
    tokens.replaced(|at| tokens.qualifies(at) && (tokens.is_no_column(at) || places.contains(&tokens.start(at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(sql: &str, from: &str, to: &str, queries: bool) -> String {
        let Neutral { text, is_clear } = neutral(sql, &SchemaName::new(from).unwrap(), queries);
        assert!(is_clear, "{sql}");
        render(&text, &SchemaName::new(to).unwrap())
    }

    #[test]
    fn the_schema_is_replaced_where_it_qualifies_and_nowhere_else() {
        for (sql, expected) in [
            (
                "CREATE TABLE a.a (a a.a, b text DEFAULT 'a.b')",
                "CREATE TABLE \"it's\".a (a \"it's\".a, b text DEFAULT 'a.b')",
            ),
            ("nextval('a.s'::regclass)", "nextval('\"it''s\".s'::regclass)"),
            ("'a.f(a.t)'::regprocedure", "'\"it''s\".f(\"it''s\".t)'::regprocedure"),
            ("'a'::regnamespace", "'\"it''s\"'::regnamespace"),
            (
                r#"'{a.t,b.a,"a.\"X \\\"\"Y\""}'::regclass[]"#,
                r#"'{"\"it''s\".t",b.a,"\"it''s\".\"X \\\"\"Y\""}'::regclass[]"#,
            ),
            (
                "'[2:3]={{a},{b}}'::regnamespace[]",
                r#"'[2:3]={{"\"it''s\""},{b}}'::regnamespace[]"#,
            ),
            (
                "x OPERATOR(a.+) y COLLATE a.c",
                "x OPERATOR(\"it's\".+) y COLLATE \"it's\".c",
            ),
            (
                "SET search_path TO 'a', 'b' AS 'a'",
                "SET search_path TO 'it''s', 'b' AS 'a'",
            ),
        ] {
            assert_eq!(through(sql, "a", "it's", false), expected);
        }
    }

    #[test]
    fn an_alias_named_like_the_schema_stays() {
        assert_eq!(
            through(
                "CREATE VIEW a.v AS SELECT a.x::a.mood, a.f(a.y) FROM a.a, a.t",
                "a",
                "b",
                true
            ),
            "CREATE VIEW \"b\".v AS SELECT a.x::\"b\".mood, \"b\".f(a.y) FROM \"b\".a, \"b\".t"
        );
    }

    #[test]
    fn a_body_follows_its_schema_or_is_unclear() {
        let function = |language: &str, body: &str| {
            format!(
                "CREATE OR REPLACE FUNCTION a.f()\n RETURNS void\n LANGUAGE {language}\nAS $function${body}$function$\n"
            )
        };
        assert_eq!(
            through(
                &function("plpgsql", "BEGIN INSERT INTO a.t VALUES ('x'); END"),
                "a",
                "b'",
                true
            ),
            "CREATE OR REPLACE FUNCTION \"b'\".f()\n RETURNS void\n LANGUAGE plpgsql\n\
             AS 'BEGIN INSERT INTO \"b''\".t VALUES (''x''); END'\n"
        );
        let a = SchemaName::new("a").unwrap();
        for (language, body) in [
            ("plpgsql", "BEGIN EXECUTE 'DELETE FROM a.t'; END"),
            ("plpython3u", "plpy.execute('DELETE FROM a.t')"),
        ] {
            assert!(!neutral(&function(language, body), &a, true).is_clear, "{body}");
        }
        assert!(neutral(&function("plpgsql", "BEGIN NULL; END"), &a, true).is_clear);
    }

    #[test]
    fn an_alias_or_variable_of_a_body_that_is_named_like_the_schema_stays() {
        for (language, body, expected) in [
            (
                "sql",
                "SELECT a.x, a.f(a.y) FROM a.t a",
                "SELECT a.x, \"b\".f(a.y) FROM \"b\".t a",
            ),
            (
                "sql",
                "SELECT max(a.oid) FROM pg_database a; DELETE FROM a.t",
                "SELECT max(a.oid) FROM pg_database a; DELETE FROM \"b\".t",
            ),
            (
                "plpgsql",
                "DECLARE a record; m a.mood; BEGIN a.x := a.f(1); RETURN a.x; END",
                "DECLARE a record; m \"b\".mood; BEGIN a.x := \"b\".f(1); RETURN a.x; END",
            ),
            (
                "plpgsql",
                "DECLARE a record; BEGIN SELECT x, y INTO STRICT a.x, a.y FROM a.t, a.u; PERFORM a.z FROM a.t a; END",
                "DECLARE a record; BEGIN SELECT x, y INTO STRICT a.x, a.y FROM \"b\".t, \"b\".u; PERFORM a.z FROM \"b\".t a; END",
            ),
            (
                "plpgsql",
                "BEGIN FOR a IN SELECT id FROM a.t LOOP IF EXISTS (SELECT FROM a.u WHERE u.id = a.id) THEN INSERT INTO a.t VALUES (a.id) RETURNING id INTO a.id; END IF; END LOOP; END",
                "BEGIN FOR a IN SELECT id FROM \"b\".t LOOP IF EXISTS (SELECT FROM \"b\".u WHERE u.id = a.id) THEN INSERT INTO \"b\".t VALUES (a.id) RETURNING id INTO a.id; END IF; END LOOP; END",
            ),
        ] {
            let function = |body: &str| {
                format!(
                    "CREATE OR REPLACE FUNCTION a.f()\n RETURNS void\n LANGUAGE {language}\nAS $function${body}$function$\n"
                )
            };
            let expected = function(expected)
                .replace("a.f()\n", "\"b\".f()\n")
                .replace("$function$", "'");
            assert_eq!(through(&function(body), "a", "b", true), expected);
        }
        // A trigger's row, in a schema named `new`.
        let Neutral { text, is_clear } = neutral(
            "CREATE OR REPLACE FUNCTION new.f()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$BEGIN new.x := 1; INSERT INTO log VALUES (new.x); RETURN new; END$function$\n",
            &SchemaName::new("new").unwrap(),
            true,
        );
        assert!(
            is_clear && text.contains("BEGIN new.x := 1; INSERT INTO log VALUES (new.x); RETURN new; END"),
            "{text}"
        );
    }
}
