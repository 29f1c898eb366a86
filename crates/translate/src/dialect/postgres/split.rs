//! Splits texts of several statements at the semicolons between them.

use std::ops::Range;

use super::{
    keyword::Keyword,
    lexer::{Kind, Lexer, Token},
};
use crate::error::Fault;

pub(crate) fn split(sql: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut lexer = Lexer::new(sql)?;
    let mut statements = Vec::new();
    let mut current: Option<Range<usize>> = None;
    let mut parens = 0usize;
    // The number of open BEGIN ATOMIC.
    let mut blocks = 0usize;
    let mut start = Start::Next;
    let mut before = Kind::End;
    let mut before_that = Kind::End;
    loop {
        let token = lexer.next()?;
        match token.kind {
            Kind::End if parens > 0 => {
                return Err(Fault::not_understood(sql.len(), "a closing parenthesis was expected"));
            }
            Kind::End if blocks > 0 => return Err(Fault::not_understood(sql.len(), "BEGIN ATOMIC without its END")),
            Kind::End => {
                statements.extend(current.take());
                return Ok(statements);
            }
            Kind::Semicolon if parens == 0 && blocks == 0 => {
                statements.extend(current.take());
                (start, before) = (Start::Next, Kind::Semicolon);
                continue;
            }
            Kind::Open => parens += 1,
            Kind::Close if parens == 0 => {
                return Err(Fault::not_understood(token.start as usize, "an unbalanced parenthesis"));
            }
            Kind::Close => parens -= 1,
            // The END of a body stands where a statement would begin. Any other END is a label, or ends a CASE.
            Kind::Word(Keyword::End) if blocks > 0 && start == Start::Next => blocks -= 1,
            // BEGIN may be a column's name or a label, but not in a statement that creates a function, outside the
            // function's body.
            Kind::Word(_)
                if start == Start::CreatesFunction
                    && before == Kind::Word(Keyword::Begin)
                    && !matches!(
                        before_that,
                        Kind::Dot | Kind::Cast | Kind::Word(Keyword::As | Keyword::Collate)
                    )
                    && parens == 0
                    && is(sql, token, "atomic") =>
            {
                blocks += 1;
                start = Start::Next;
                (before_that, before) = (before, token.kind);
                continue;
            }
            _ => {}
        }
        start = match (start, token.kind) {
            (_, Kind::Semicolon) => Start::Next,
            (Start::Next, Kind::Word(Keyword::Create)) => Start::Creates,
            (Start::Next, _) | (Start::Creates, Kind::Open) => Start::Other,
            (Start::Creates, Kind::Word(_)) if is(sql, token, "function") || is(sql, token, "procedure") => {
                Start::CreatesFunction
            }
            (start, _) => start,
        };
        current.get_or_insert(token.start as usize..0).end = token.end as usize;
        (before_that, before) = (before, token.kind);
    }
}

/// How the current statement begins, in the text or in a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// It begins with the next token.
    Next,
    /// With CREATE.
    Creates,
    /// With CREATE FUNCTION or CREATE PROCEDURE.
    CreatesFunction,
    Other,
}

fn is(sql: &str, token: Token, word: &str) -> bool {
    sql[token.start as usize..token.end as usize].eq_ignore_ascii_case(word)
}
