//! Texts of several statements, cut at the semicolons between them.

use std::ops::Range;

use super::{
    error::{Fault, TranslateError},
    keyword::Keyword,
    lexer::{Kind, Lexer, Token},
};

/// The byte ranges of the statements in a text, without the semicolons between them and the space around them.
///
/// Semicolons in strings, comments, parentheses and `BEGIN ATOMIC … END` bodies end no statement. Empty statements are left out.
///
/// ```
/// let sql = "BEGIN; INSERT INTO notes VALUES ('a;b'); ; COMMIT";
/// let ranges = diesel_tenants::translate::statements(sql)?;
/// let statements: Vec<_> = ranges.into_iter().map(|range| &sql[range]).collect();
/// assert_eq!(statements, ["BEGIN", "INSERT INTO notes VALUES ('a;b')", "COMMIT"]);
/// # Ok::<(), diesel_tenants::TranslateError>(())
/// ```
///
/// # Errors
/// [`TranslateError`] if the text can't be cut into tokens, or parentheses or a body stay open.
pub fn statements(sql: &str) -> Result<Vec<Range<usize>>, TranslateError> {
    split(sql).map_err(|fault| fault.describe(sql))
}

fn split(sql: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut lexer = Lexer::new(sql)?;
    let mut statements = Vec::new();
    let mut current: Option<Range<usize>> = None;
    let mut parens = 0usize;
    // How many BEGIN ATOMIC and, inside of one, CASE are open.
    let mut blocks = 0usize;
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
                (before_that, before) = (before, Kind::Semicolon);
                continue;
            }
            Kind::Open => parens += 1,
            Kind::Close if parens == 0 => {
                return Err(Fault::not_understood(token.start as usize, "an unbalanced parenthesis"));
            }
            Kind::Close => parens -= 1,
            // A word behind AS or a dot is a name.
            Kind::Word(_) if matches!(before, Kind::Dot | Kind::Word(Keyword::As)) => {}
            Kind::Word(Keyword::Case) if blocks > 0 => blocks += 1,
            Kind::Word(Keyword::End) if blocks > 0 => blocks -= 1,
            Kind::Word(_)
                if before == Kind::Word(Keyword::Begin) && before_that != Kind::Dot && is(sql, token, "atomic") =>
            {
                blocks += 1;
            }
            _ => {}
        }
        current.get_or_insert(token.start as usize..0).end = token.end as usize;
        (before_that, before) = (before, token.kind);
    }
}

fn is(sql: &str, token: Token, word: &str) -> bool {
    sql[token.start as usize..token.end as usize].eq_ignore_ascii_case(word)
}
