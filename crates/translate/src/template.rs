//! Analysed statements: the places where a schema goes, for any map.

use std::borrow::Cow;

use super::{
    error::{Fault, TranslateError},
    identifier,
    lexer::{self, Lexer, Token},
    map::SchemaTranslateMap,
    session_effect::{Hazard, SessionEffect},
};
use crate::name::SchemaName;

/// The places in a text with names to translate. They depend on the text alone, so a template serves all maps, tenants
/// and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The places in the text's order, without overlaps.
    slots: Vec<Slot>,
    /// The schemas that the text names, each once.
    keys: Vec<Box<str>>,
    length: usize,
    session_effect: SessionEffect,
    hazard: Option<Hazard>,
}

/// A place in the text, and what is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// The unqualified schema and a dot go before the name at this offset.
    Unqualified { at: u32 },
    /// The name at this place turned out not to be a table's.
    Nothing,
    /// The schema written here is replaced by the value of a key.
    Named { start: u32, end: u32, key: u32 },
}

impl Slot {
    pub(super) fn start(self) -> u32 {
        match self {
            Self::Unqualified { at } => at,
            Self::Named { start, .. } => start,
            Self::Nothing => 0,
        }
    }
}

impl Template {
    pub(super) fn new(
        sql: &str,
        slots: &mut Vec<Slot>,
        keys: Vec<Box<str>>,
        session_effect: SessionEffect,
        hazard: Option<Hazard>,
    ) -> Self {
        slots.retain(|slot| *slot != Slot::Nothing);
        if !slots.is_sorted_by_key(|slot| slot.start()) {
            slots.sort_unstable_by_key(|slot| slot.start());
        }
        Self {
            slots: slots.clone(),
            keys,
            length: sql.len(),
            session_effect,
            hazard,
        }
    }

    /// Renders the text under a map. `sql` is the text that was analysed. The result is borrowed if nothing changes.
    ///
    /// # Errors
    /// [`TranslateError::TenantRequired`] if the text has an unqualified table and the map has no schema for
    /// unqualified tables.
    ///
    /// # Panics
    /// If `sql` differs in length from the text that was analysed.
    pub fn render<'a>(&self, sql: &'a str, map: &SchemaTranslateMap) -> Result<Cow<'a, str>, TranslateError> {
        assert_eq!(
            sql.len(),
            self.length,
            "a template renders the text that it was made of"
        );
        let mut growth = 0;
        let mut changed = false;
        for &slot in &self.slots {
            if let Some(name) = self.schema_for(slot, sql, map)? {
                changed = true;
                growth += name.quoted().len() + 2;
            }
        }
        if !changed {
            return Ok(Cow::Borrowed(sql));
        }
        let mut out = String::with_capacity(sql.len() + growth);
        let mut copied = 0;
        for &slot in &self.slots {
            let Some(name) = self.schema_for(slot, sql, map)? else {
                continue;
            };
            out.push_str(&sql[copied..slot.start() as usize]);
            if would_glue(&out) {
                out.push(' ');
            }
            out.push_str(name.quoted());
            copied = match slot {
                Slot::Unqualified { at } => {
                    out.push('.');
                    at as usize
                }
                Slot::Named { end, .. } => end as usize,
                Slot::Nothing => copied,
            };
        }
        out.push_str(&sql[copied..]);
        Ok(Cow::Owned(out))
    }

    /// The schema to write at a slot, if any.
    fn schema_for<'m>(
        &self,
        slot: Slot,
        sql: &str,
        map: &'m SchemaTranslateMap,
    ) -> Result<Option<&'m SchemaName>, TranslateError> {
        match slot {
            Slot::Unqualified { at } => match map.unqualified() {
                Some(name) if !map.leaves_some_alone() => Ok(Some(name)),
                tenant => {
                    let table = table_at(sql, at);
                    match tenant {
                        _ if map.leaves_alone(&table) => Ok(None),
                        Some(name) => Ok(Some(name)),
                        None => Err(TranslateError::tenant_required(sql, at as usize, table.into_owned())),
                    }
                }
            },
            Slot::Nothing => Ok(None),
            Slot::Named { start, end, key } => {
                let key = &*self.keys[key as usize];
                match map.get(key) {
                    // A key that maps to itself changes nothing: the name isn't even quoted.
                    Some(name) => Ok(Some(name).filter(|name| name.as_str() != key)),
                    None if map.is_symbolic(key) => {
                        let table = table_behind(sql, end);
                        Err(TranslateError::tenant_required(
                            sql,
                            start as usize,
                            format!("{key}.{table}"),
                        ))
                    }
                    None => Ok(None),
                }
            }
        }
    }

    /// Whether the text has a statement or a call that leaves something on the session after the transaction, or that
    /// begins or ends a transaction. A connection that ran such a text must not return to a pool. Also true for
    /// statements whose effect can't be seen (`DO`, `CALL`, `EXECUTE`).
    pub fn affects_session(&self) -> bool {
        self.session_effect != SessionEffect::None
    }

    /// What the text leaves on the session after the transaction: the first certain effect, if there is one.
    pub fn session_effect(&self) -> SessionEffect {
        self.session_effect
    }

    /// The worst hazard of the text on a session that serves several tenants in turn.
    pub fn hazard(&self) -> Option<Hazard> {
        self.hazard
    }

    /// The byte offsets at which this schema precedes a relation's name.
    pub fn places_of<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.slots.iter().filter_map(move |slot| match *slot {
            Slot::Named { start, key, .. } if &*self.keys[key as usize] == schema => Some(start as usize),
            _ => None,
        })
    }

    /// The bytes that this template takes in memory, for caches that are bounded by them.
    pub(crate) fn memory(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| key.len() + size_of::<Box<str>>()).sum();
        size_of::<Self>() + self.slots.capacity() * size_of::<Slot>() + keys
    }
}

/// Whether a quote written after this text would become part of the text's last token: of `"…"`, or of the `u` in
/// `u&column`.
fn would_glue(text: &str) -> bool {
    match text.as_bytes() {
        [.., b'"'] => true,
        [before @ .., b'u' | b'U', b'&'] => !before.last().is_some_and(|&byte| lexer::continues_word(byte)),
        _ => false,
    }
}

/// The name after a schema and its dot.
fn table_behind(sql: &str, end: u32) -> Cow<'_, str> {
    match first_token(&sql[end as usize..]) {
        Ok(dot) => match first_token(&sql[(end + dot.end) as usize..]) {
            Ok(name) => table_at(sql, end + dot.end + name.start),
            Err(_) => Cow::Borrowed(""),
        },
        Err(_) => Cow::Borrowed(""),
    }
}

fn table_at(sql: &str, at: u32) -> Cow<'_, str> {
    let token = first_token(&sql[at as usize..]);
    match token {
        Ok(Token { kind, start, end }) => identifier::name(
            sql,
            Token {
                kind,
                start: start + at,
                end: end + at,
            },
        ),
        Err(_) => Cow::Borrowed(""),
    }
}

fn first_token(sql: &str) -> Result<Token, Fault> {
    Lexer::new(sql)?.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_little_memory() {
        let template = Template::analyse("SELECT shared.a.x FROM shared.a, b").unwrap();
        assert!(template.memory() < 500, "{}", template.memory());
    }
}
