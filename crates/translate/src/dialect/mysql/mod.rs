//! MySQL and MariaDB: finds the relations that a text names, by the grammars of both servers.
//!
//! The grammar is read as a whole: a word where the grammar has no such word is an error. Where the servers differ, a
//! text of either is read; a text that would name other tables in one than in the other is an error, or stays without a
//! schema. A descent into brackets costs stack, so their depth is limited.
//!
//! A schema is a database. Connections have no default database, so a bare name that this reader misses is "No database
//! selected". These are the rules:
//!
//! | place | what is written there |
//! |---|---|
//! | a table in FROM, JOIN, INTO, UPDATE, DELETE, TABLE, a sequence | the schema, unless a WITH declares the name |
//! | the name in CREATE, ALTER, DROP, RENAME, TRUNCATE, ANALYZE, SHOW of an object in a database | the schema |
//! | the table of CREATE INDEX, CREATE TRIGGER and LIKE, and the new name in RENAME | the schema |
//! | a bare table of REFERENCES | nothing: it is in the database of the table that refers to it |
//! | the body of a trigger, a routine or an event | nothing: its bare names are in the database of its object |
//! | a table before FROM or USING in DELETE | the schema, if that table has no alias; otherwise an error |
//! | a column of two parts | nothing: the first part is a table or an alias |
//! | a column of three parts, `schema.table.*` and `schema.function(…)` | its schema is mapped |
//! | a function without a schema | nothing: the text doesn't show whether it is one of the server's own |
//!
//! Statements that work on the whole server, choose a default database or run a text that can't be seen are refused. So
//! is a change of the session after which the server would read a text in another way: see `session`.

mod account;
mod alter;
mod body;
mod call;
mod column;
mod create;
mod cursor;
mod definitions;
mod delete;
mod drop;
mod explain;
mod expression;
mod from;
mod keyword;
mod lexer;
mod modify;
mod name;
mod query;
mod relation;
mod session;
mod show;
mod split;
mod statement;
mod table;
mod token;
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
use token::Token;

pub(super) use name::name_at;
pub(super) use session::misread_sql_mode;
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
    /// The tables of the FROM that is being read, if a DELETE has to know them.
    deletable: Option<Vec<delete::Deletable>>,
    /// Whether a bare name is in the database of the object whose body is being read.
    in_body: bool,
    /// Whether `VALUES(column)` is a function here.
    in_duplicates: bool,
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
        deletable: None,
        in_body: false,
        in_duplicates: false,
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
        Dialect::Mysql,
        sql,
        &mut slots,
        keys,
        session_effect,
        hazard,
    ))
}
