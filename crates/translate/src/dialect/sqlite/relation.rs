//! Names of relations, and what is recorded for them.

use super::{
    Finder, Read, catalog,
    lexer::{Kind, Token},
    name,
};
use crate::{
    error::Fault,
    session_effect::{Hazard, HazardKind, SessionEffect},
    slot::Slot,
};

/// A relation's name as it is written: `table` or `schema.table`.
pub(super) struct Name {
    pub(super) schema: Option<Token>,
    pub(super) last: Token,
}

impl Finder<'_> {
    pub(super) fn relation_name(&mut self) -> Result<Name, Fault> {
        let first = self.relation_label()?;
        if !self.skip_kind(Kind::Dot) {
            return Ok(Name {
                schema: None,
                last: first,
            });
        }
        Ok(Name {
            schema: Some(first),
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

    #[cold]
    pub(super) fn unexpected_at(&self, token: Token, reason: &'static str) -> Fault {
        Fault::not_understood(token.start as usize, reason)
    }

    /// Records a relation that no WITH hides.
    pub(super) fn record(&mut self, relation: &Name) {
        match relation.schema {
            Some(schema) => {
                self.note_body(schema);
                self.record_schema(schema);
            }
            None if self.in_own_file || catalog::is_temporary(&name::name(self.sql, relation.last)) => {}
            None => self.record_bare(relation.last),
        }
    }

    /// Records the place before a token, which gets the tenant's schema.
    pub(super) fn record_bare(&mut self, token: Token) {
        self.slots.push(Slot::Unqualified { at: token.start });
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

    /// Notes a schema that is written in the body of a view or trigger.
    pub(super) fn note_body(&mut self, schema: Token) {
        if self.in_own_file {
            self.note_hazard(HazardKind::SchemaInBody, schema);
        }
    }

    /// The key of a schema: its name in lower case.
    pub(super) fn key(&mut self, schema: Token) -> u32 {
        let name = name::name(self.sql, schema).to_ascii_lowercase();
        let index = match self.keys.iter().position(|key| **key == *name) {
            Some(known) => known,
            None => {
                self.keys.push(name.into());
                self.keys.len() - 1
            }
        };
        index as u32
    }

    /// Whether this is the schema of temporary objects.
    pub(super) fn is_temp(&self, schema: Token) -> bool {
        name::name(self.sql, schema).eq_ignore_ascii_case("temp")
    }

    /// Records that something stays on the session after the transaction.
    pub(super) fn affects_session(&mut self, token: Token) {
        if !matches!(self.session_effect, SessionEffect::Certain { .. }) {
            let offset = token.start as usize;
            self.session_effect = SessionEffect::Certain { offset };
        }
    }

    /// Records that something may stay on the session.
    pub(super) fn may_affect_session(&mut self) {
        if self.session_effect == SessionEffect::None {
            self.session_effect = SessionEffect::Possible;
        }
    }

    /// Records a call of the function that a token names.
    pub(super) fn note_call(&mut self, token: Token) -> Read {
        let name = name::name(self.sql, token);
        if catalog::is_function_of_names(&name) {
            return Err(self.unexpected_at(token, "a function that looks for a table by a name in a string"));
        }
        if ["load_extension", "fts3_tokenizer"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
        {
            self.affects_session(token);
        } else if name.eq_ignore_ascii_case("last_insert_rowid") {
            self.note_hazard(HazardKind::LastValue, token);
        }
        Ok(())
    }

    pub(super) fn note_hazard(&mut self, kind: HazardKind, token: Token) {
        if self.hazard.is_none_or(|known| known.kind < kind) {
            let offset = token.start as usize;
            self.hazard = Some(Hazard { kind, offset });
        }
    }
}
