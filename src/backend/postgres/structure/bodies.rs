//! Which of the names in a function's body are the schema's, where an alias, a column or a variable has the same name.

use std::collections::HashSet;

use super::{text::by_grammar, tokens::Tokens};
use crate::{
    SchemaName,
    translate::{Template, TokenKind},
};

/// The languages whose bodies are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend::postgres::structure) enum Language {
    Sql,
    PlPgSql,
}

/// The body with marks in place of the schema's name; `None` if it can't be told what is the schema's. `has_parameter`: whether the
/// function's header has something else of that name.
pub(super) fn neutral_body(body: &str, language: Language, schema: &str, has_parameter: bool) -> Option<String> {
    let tokens = Tokens::of(body, schema)?;
    if !has_parameter && !tokens.may_be_alias() {
        return Some(tokens.replaced(|at| tokens.qualifies(at)).text);
    }
    match language {
        Language::Sql => {
            let found = by_grammar(body, &SchemaName::new(schema).ok()?);
            found.is_clear.then_some(found.text)
        }
        Language::PlPgSql => {
            let places = Queries::of(body, &tokens)?.places;
            let is_schema = |at: usize| {
                tokens.qualifies(at)
                    && (tokens.is_no_column(at) || places.contains(&tokens.start(at)) || tokens.is_declared_type(at))
            };
            Some(tokens.replaced(is_schema).text)
        }
    }
}

/// The queries within a body of PL/pgSQL. Around them there are expressions only, in which nothing but a function or a type has a
/// schema.
struct Queries {
    /// Where in the body the schema's name stands before a relation.
    places: HashSet<usize>,
}

impl Queries {
    fn of(body: &str, tokens: &Tokens<'_>) -> Option<Self> {
        let mut places = HashSet::new();
        let mut at = 0;
        while at < tokens.len() {
            if !begins_query(tokens, at) {
                at += 1;
                continue;
            }
            let end = end_of_query(tokens, at);
            let query = as_sql(body, tokens, at, end);
            let template = Template::analyse(&query).ok()?;
            let start = tokens.start(at);
            places.extend(template.places_of(tokens.schema()).map(|place| start + place));
            at = end;
        }
        Some(Self { places })
    }
}

fn begins_query(tokens: &Tokens<'_>, at: usize) -> bool {
    const FIRST: [&str; 8] = [
        "select", "insert", "update", "delete", "merge", "with", "values", "perform",
    ];
    /// Words that are names as well, unless they are the first of a statement.
    const FIRST_OF_ALL: [&str; 6] = ["truncate", "lock", "alter", "drop", "comment", "create"];
    let is_name = at > 0 && tokens.kind(at - 1) == Some(TokenKind::Dot);
    let is_first = at > 0
        && (tokens.kind(at - 1) == Some(TokenKind::Semicolon)
            || ["begin", "then", "else", "loop"]
                .iter()
                .any(|word| tokens.is_word(at - 1, word)));
    !is_name && FIRST.iter().any(|word| tokens.is_word(at, word))
        || is_first && FIRST_OF_ALL.iter().any(|word| tokens.is_word(at, word))
}

/// Up to the semicolon, the parenthesis that closes around the query, or the loop over it.
fn end_of_query(tokens: &Tokens<'_>, start: usize) -> usize {
    let mut depth = 0;
    for at in start..tokens.len() {
        match tokens.kind(at) {
            Some(TokenKind::Open) => depth += 1,
            Some(TokenKind::Close) if depth == 0 => return at,
            Some(TokenKind::Close) => depth -= 1,
            Some(TokenKind::Semicolon) => return at,
            _ if depth == 0 && tokens.is_word(at, "loop") => return at,
            _ => {}
        }
    }
    tokens.len()
}

/// The query as SQL has it, every name at its place: without the variables behind `INTO`, and `SELECT` for `PERFORM`.
fn as_sql(body: &str, tokens: &Tokens<'_>, start: usize, end: usize) -> String {
    let from = tokens.start(start);
    let mut sql = body[from..tokens.end(end - 1)].to_owned();
    let mut blank = |first: usize, last: usize, text: &str| {
        let (first, last) = (tokens.start(first) - from, tokens.end(last) - from);
        let blanks = " ".repeat(last - first - text.len());
        sql.replace_range(first..last, &(text.to_owned() + &blanks));
    };
    if tokens.is_word(start, "perform") {
        blank(start, start, "SELECT");
    }
    let mut at = start + 1;
    while at < end {
        let is_target =
            tokens.is_word(at, "into") && !tokens.is_word(at - 1, "insert") && !tokens.is_word(at - 1, "merge");
        if !is_target {
            at += 1;
            continue;
        }
        let last = end_of_variables(tokens, at + 1, end);
        blank(at, last - 1, "");
        at = last;
    }
    sql
}

/// `STRICT a, b.c`
fn end_of_variables(tokens: &Tokens<'_>, mut at: usize, end: usize) -> usize {
    if tokens.is_word(at, "strict") {
        at += 1;
    }
    while at < end {
        at += 1;
        match tokens.kind(at) {
            Some(TokenKind::Dot | TokenKind::Comma) if at + 1 < end => at += 1,
            _ => break,
        }
    }
    at.min(end)
}
