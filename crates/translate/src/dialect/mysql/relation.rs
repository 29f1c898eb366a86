//! Names of relations, and what is recorded for them.

use super::{
    Finder, Read,
    keyword::Keyword,
    name,
    token::{Kind, Token},
};
use crate::{
    error::Fault,
    session_effect::{Hazard, HazardKind, SessionEffect},
    slot::{Form, Slot},
};

/// A relation's name as it is written: `table`, `schema.table` or `.table`.
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) schema: Option<Token>,
    /// The dot before a table without a schema.
    pub(super) dot: Option<Token>,
    pub(super) last: Token,
}

impl Finder<'_> {
    pub(super) fn relation_name(&mut self) -> Result<Name, Fault> {
        if self.kind() == Kind::Dot {
            let dot = Some(self.advance());
            let last = self.relation_label()?;
            return Ok(Name {
                schema: None,
                dot,
                last,
            });
        }
        let first = self.relation_label()?;
        // `table.*` in DELETE
        if self.kind() != Kind::Dot || self.ahead(1) == Kind::Star {
            return Ok(Name {
                schema: None,
                dot: None,
                last: first,
            });
        }
        self.advance();
        Ok(Name {
            schema: Some(first),
            dot: None,
            last: self.relation_label()?,
        })
    }

    fn relation_label(&mut self) -> Result<Token, Fault> {
        if self.kind().is_name() {
            Ok(self.advance())
        } else {
            Err(self.unexpected("a table's name was expected"))
        }
    }

    /// Reads and records a relation that no WITH can hide.
    pub(super) fn relation(&mut self) -> Result<Name, Fault> {
        let relation = self.relation_name()?;
        self.record(&relation);
        Ok(relation)
    }

    /// `relation, …`
    pub(super) fn relations(&mut self) -> Read {
        self.relation()?;
        while self.skip_kind(Kind::Comma) {
            self.relation()?;
        }
        Ok(())
    }

    /// Records a relation that is read: a WITH may hide it. Whether none does.
    pub(super) fn record_queried(&mut self, relation: &Name) -> Result<bool, Fault> {
        // A dot before the name changes nothing.
        if relation.schema.is_none() {
            let name = name::name(self.sql, relation.last);
            match self.ctes.declares(&name) {
                Some(true) => return Ok(false),
                Some(false) => {}
                None => {
                    return Err(self.unexpected_at(
                        relation.last,
                        "a name that may be that of a WITH in other letters: write both in the same way",
                    ));
                }
            }
        }
        self.record(relation);
        Ok(true)
    }

    /// Records a relation that no WITH can hide.
    pub(super) fn record(&mut self, relation: &Name) {
        match (relation.schema, relation.dot) {
            (Some(schema), _) => self.record_schema(schema),
            _ if self.in_body => {}
            (None, Some(dot)) => self.slots.push(Slot::Tenant {
                at: dot.start,
                form: Form::BeforeDot,
            }),
            (None, None) => self.slots.push(Slot::Unqualified {
                at: relation.last.start,
            }),
        }
    }

    /// Records a schema that is written in the text.
    pub(super) fn record_schema(&mut self, schema: Token) {
        let key = self.key(schema);
        self.slots.push(Slot::Named {
            start: schema.start,
            end: schema.end,
            key,
        });
    }

    /// Records the end of a token, behind which the tenant's schema is written.
    pub(super) fn record_tenant(&mut self, behind: Token, form: Form) {
        self.slots.push(Slot::Tenant { at: behind.end, form });
    }

    /// The key of a schema: its name. Databases compare with regard to case.
    fn key(&mut self, schema: Token) -> u32 {
        let name = name::name(self.sql, schema);
        let index = match self.keys.iter().position(|key| **key == *name) {
            Some(known) => known,
            None => {
                self.keys.push(name.into());
                self.keys.len() - 1
            }
        };
        index as u32
    }

    /// Records that something stays on the session after the transaction. What a body does, it does later.
    pub(super) fn affects_session(&mut self, token: Token) {
        if !self.in_body && !matches!(self.session_effect, SessionEffect::Certain { .. }) {
            let offset = token.start as usize;
            self.session_effect = SessionEffect::Certain { offset };
        }
    }

    /// Records that something may stay on the session.
    pub(super) fn may_affect_session(&mut self) {
        if !self.in_body && self.session_effect == SessionEffect::None {
            self.session_effect = SessionEffect::Possible;
        }
    }

    /// Records a call of the function that a token names.
    pub(super) fn note_call(&mut self, token: Token) {
        let name = name::name(self.sql, token);
        if LASTING.iter().any(|lasting| name.eq_ignore_ascii_case(lasting)) {
            self.affects_session(token);
        } else if token.kind == Kind::Word(Keyword::Lastval) {
            self.note_hazard(HazardKind::CurrentValue, token);
        } else if ABOUT_BEFORE.iter().any(|about| name.eq_ignore_ascii_case(about)) {
            self.note_hazard(HazardKind::EarlierStatement, token);
        }
    }

    /// Records that a variable of the server is read.
    pub(super) fn note_system_variable(&mut self, variable: Token) {
        let name = self.text(variable).rsplit(['.', '@']).next().unwrap_or_default();
        let name = name.trim_matches('`');
        if COUNTS_OF_BEFORE.iter().any(|count| name.eq_ignore_ascii_case(count)) {
            self.note_hazard(HazardKind::EarlierStatement, variable);
        }
    }

    pub(super) fn note_hazard(&mut self, kind: HazardKind, token: Token) {
        if self.hazard.is_none_or(|known| known.kind < kind) {
            let offset = token.start as usize;
            self.hazard = Some(Hazard { kind, offset });
        }
    }
}

/// Functions that tell about the statement before.
const ABOUT_BEFORE: [&str; 2] = ["found_rows", "row_count"];

/// Variables that tell about the statement before.
const COUNTS_OF_BEFORE: [&str; 2] = ["error_count", "warning_count"];

/// Functions that take locks of the session.
const LASTING: [&str; 3] = ["get_lock", "service_get_read_locks", "service_get_write_locks"];
