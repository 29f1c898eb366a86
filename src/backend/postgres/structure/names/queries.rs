//! Finds the names before relations in a body of PL/pgSQL.

use std::collections::HashSet;

use super::text::Text;
use crate::translate::{Template, TokenKind};

/// The queries in a body of PL/pgSQL. The rest of the body is expressions, in which only functions and types have a
/// schema.
pub(super) struct Queries {
    /// Where in the body the schema's name stands before a relation.
    pub(super) places: HashSet<usize>,
}

impl Queries {
    pub(super) fn of(text: &Text<'_>, schema: &str) -> Option<Self> {
        let mut places = HashSet::new();
        let mut at = 0;
        while at < text.len() {
            if !begins_query(text, at) {
                at += 1;
                continue;
            }
            let end = end_of_query(text, at);
            let query = as_sql(text, at, end);
            let template = Template::analyse(&query).ok()?;
            let start = text.start(at);
            places.extend(template.places_of(schema).map(|place| start + place));
            at = end;
        }
        Some(Self { places })
    }
}

fn begins_query(text: &Text<'_>, at: usize) -> bool {
    const FIRST: [&str; 8] = [
        "select", "insert", "update", "delete", "merge", "with", "values", "perform",
    ];
    /// Words that may also be names, unless they begin a statement.
    const FIRST_OF_ALL: [&str; 6] = ["truncate", "lock", "alter", "drop", "comment", "create"];
    let is_name = at > 0 && text.kind(at - 1) == Some(TokenKind::Dot);
    let is_first = at > 0
        && (text.kind(at - 1) == Some(TokenKind::Semicolon)
            || ["begin", "then", "else", "loop"]
                .iter()
                .any(|word| text.is_word(at - 1, word)));
    !is_name && FIRST.iter().any(|word| text.is_word(at, word))
        || is_first && FIRST_OF_ALL.iter().any(|word| text.is_word(at, word))
}

/// The end of a query: a semicolon, the closing parenthesis around the query, or the LOOP that runs over it.
fn end_of_query(text: &Text<'_>, start: usize) -> usize {
    let mut depth = 0;
    for at in start..text.len() {
        match text.kind(at) {
            Some(TokenKind::Open) => depth += 1,
            Some(TokenKind::Close) if depth == 0 => return at,
            Some(TokenKind::Close) => depth -= 1,
            Some(TokenKind::Semicolon) => return at,
            _ if depth == 0 && text.is_word(at, "loop") => return at,
            _ => {}
        }
    }
    text.len()
}

/// The query as plain SQL, with every name at its place: without the variables after `INTO`, and with `SELECT` for
/// `PERFORM`.
fn as_sql(text: &Text<'_>, start: usize, end: usize) -> String {
    let from = text.start(start);
    let mut sql = text.sql()[from..text.end(end - 1)].to_owned();
    let mut blank = |first: usize, last: usize, word: &str| {
        let (first, last) = (text.start(first) - from, text.end(last) - from);
        let blanks = " ".repeat(last - first - word.len());
        sql.replace_range(first..last, &(word.to_owned() + &blanks));
    };
    if text.is_word(start, "perform") {
        blank(start, start, "SELECT");
    }
    let mut at = start + 1;
    while at < end {
        let is_target = text.is_word(at, "into") && !text.is_word(at - 1, "insert") && !text.is_word(at - 1, "merge");
        if !is_target {
            at += 1;
            continue;
        }
        let last = end_of_variables(text, at + 1, end);
        blank(at, last - 1, "");
        at = last;
    }
    sql
}

/// `STRICT a, b.c`
fn end_of_variables(text: &Text<'_>, mut at: usize, end: usize) -> usize {
    if text.is_word(at, "strict") {
        at += 1;
    }
    while at < end {
        at += 1;
        match text.kind(at) {
            Some(TokenKind::Dot | TokenKind::Comma) if at + 1 < end => at += 1,
            _ => break,
        }
    }
    at.min(end)
}
