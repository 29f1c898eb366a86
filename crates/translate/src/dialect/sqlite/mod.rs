//! SQLite: finds the relations that a text names, by SQLite's own grammar.
//!
//! The grammar is read as a whole: a word where the grammar has no such word is an error. A descent into brackets costs
//! stack, so their depth is limited, as it is in SQLite.
//!
//! SQLite resolves a bare name in `main`, then in `temp`, then in the attached databases in the order of their
//! attachment. So a bare name that this reader misses could reach another tenant's file. These are the rules:
//!
//! | place | what is written there |
//! |---|---|
//! | a table in FROM, JOIN, INTO, UPDATE, DELETE, `IN table` | the schema, unless a WITH declares the name |
//! | the name in CREATE, ALTER and DROP of a table, view, index or trigger | the schema |
//! | the table of CREATE INDEX and CREATE TRIGGER, and of REFERENCES | nothing: SQLite allows none there |
//! | the body of a view or trigger | nothing: its bare names are in the file of the view or trigger |
//! | a column of two parts | nothing: the first part is a table or an alias |
//! | a column of three parts | its schema is mapped |
//! | ANALYZE and VACUUM without a name, and most PRAGMAs | the schema: without one they work on other files |
//!
//! What a temporary trigger's body writes to can't have a schema, so SQLite would search all files for it: such a
//! trigger is refused. So are ATTACH, DETACH and REINDEX without a name.

mod catalog;
mod create;
mod cursor;
mod expression;
mod from;
mod keyword;
mod lexer;
mod modify;
mod name;
mod pragma;
mod query;
mod relation;
mod split;
mod statement;
mod utility;
mod window;
mod with;

use std::ops::Range;

use crate::{
    dialect::Dialect,
    error::Fault,
    session_effect::{Hazard, SessionEffect},
    slot::Slot,
    template::Template,
};
use lexer::Token;

pub(super) use name::name_at;
pub(crate) use split::split;

/// What reading gives: nothing but the places found, or why the text is not understood.
type Read = Result<(), Fault>;

struct Finder<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    /// The index of the next token.
    at: usize,
    slots: Vec<Slot>,
    keys: Vec<Box<str>>,
    ctes: with::Ctes,
    /// Whether a bare name is in the file of the view or trigger whose body is being read.
    in_own_file: bool,
    /// How many brackets are open around the next token.
    depth: u32,
    session_effect: SessionEffect,
    hazard: Option<Hazard>,
}

/// The places of a text's tokens.
pub(crate) fn token_places(sql: &str) -> Result<Vec<Range<usize>>, Fault> {
    let mut tokens = lexer::tokens(sql)?;
    // The last one marks the end.
    tokens.pop();
    let place = |token: Token| token.start as usize..token.end as usize;
    Ok(tokens.into_iter().map(place).collect())
}

/// The places in a text with names to translate.
pub(super) fn find(sql: &str) -> Result<Template, Fault> {
    let mut finder = Finder {
        sql,
        tokens: lexer::tokens(sql)?,
        at: 0,
        slots: Vec::new(),
        keys: Vec::new(),
        ctes: with::Ctes::default(),
        in_own_file: false,
        depth: 0,
        session_effect: SessionEffect::None,
        hazard: None,
    };
    finder.script()?;
    let Finder {
        mut slots,
        keys,
        session_effect,
        hazard,
        ..
    } = finder;
    Ok(Template::new(
        Dialect::Sqlite,
        sql,
        &mut slots,
        keys,
        session_effect,
        hazard,
    ))
}
