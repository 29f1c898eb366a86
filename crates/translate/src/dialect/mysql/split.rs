//! Splits texts of several statements at the semicolons between them.

use std::ops::Range;

use super::{
    body::BODY_STARTS,
    keyword::Keyword,
    lexer,
    token::{Kind, Token},
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
    let is_end = |token: &Token| matches!(token.kind, Kind::Semicolon | Kind::End);
    let Some(mut at) = header(tokens) else {
        return Ok(tokens.iter().position(is_end).unwrap_or(tokens.len()));
    };
    let mut blocks = Blocks {
        open: Vec::new(),
        at_start: true,
        in_condition: false,
        in_declaration: false,
    };
    loop {
        let token = tokens[at];
        if is_end(&token) && blocks.open.is_empty() {
            return Ok(at);
        }
        if token.kind == Kind::End {
            return Err(Fault::not_understood(token.start as usize, "a body without its END"));
        }
        at += blocks.read(&tokens[at..]);
    }
}

/// The index of the first token of a body, if the statement that begins here creates something with a body.
fn header(tokens: &[Token]) -> Option<usize> {
    let is = |at: usize, keyword| tokens.get(at).is_some_and(|token| token.kind == Kind::Word(keyword));
    let start = behind_variables(tokens);
    if !is(start, Keyword::Create) && !is(start, Keyword::Alter) {
        return None;
    }
    let mut at = start + 1;
    let mut kind = None;
    let mut parens = 0usize;
    while let Some(token) = tokens.get(at) {
        match (kind, token.kind) {
            (_, Kind::Semicolon | Kind::End) => return None,
            // The first of these words is the kind of the object.
            (None, Kind::Word(Keyword::Table | Keyword::View | Keyword::Index | Keyword::Sequence)) => return None,
            (None, Kind::Word(word @ (Keyword::Trigger | Keyword::Event | Keyword::Procedure | Keyword::Function))) => {
                kind = Some(word);
                // IF NOT EXISTS
                if is(at + 1, Keyword::If) {
                    at += 3;
                }
            }
            (_, Kind::Open) => parens += 1,
            (_, Kind::Close) => parens = parens.saturating_sub(1),
            // FOR EACH ROW [FOLLOWS other]
            (Some(Keyword::Trigger), Kind::Word(Keyword::Row)) if is(at - 1, Keyword::Each) => {
                let has_order = is(at + 1, Keyword::Follows) || is(at + 1, Keyword::Precedes);
                return Some(at + if has_order { 3 } else { 1 });
            }
            (Some(Keyword::Event), Kind::Word(Keyword::Do)) if parens == 0 => return Some(at + 1),
            (Some(Keyword::Procedure | Keyword::Function), Kind::Word(Keyword::Character)) => {
                at += usize::from(is(at + 1, Keyword::Set));
            }
            (Some(Keyword::Procedure | Keyword::Function), Kind::Word(word))
                if parens == 0 && BODY_STARTS.contains(&word) && !is_type(tokens, at) =>
            {
                return Some(at);
            }
            (Some(Keyword::Procedure | Keyword::Function), Kind::Colon) => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The index of the first token behind `SET STATEMENT variable = value, … FOR`, or 0.
fn behind_variables(tokens: &[Token]) -> usize {
    let word = |at: usize| match tokens.get(at).map(|token| token.kind) {
        Some(Kind::Word(keyword)) => keyword,
        _ => Keyword::None,
    };
    let mut start = 0;
    while word(start) == Keyword::Set && word(start + 1) == Keyword::Statement {
        let is_end = |token: &&Token| matches!(token.kind, Kind::Semicolon | Kind::End | Kind::Word(Keyword::For));
        let length = tokens[start..].iter().take_while(|token| !is_end(token)).count();
        if word(start + length) != Keyword::For {
            return 0;
        }
        start += length + 1;
    }
    start
}

/// Whether the word is the type in RETURNS SET('a', 'b').
fn is_type(tokens: &[Token], at: usize) -> bool {
    tokens[at].kind == Kind::Word(Keyword::Set) && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Open)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// Statements, up to an END.
    Statements,
    /// A CASE in an expression.
    Case,
}

struct Blocks {
    open: Vec<Block>,
    /// Whether a statement begins with the next token.
    at_start: bool,
    /// Whether the condition of a REPEAT is being read, behind which END follows without a semicolon.
    in_condition: bool,
    /// Whether a DECLARE is being read, which may be that of a handler.
    in_declaration: bool,
}

impl Blocks {
    /// Reads the next token; how many tokens were read.
    fn read(&mut self, tokens: &[Token]) -> usize {
        let at_start = std::mem::take(&mut self.at_start);
        let in_case = self.open.last() == Some(&Block::Case);
        match tokens[0].kind {
            Kind::Semicolon => {
                self.at_start = true;
                self.in_declaration = false;
            }
            // label:
            Kind::Word(_) | Kind::Quoted if at_start && tokens.get(1).is_some_and(|next| next.kind == Kind::Colon) => {
                self.at_start = true;
                return 2;
            }
            Kind::Word(Keyword::Begin | Keyword::Loop | Keyword::Repeat) if at_start => {
                self.open.push(Block::Statements);
                self.at_start = true;
            }
            Kind::Word(Keyword::If | Keyword::While | Keyword::For | Keyword::Case) if at_start => {
                self.open.push(Block::Statements);
            }
            Kind::Word(Keyword::Case) => self.open.push(Block::Case),
            Kind::Word(Keyword::Then | Keyword::Else | Keyword::Do) if !in_case => self.at_start = true,
            Kind::Word(Keyword::Declare) if at_start => self.in_declaration = true,
            // The body of a handler begins somewhere behind its conditions.
            Kind::Word(Keyword::Begin) if self.in_declaration => {
                self.in_declaration = false;
                self.open.push(Block::Statements);
                self.at_start = true;
            }
            Kind::Word(Keyword::End) if in_case => drop(self.open.pop()),
            Kind::Word(Keyword::Until) if at_start => self.in_condition = true,
            Kind::Word(Keyword::End) if at_start || self.in_condition => {
                self.in_condition = false;
                self.open.pop();
                let names_its_block = matches!(
                    tokens.get(1).map(|next| next.kind),
                    Some(Kind::Word(
                        Keyword::If | Keyword::Case | Keyword::Loop | Keyword::Repeat | Keyword::While | Keyword::For
                    ))
                );
                return if names_its_block { 2 } else { 1 };
            }
            _ => {}
        }
        1
    }
}
