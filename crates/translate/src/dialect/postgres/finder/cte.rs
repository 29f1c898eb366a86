//! WITH: names that hide tables.

use std::{borrow::Cow, collections::HashMap};

use super::{Finder, Frame, scope::Env};
use crate::{
    dialect::postgres::{
        keyword::Keyword,
        lexer::{Kind, Token},
    },
    error::Fault,
    slot::Slot,
};

#[derive(Clone, Copy)]
pub(super) struct With {
    outer: Env,
    /// RECURSIVE makes all names of the WITH visible everywhere in it, before their declaration too.
    recursive: bool,
    /// Whether the WITH's first name is still to come.
    first: bool,
    /// How many references were recorded before the WITH.
    since: u32,
}

impl With {
    pub(super) fn new(outer: Env) -> Self {
        Self {
            outer,
            recursive: false,
            first: true,
            since: 0,
        }
    }
}

/// The names that the WITHs around the current place declare.
#[derive(Default)]
pub(super) struct Ctes<'a> {
    /// In the order of declaration.
    declared: Vec<Cow<'a, str>>,
    /// How often each name is declared.
    active: HashMap<Cow<'a, str>, usize>,
    /// How many WITH RECURSIVE are being read.
    recursive: usize,
    /// Tables found inside those WITH RECURSIVE, by name: a later declaration may show that they are CTEs.
    undecided: HashMap<Cow<'a, str>, Vec<Reference>>,
    references: u32,
}

/// A table's reference: the places to correct when it turns out to be a CTE.
#[derive(Clone, Copy)]
struct Reference {
    number: u32,
    slot: Option<usize>,
    item: u32,
}

impl<'a> Ctes<'a> {
    /// How many names are in scope, for [`Ctes::leave`].
    pub(super) fn depth(&self) -> u32 {
        self.declared.len() as u32
    }

    pub(super) fn leave(&mut self, depth: u32) {
        for name in self.declared.drain(depth as usize..) {
            if let Some(count) = self.active.get_mut(&name) {
                *count -= 1;
            }
        }
    }

    /// Whether any name is in scope.
    pub(super) fn any(&self) -> bool {
        !self.declared.is_empty()
    }

    pub(super) fn declares(&self, name: &str) -> bool {
        self.active.get(name).is_some_and(|count| *count > 0)
    }

    pub(super) fn declare(&mut self, name: Cow<'a, str>) {
        *self.active.entry(name.clone()).or_default() += 1;
        self.declared.push(name);
    }

    /// Whether a later declaration may show that a table is a CTE.
    pub(super) fn may_declare_later(&self) -> bool {
        self.recursive > 0
    }

    pub(super) fn note_table(&mut self, name: Cow<'a, str>, slot: Option<usize>, item: u32) {
        let reference = Reference {
            number: self.references,
            slot,
            item,
        };
        self.references += 1;
        self.undecided.entry(name).or_default().push(reference);
    }
}

impl<'a> Finder<'a> {
    /// `name [(columns)] AS [[NOT] MATERIALIZED] ( … )`
    pub(super) fn cte(&mut self, mut with: With) -> Result<(), Fault> {
        if with.first {
            self.advance()?;
            // The name itself may be `recursive`.
            let named = matches!(self.second()?.kind, Kind::Open | Kind::Word(Keyword::As));
            with.recursive = !named && self.skip(Keyword::Recursive)?;
            with.since = self.ctes.references;
            with.first = false;
            self.ctes.recursive += usize::from(with.recursive);
        }
        let name = self.token;
        if !name.kind.is_name() {
            return Err(self.unexpected("the name of a common table expression was expected"));
        }
        self.advance()?;
        self.skip_parens()?;
        self.expect(Kind::Word(Keyword::As), "AS was expected after the name in WITH")?;
        self.skip(Keyword::Not)?;
        self.skip_word("materialized")?;
        self.expect(Kind::Open, "a query in parentheses was expected in WITH")?;
        // Without RECURSIVE a body sees the real table of its own name.
        if with.recursive {
            self.declare_recursive(name, with.since);
        }
        self.stack.push(Frame::CteEnd(with, name));
        self.stack.push(Frame::Close);
        self.stack.push(Frame::Dml { outer: with.outer });
        Ok(())
    }

    pub(super) fn cte_end(&mut self, with: With, name: Token) -> Result<(), Fault> {
        if !with.recursive {
            self.ctes.declare(self.name_of(name));
        }
        // SEARCH DEPTH FIRST BY columns SET column
        if self.skip_word("search")? {
            self.skip_words(&["depth", "breadth", "first", "by"])?;
            self.skip_to_assigned_column()?;
        }
        // CYCLE columns SET column [TO value DEFAULT value] USING column
        if self.skip_word("cycle")? {
            self.skip_to_assigned_column()?;
            while !self.at(Keyword::Using) && self.token.kind != Kind::End && self.is_cycle_value() {
                // A type before its value may have modifiers.
                if !self.skip_parens()? {
                    self.advance()?;
                }
            }
            if self.skip(Keyword::Using)? {
                self.skip_label()?;
            }
        }
        if self.skip_kind(Kind::Comma)? {
            self.stack.push(Frame::With(with));
        } else if with.recursive {
            self.ctes.recursive -= 1;
            if self.ctes.recursive == 0 {
                self.ctes.undecided.clear();
            }
        }
        self.closed_query = None;
        Ok(())
    }

    /// `column, … SET column`: a column may be named `set`.
    fn skip_to_assigned_column(&mut self) -> Result<(), Fault> {
        self.skip_label()?;
        while self.skip_kind(Kind::Comma)? {
            self.skip_label()?;
        }
        self.expect(Kind::Word(Keyword::Set), "SET was expected")?;
        self.skip_label()
    }

    fn is_cycle_value(&self) -> bool {
        !matches!(self.token.kind, Kind::Comma | Kind::Close | Kind::Semicolon)
    }

    /// Declares a name of a WITH RECURSIVE, and corrects the references that were recorded as a table of this name
    /// since the WITH began.
    fn declare_recursive(&mut self, name: Token, since: u32) {
        let name = self.name_of(name);
        if let Some(references) = self.ctes.undecided.get_mut(&name) {
            while let Some(reference) = references.pop_if(|reference| reference.number >= since) {
                self.scopes.becomes_other(reference.item);
                if let Some(slot) = reference.slot {
                    self.slots[slot] = Slot::Nothing;
                }
            }
        }
        self.ctes.declare(name);
    }
}
