//! Replaces a schema's name in a text by marks, and finds whether a text names a schema.
//!
//! The two are in one file because each needs the other: a function's body is a text inside a text.

use std::collections::{BTreeSet, HashSet};

use super::{
    array::replaced_elements,
    language::{BodyLanguage, Language},
    marks::{IDENTIFIER, IN_STRING, Neutral, STRING, render},
    queries::Queries,
    schema_positions::{Tokens, string_content},
    search::{Found, Question, search, strings},
};
use crate::{
    SchemaName,
    backend::postgres::quote::{identifier, literal},
    translate::{Template, TokenKind, dollar_content},
};

/// A deparsed piece of SQL without queries, rewritten for another schema.
pub(crate) fn moved(sql: &str, from: &SchemaName, to: &SchemaName) -> String {
    render(&neutral(sql, from, false).text, to)
}

/// Replaces the name of `schema` in a deparsed statement, or a part of one, by marks. `holds_queries`: see
/// [`ObjectKind`](crate::backend::object_kind::ObjectKind).
pub(in crate::backend::postgres::structure) fn neutral(sql: &str, schema: &SchemaName, holds_queries: bool) -> Neutral {
    let Some(tokens) = Tokens::of(sql, schema.as_str()) else {
        return Neutral {
            text: sql.to_owned(),
            is_clear: false,
        };
    };
    if holds_queries && tokens.may_be_alias() {
        // A function's header has types in many places, but no aliases.
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
    let body = naming_body(&tokens);
    let mut out = replaced(&tokens, body, |at| tokens.qualifies(at));
    out.is_clear &= body.is_none() || body_is_clear(&tokens);
    out
}

/// For a query with an alias or column of the schema's name: the translator can distinguish them. It does not read the
/// names of types, functions, operators and collations, which are recognized by their position.
fn by_grammar(sql: &str, schema: &SchemaName) -> Neutral {
    let unclear = || Neutral {
        text: sql.to_owned(),
        is_clear: false,
    };
    let (Ok(template), Some(tokens)) = (Template::analyse(sql), Tokens::of(sql, schema.as_str())) else {
        return unclear();
    };
    if naming_body(&tokens).is_some() {
        return unclear();
    }
    let places: HashSet<usize> = template.places_of(schema.as_str()).collect();
    replaced(&tokens, None, |at| {
        tokens.qualifies(at) && (tokens.is_no_column(at) || places.contains(&tokens.text.start(at)))
    })
}

/// The body with marks in place of the schema's name; `None` if it is unclear which names are the schema's.
/// `has_parameter`: whether something else in the function's header has that name.
fn neutral_body(body: &str, language: BodyLanguage, schema: &str, has_parameter: bool) -> Option<String> {
    let tokens = Tokens::of(body, schema)?;
    if !has_parameter && !tokens.may_be_alias() {
        return Some(replaced(&tokens, naming_body(&tokens), |at| tokens.qualifies(at)).text);
    }
    match language {
        BodyLanguage::Sql => {
            let found = by_grammar(body, &SchemaName::new(schema).ok()?);
            found.is_clear.then_some(found.text)
        }
        BodyLanguage::PlPgSql => {
            let places = Queries::of(&tokens.text, schema)?.places;
            let is_schema = |at: usize| {
                tokens.qualifies(at)
                    && (tokens.is_no_column(at)
                        || places.contains(&tokens.text.start(at))
                        || tokens.is_declared_type(at))
            };
            Some(replaced(&tokens, naming_body(&tokens), is_schema).text)
        }
    }
}

/// The names in a text that are schemas' names, as `is_schema` decides. A deparsed text must come from a session with
/// an empty search_path, which shows which functions are PostgreSQL's own. `has_parameter`: whether a parameter of the
/// function has that name.
pub(in crate::backend::postgres::structure) fn named(
    text: &str,
    language: Language,
    has_parameter: bool,
    is_schema: &dyn Fn(&str) -> bool,
) -> BTreeSet<String> {
    let Found { mut names, open } = search(text, language, has_parameter, is_schema);
    for question in open {
        if !names.contains(&question.name) && is_schemas(&question, has_parameter) {
            names.insert(question.name);
        }
    }
    names
}

/// Whether the translator finds that the name is a schema's, if an alias has the name as well.
fn is_schemas(question: &Question, has_parameter: bool) -> bool {
    match neutral_body(&question.text, question.language, &question.name, has_parameter) {
        Some(neutral) => neutral != question.text,
        None => !question.may_be_prose,
    }
}

/// Whether a text names a schema. `has_parameter`: whether a parameter of the function has that name.
pub(in crate::backend::postgres::structure) fn names(
    text: &str,
    language: Language,
    schema: &str,
    has_parameter: bool,
) -> bool {
    !named(text, language, has_parameter, &|name| name == schema).is_empty()
}

/// The function's body, if it is a string that may name the schema.
fn naming_body(tokens: &Tokens<'_>) -> Option<usize> {
    let body = tokens.body()?;
    let language = match tokens.understood_body() {
        Some((_, language)) => Language::Body(language),
        None => Language::Foreign,
    };
    let text = tokens.text.written(body);
    let names_schema = mentions(text, tokens.schema) || names(dollar_content(text), language, tokens.schema, false);
    names_schema.then_some(body)
}

/// Whether it is clear which names in the body are the schema's, and all of them can be replaced. A string in the body
/// may be run as a statement.
fn body_is_clear(tokens: &Tokens<'_>) -> bool {
    let Some((content, language)) = tokens.understood_body() else {
        return tokens.body().is_none();
    };
    let Some(strings) = strings(content) else {
        return false;
    };
    let has_parameter = tokens.may_be_alias();
    let is_left = |text: String| names(&text, Language::Body(language), tokens.schema, has_parameter);
    strings.iter().all(|string| !mentions(string, tokens.schema))
        && neutral_body(content, language, tokens.schema, has_parameter).is_some_and(|text| !is_left(text))
}

/// The text with marks in place of the schema's name: where `is_schema` says so, in strings that name objects, in a
/// search_path, and in the body.
fn replaced(tokens: &Tokens<'_>, body: Option<usize>, is_schema: impl Fn(usize) -> bool) -> Neutral {
    let text = &tokens.text;
    let mut out = String::with_capacity(text.sql().len() + 32);
    let mut copied = 0;
    let mut in_search_path = false;
    for at in 0..text.len() {
        let Some(kind) = text.kind(at) else { break };
        in_search_path = match kind {
            TokenKind::String | TokenKind::Comma => in_search_path,
            _ => {
                at >= 2 && text.is_word(at, "to") && text.is_word(at - 1, "search_path") && text.is_word(at - 2, "set")
            }
        };
        let replacement = match kind {
            TokenKind::String
                if in_search_path && string_content(text.written(at)).as_deref() == Some(tokens.schema) =>
            {
                Some(STRING.to_owned())
            }
            TokenKind::String if Some(at) == body => replaced_body(tokens),
            TokenKind::String if text.kind(at + 1) == Some(TokenKind::Cast) && tokens.is_object_type(at + 2) => {
                replaced_string(tokens, at)
            }
            kind if kind.is_label() && is_schema(at) => Some(IDENTIFIER.to_owned()),
            _ => None,
        };
        if let Some(replacement) = replacement {
            out.push_str(&text.sql()[copied..text.start(at)]);
            out.push_str(&replacement);
            copied = text.end(at);
        }
    }
    out.push_str(&text.sql()[copied..]);
    Neutral {
        text: out,
        is_clear: true,
    }
}

fn replaced_string(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    let content = string_content(tokens.text.written(at))?;
    let names_schemas = tokens.text.is_word(at + 2, "regnamespace");
    if tokens.text.kind(at + 3) == Some(TokenKind::OpenBracket) {
        let text = replaced_elements(&content, |element| replaced_name(tokens.schema, element, names_schemas))?;
        return Some(literal(&text));
    }
    let text = replaced_name(tokens.schema, &content, names_schemas)?;
    Some(literal(&text).replace(IDENTIFIER, IN_STRING))
}

/// An object's name with a mark in place of the schema's name; `None` if the object is not in the schema.
fn replaced_name(schema: &str, name: &str, is_schemas: bool) -> Option<String> {
    let tokens = Tokens::of(name, schema)?;
    let is_whole = |at| is_schemas && tokens.text.len() == 1 && tokens.is_schemas_name(at);
    let Neutral { text, .. } = replaced(&tokens, naming_body(&tokens), |at| tokens.qualifies(at) || is_whole(at));
    (text != name).then_some(text)
}

/// The body with marks; unchanged if it is unclear which names are the schema's.
fn replaced_body(tokens: &Tokens<'_>) -> Option<String> {
    let (content, language) = tokens.understood_body()?;
    let text = neutral_body(content, language, tokens.schema, tokens.may_be_alias())?;
    (text != content).then(|| literal(&text).replace(IDENTIFIER, IN_STRING))
}

/// Whether a text contains the schema's name as a whole word, with a dot after it.
fn mentions(text: &str, schema: &str) -> bool {
    let quoted = format!("{}.", identifier(schema));
    if text.contains(&quoted) {
        return true;
    }
    let bare = format!("{schema}.");
    let lower = text.to_lowercase();
    lower
        .match_indices(&bare)
        .any(|(at, _)| !lower[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '$')))
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
