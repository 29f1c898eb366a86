//! A relation's name: how it is recorded, and when it is left unchanged.

use std::borrow::Cow;

use super::{Finder, scope::Target};
use crate::{
    dialect::postgres::{
        catalog, identifier,
        keyword::Keyword,
        lexer::{Kind, Token},
    },
    error::Fault,
    slot::Slot,
};

/// A name of one or more parts with dots between them. It is valid only during the step that reads it: the tokens may
/// be forgotten afterwards.
#[derive(Clone, Copy)]
pub(super) struct Dotted {
    /// How many tokens were taken before the name.
    start: usize,
    pub(super) parts: usize,
    /// Whether `.*` follows.
    pub(super) star: bool,
}

impl Dotted {
    /// The name without its last part: the relation of a column.
    pub(super) fn without_last(self) -> Option<Self> {
        let parts = self.parts - 1;
        (parts > 0).then_some(Self { parts, ..self })
    }
}

impl Finder<'_> {
    pub(super) fn first(&self, name: &Dotted) -> Token {
        self.tokens.get(name.start)
    }

    pub(super) fn last(&self, name: &Dotted) -> Token {
        self.part(name, 1)
    }

    /// The schema in `schema.table`, with or without a database before it.
    pub(super) fn schema(&self, name: &Dotted) -> Option<Token> {
        (name.parts > 1).then(|| self.part(name, 2))
    }

    /// The schema of `schema.table.column`, with or without a database before it.
    pub(super) fn schema_of_column(&self, name: &Dotted) -> Option<Token> {
        let from_end = if name.star { 2 } else { 3 };
        (name.parts >= from_end).then(|| self.part(name, from_end))
    }

    /// A part counted from the end, the last one being 1. Dots stand between them.
    pub(super) fn part(&self, name: &Dotted, from_end: usize) -> Token {
        self.tokens.get(name.start + 2 * (name.parts - from_end))
    }
}

impl<'a> Finder<'a> {
    /// Reads a dotted name; the next token is its first part.
    #[inline(always)]
    pub(super) fn dotted(&mut self) -> Result<Dotted, Fault> {
        let mut name = Dotted {
            start: self.tokens.taken() - 1,
            parts: 1,
            star: false,
        };
        self.advance()?;
        while self.token.kind == Kind::Dot {
            self.advance()?;
            match self.token.kind {
                Kind::Star => {
                    name.star = true;
                    self.advance()?;
                    break;
                }
                kind if kind.is_label() => {
                    name.parts += 1;
                    self.advance()?;
                }
                _ => return Err(self.unexpected("a name was expected after the dot")),
            }
        }
        Ok(name)
    }

    pub(super) fn name_of(&self, token: Token) -> Cow<'a, str> {
        identifier::name(self.sql(), token)
    }

    /// Reads a relation's name and records it.
    pub(super) fn relation(&mut self) -> Result<(), Fault> {
        let name = self.relation_name()?;
        self.record(&name);
        Ok(())
    }

    pub(super) fn relation_name(&mut self) -> Result<Dotted, Fault> {
        if !self.token.kind.is_name() {
            return Err(self.unexpected("the name of a table was expected"));
        }
        let name = self.dotted()?;
        if name.star {
            Err(self.unexpected("the name of a table was expected"))
        } else {
            Ok(name)
        }
    }

    /// `[ONLY] name [*]` or `ONLY (name)`.
    pub(super) fn relation_expression(&mut self) -> Result<Dotted, Fault> {
        let in_parens = self.skip(Keyword::Only)? && self.skip_kind(Kind::Open)?;
        let name = self.relation_name()?;
        if in_parens {
            self.expect(Kind::Close, "a closing parenthesis was expected")?;
        }
        self.skip_kind(Kind::Star)?;
        Ok(name)
    }

    /// Records a name as a relation's, and returns what the name stands for in scope if it is used as a table.
    pub(super) fn record(&mut self, name: &Dotted) -> Target {
        match self.schema(name) {
            Some(schema) => {
                self.record_schema(schema);
                Target::Qualified
            }
            None if self.is_catalog(self.first(name)) => Target::Unqualified { translated: false },
            None => {
                let at = self.first(name).start;
                self.slots.push(Slot::Unqualified { at });
                Target::Unqualified { translated: true }
            }
        }
    }

    /// Records a schema that the text names before a relation or a column.
    pub(super) fn record_schema(&mut self, schema: Token) {
        let name = self.name_of(schema);
        let is_temporary = name == "pg_temp";
        if is_temporary {
            self.may_affect_session();
        }
        // Comparing with the last few is enough: keeping a key twice only costs space.
        let known = self.keys.iter().rev().take(8).position(|key| **key == *name);
        if known.is_none() {
            self.keys.push(name.into());
        }
        let key = self.keys.len() - 1 - known.unwrap_or(0);
        self.slots.push(Slot::Named {
            start: schema.start,
            end: schema.end,
            key: key as u32,
        });
    }

    /// System catalogs are left unchanged.
    fn is_catalog(&self, token: Token) -> bool {
        let first = match (token.kind, self.text(token).as_bytes()) {
            (Kind::Quoted, [_, first, ..]) | (Kind::Word(_), [first, ..]) => *first,
            // Only such names are worth decoding.
            _ => b'p',
        };
        first | 0x20 == b'p' && catalog::is_system(&self.name_of(token))
    }
}
