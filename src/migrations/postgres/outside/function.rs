//! What the body of a function leaves on its caller's session.

use super::reader::word;
use crate::translate::{SessionEffect, Template, Token, TokenKind, string_content, tokens};

/// Verbs of statements that may leave something. DECLARE is missing because it means something else in a block; calls
/// are found anywhere in the text.
const VERBS: [&str; 11] = [
    "create",
    "deallocate",
    "discard",
    "listen",
    "load",
    "prepare",
    "reset",
    "select",
    "set",
    "unlisten",
    "update",
];

/// What a function or procedure with this body, in SQL or PL/pgSQL, leaves on its caller's session, as far as its text
/// shows: temporary tables without `ON COMMIT DROP`, settings without `LOCAL`, advisory locks of the session.
///
/// A pool's connection serves one tenant after another, and a checkout can't see what functions do. So the next tenant
/// gets whatever a function leaves on the session.
///
/// ```
/// use diesel_tenants::migrations::left_on_session;
///
/// let body = "BEGIN CREATE TEMP TABLE report AS SELECT * FROM items; PERFORM set_config('app.user', 'x', true); END";
/// assert_eq!(left_on_session(body), ["CREATE TEMP TABLE report"]);
/// ```
pub fn left_on_session(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    find(body, &mut found);
    found
}

/// What is left by the body of the function or procedure that a statement creates; each text begins with the
/// statement's first words.
pub(super) fn of_function(sql: &str, statement: &[Token], rest: &[Token]) -> Vec<String> {
    let kind = statement.iter().map(|token| word(sql, *token));
    let kind = kind.skip(1).find(|word| !["or", "replace"].contains(&&**word));
    if !matches!(kind.as_deref(), Some("function" | "procedure")) {
        return Vec::new();
    }
    let is_open = |token: &Token| token.kind == TokenKind::Open;
    let name_end = statement.iter().position(is_open).unwrap_or(statement.len());
    let (Some(first), Some(last)) = (statement.first(), statement[..name_end].last()) else {
        return Vec::new();
    };
    let name = words(&sql[first.start as usize..last.end as usize]);
    let mut found = Vec::new();
    if let Some(begin) = statement.iter().position(|token| word(sql, *token) == "atomic") {
        let is_end = |pair: &[Token]| pair[0].kind == TokenKind::Semicolon && word(sql, pair[1]) == "end";
        let end = rest.windows(2).position(is_end).map_or(rest.len(), |end| end + 1);
        let body = &rest[(begin + 1).min(end)..end];
        if let (Some(first), Some(last)) = (body.first(), body.last()) {
            find(&sql[first.start as usize..last.end as usize], &mut found);
        }
    }
    let bodies = statement
        .windows(2)
        .filter(|pair| word(sql, pair[0]) == "as" && pair[1].kind == TokenKind::String);
    for pair in bodies {
        find(&string_content(text(sql, pair[1])), &mut found);
    }
    found
        .iter()
        .map(|left| format!("{name}: {left}, which stays on its caller's session"))
        .collect()
}

fn find(body: &str, found: &mut Vec<String>) {
    let Some(tokens) = tokens(body) else { return };
    let mut is_begin = true;
    for (index, &token) in tokens.iter().enumerate() {
        let first = word(body, token);
        if is_begin && token.kind != TokenKind::Semicolon {
            let is_end = |token: &Token| token.kind == TokenKind::Semicolon;
            let end = tokens[index..]
                .iter()
                .position(is_end)
                .map_or(tokens.len(), |end| index + end);
            let statement = &tokens[index..end];
            if VERBS.contains(&&*first) {
                found.extend(of_statement(body, statement));
            }
            if first == "execute" {
                let strings = statement.iter().filter(|token| token.kind == TokenKind::String);
                for string in strings {
                    // The values that `format` inserts are mostly names.
                    let sql = string_content(text(body, *string));
                    find(&sql.replace("%I", "_I").replace("%L", "_L").replace("%s", "_s"), found);
                }
            }
        }
        if tokens.get(index + 1).is_some_and(|next| next.kind == TokenKind::Open) && token.kind.is_label() {
            found.extend(of_call(body, &tokens[index..]));
        }
        is_begin = token.kind == TokenKind::Semicolon || ["begin", "then", "else", "loop"].contains(&&*first);
    }
}

/// What a statement leaves by the translator's analysis, apart from the functions that it calls.
fn of_statement(body: &str, statement: &[Token]) -> Option<String> {
    let (first, last) = (statement.first()?, statement.last()?);
    let start = first.start as usize;
    let offset = certain(&body[start..last.end as usize])? + start;
    let at = statement.iter().position(|token| token.start as usize == offset)?;
    if statement.get(at + 1).is_some_and(|next| next.kind == TokenKind::Open) && word(body, *first) != "create" {
        return None;
    }
    // The verb alone says little.
    let shown = if at == 0 {
        statement.get(1).unwrap_or(first)
    } else {
        &statement[at]
    };
    Some(words(&body[start..shown.end as usize]))
}

/// What a call leaves by the translator's analysis. The first token is the function's name.
fn of_call(body: &str, tokens: &[Token]) -> Option<String> {
    let name = text(body, *tokens.first()?);
    certain(&format!("SELECT {name}()"))?;
    let mut depth = 0usize;
    let end = tokens.iter().find(|token| {
        depth += usize::from(token.kind == TokenKind::Open);
        depth -= usize::from(token.kind == TokenKind::Close && depth > 0);
        token.kind == TokenKind::Close && depth == 0
    })?;
    let call = &body[tokens[0].start as usize..end.end as usize];
    // A call that can't be analysed doesn't count as harmless.
    let is_harmless = Template::analyse(&format!("SELECT {call}")).is_ok_and(|call| !is_certain(&call));
    (!is_harmless).then(|| name.to_owned())
}

fn certain(sql: &str) -> Option<usize> {
    match Template::analyse(sql).ok()?.session_effect() {
        SessionEffect::Certain { offset } => Some(offset),
        SessionEffect::None | SessionEffect::Possible => None,
    }
}

fn is_certain(template: &Template) -> bool {
    matches!(template.session_effect(), SessionEffect::Certain { .. })
}

fn text(sql: &str, token: Token) -> &str {
    &sql[token.start as usize..token.end as usize]
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_body_leaves_on_its_callers_session_is_found() {
        for (body, left) in [
            (
                "BEGIN CREATE TEMP TABLE IF NOT EXISTS  tmp_report AS SELECT 1; RETURN QUERY SELECT * FROM tmp_report; END",
                "CREATE TEMP TABLE IF NOT EXISTS tmp_report",
            ),
            (
                "CREATE TEMPORARY TABLE a (x int) ON COMMIT DELETE ROWS",
                "CREATE TEMPORARY TABLE a",
            ),
            (
                "BEGIN EXECUTE 'CREATE TEMP TABLE a (x int)'; END",
                "CREATE TEMP TABLE a",
            ),
            (
                "BEGIN EXECUTE format('CREATE TEMP TABLE a AS SELECT * FROM %I.b', c); END",
                "CREATE TEMP TABLE a",
            ),
            (
                "DECLARE a int; BEGIN IF a > 1 THEN SET search_path = x; END IF; END",
                "SET search_path",
            ),
            ("BEGIN PERFORM set_config('a', b, false); END", "set_config"),
            ("BEGIN PERFORM pg_catalog.set_config('a', b, c); END", "set_config"),
            ("BEGIN a := pg_try_advisory_lock(1); END", "pg_try_advisory_lock"),
            ("SELECT pg_advisory_lock(hashtext('x'))", "pg_advisory_lock"),
            (
                "UPDATE pg_settings SET setting = 'x' WHERE name = 'y'",
                "UPDATE pg_settings",
            ),
            ("SELECT 1 INTO TEMP a", "SELECT 1 INTO TEMP a"),
        ] {
            assert_eq!(left_on_session(body), [left], "{body}");
        }
    }

    #[test]
    fn what_ends_with_the_transaction_is_not() {
        for body in [
            "BEGIN CREATE TEMP TABLE a (x int) ON COMMIT DROP; END",
            "BEGIN SET LOCAL search_path = x; UPDATE items SET price = 1; END",
            "BEGIN PERFORM set_config('a', b, true); PERFORM pg_advisory_xact_lock(1); END",
            "DECLARE c CURSOR FOR SELECT 1; n int; BEGIN SELECT x INTO n FROM items; RETURN NEW; END",
            "BEGIN RAISE NOTICE 'SET a = 1; CREATE TEMP TABLE b ()'; END",
            "not SQL at all $$",
        ] {
            assert_eq!(left_on_session(body), [""; 0], "{body}");
        }
    }
}
