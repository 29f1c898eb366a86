//! Splits texts of several statements at the semicolons between them.

use std::ops::Range;

use super::{
    keyword::Keyword,
    lexer::{self, Kind, Token},
};
use crate::error::Fault;

/// The byte ranges of the statements in a text.
pub(crate) fn split(sql: &str) -> Result<Vec<Range<usize>>, Fault> {
    let tokens = lexer::tokens(sql)?;
    let mut statements = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at).filter(|token| token.kind != Kind::End) {
        let length = match token.kind {
            Kind::Semicolon => 0,
            _ => length(&tokens[at..])?,
        };
        if let Some(last) = length.checked_sub(1) {
            statements.push(token.start as usize..tokens[at + last].end as usize);
        }
        // The statement, and the semicolon after it.
        at += length + 1;
    }
    Ok(statements)
}

/// How many tokens the statement has that begins here.
fn length(tokens: &[Token]) -> Result<usize, Fault> {
    let is_trigger = creates_trigger(tokens);
    for (at, token) in tokens.iter().enumerate() {
        if !matches!(token.kind, Kind::Semicolon | Kind::End) {
            continue;
        }
        if !is_trigger || closes_body(&tokens[..at]) {
            return Ok(at);
        }
        if token.kind == Kind::End {
            return Err(Fault::not_understood(token.start as usize, "a trigger without its END"));
        }
    }
    Ok(tokens.len())
}

/// Whether these tokens end with the END of a trigger's body. Any other END ends a CASE, behind an expression.
fn closes_body(tokens: &[Token]) -> bool {
    matches!(
        tokens,
        [
            ..,
            Token {
                kind: Kind::Semicolon,
                ..
            },
            Token {
                kind: Kind::Word(Keyword::End),
                ..
            }
        ]
    )
}

/// Whether a statement that creates a trigger begins here.
fn creates_trigger(tokens: &[Token]) -> bool {
    let word = |at: usize| match tokens.get(at).map(|token| token.kind) {
        Some(Kind::Word(keyword)) => keyword,
        _ => Keyword::None,
    };
    let mut at = 0;
    if word(at) == Keyword::Explain {
        at += 1;
        if word(at) == Keyword::Query && word(at + 1) == Keyword::Plan {
            at += 2;
        }
    }
    if word(at) != Keyword::Create {
        return false;
    }
    at += 1;
    at += usize::from(matches!(word(at), Keyword::Temp | Keyword::Temporary));
    word(at) == Keyword::Trigger
}
