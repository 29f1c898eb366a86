//! Analysed statements: the places where a schema goes, for any map.

use std::borrow::Cow;

use super::{
    dialect::Dialect,
    error::{Fault, TranslateError},
    map::SchemaTranslateMap,
    session_effect::{Hazard, SessionEffect},
    slot::{self, Form, Slot},
};
use crate::schema_name::SchemaName;

/// The places in a text with names to translate. They depend on the text and its dialect alone, so a template serves
/// all maps, tenants and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    dialect: Dialect,
    /// The places in the text's order, without overlaps.
    slots: Vec<Slot>,
    /// The schemas that the text names, each once, folded as the dialect compares names.
    keys: Vec<Box<str>>,
    length: usize,
    session_effect: SessionEffect,
    hazard: Option<Hazard>,
}

/// SQLite looks for the bare names of a temporary view or trigger in all files, so none must be moved there.
const IN_TEMP: &str = "a map that puts this in the schema of temporary objects";

impl Template {
    pub(super) fn new(
        dialect: Dialect,
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
            dialect,
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
        // One copy of the code for each comparison of names: a dialect that folds names pays nothing for the other.
        match self.dialect {
            Dialect::Postgres => self.render_as::<true, true>(sql, map),
            Dialect::Sqlite => self.render_as::<false, false>(sql, map),
            Dialect::Mysql => self.render_as::<true, false>(sql, map),
        }
    }

    /// `EXACT` tells whether keys compare exactly, and `PLAIN` whether all places are tables and schemas of the text,
    /// and names are in double quotes.
    #[inline(always)]
    fn render_as<'a, const EXACT: bool, const PLAIN: bool>(
        &self,
        sql: &'a str,
        map: &SchemaTranslateMap,
    ) -> Result<Cow<'a, str>, TranslateError> {
        let mut growth = 0;
        let mut changed = false;
        for &slot in &self.slots {
            if let Some(name) = self.schema_for::<EXACT, PLAIN>(slot, sql, map)? {
                if !EXACT && self.dialect.same_name(name.as_str(), "temp") {
                    return Err(Fault::not_understood(slot.start() as usize, IN_TEMP).describe(sql));
                }
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
            let Some(name) = self.schema_for::<EXACT, PLAIN>(slot, sql, map)? else {
                continue;
            };
            out.push_str(&sql[copied..slot.start() as usize]);
            if PLAIN {
                slot::push_quoted(&mut out, name);
            } else if !slot.is_special() {
                self.dialect.push_name(&mut out, name);
            }
            copied = match slot {
                Slot::Unqualified { at } => {
                    out.push('.');
                    if !PLAIN && self.dialect.needs_space_behind_dot(&sql[at as usize..]) {
                        out.push(' ');
                    }
                    at as usize
                }
                Slot::Named { end, .. } if PLAIN => end as usize,
                Slot::Named { end, .. } => self.push_dot(&mut out, sql, end as usize),
                Slot::Nothing => copied,
                _ if PLAIN => copied,
                special => special.push(self.dialect, &mut out, name, map, self.key_of(special)) as usize,
            };
        }
        out.push_str(&sql[copied..]);
        Ok(Cow::Owned(out))
    }

    /// Writes the dot at this place if the name behind it must stand apart, and returns where the text goes on.
    fn push_dot(&self, out: &mut String, sql: &str, at: usize) -> usize {
        match sql[at..].strip_prefix('.') {
            Some(behind) if self.dialect.needs_space_behind_dot(behind) => {
                out.push_str(". ");
                at + 1
            }
            _ => at,
        }
    }

    /// The schema to write at a slot, if any.
    fn schema_for<'m, const EXACT: bool, const PLAIN: bool>(
        &self,
        slot: Slot,
        sql: &str,
        map: &'m SchemaTranslateMap,
    ) -> Result<Option<&'m SchemaName>, TranslateError> {
        match slot {
            Slot::Unqualified { at } => match map.unqualified() {
                Some(name) if !map.leaves_some_alone() => Ok(Some(name)),
                tenant => {
                    let table = self.name_at(sql, at);
                    match tenant {
                        _ if map.leaves_alone(self.dialect, &table) => Ok(None),
                        Some(name) => Ok(Some(name)),
                        None => Err(TranslateError::tenant_required(sql, at as usize, table.into_owned())),
                    }
                }
            },
            Slot::Nothing => Ok(None),
            Slot::Named { start, end, key } | Slot::NamedString { start, end, key } => {
                let key = &*self.keys[key as usize];
                let (value, is_same) = if EXACT {
                    let value = map.get(key);
                    (value, value.is_some_and(|name| name.as_str() == key))
                } else {
                    let value = map.get_ignoring_case(key)?;
                    (
                        value,
                        value.is_some_and(|name| self.dialect.same_name(name.as_str(), key)),
                    )
                };
                match value {
                    // A key that maps to itself changes nothing: the name isn't even quoted.
                    Some(_) if is_same => Ok(None),
                    Some(name) => Ok(Some(name)),
                    None if map.is_symbolic(self.dialect, key) => {
                        let table = self.name_at(sql, end);
                        Err(TranslateError::tenant_required(
                            sql,
                            start as usize,
                            format!("{key}.{table}"),
                        ))
                    }
                    None => Ok(None),
                }
            }
            _ if PLAIN => Ok(None),
            Slot::Tenant {
                at,
                form: Form::BeforeDot,
            } if map.leaves_alone(self.dialect, &self.name_at(sql, at)) => Ok(None),
            Slot::Tenant { at, .. } => match map.unqualified() {
                Some(name) => Ok(Some(name)),
                None => Err(TranslateError::tenant_required(
                    sql,
                    at as usize,
                    self.name_at(sql, at).into_owned(),
                )),
            },
            Slot::SchemaOrTable { start, end, key } => {
                let name = &*self.keys[key as usize];
                if map
                    .iter()
                    .any(|(_, schema)| self.dialect.same_name(schema.as_str(), name))
                {
                    return Ok(None);
                }
                let slot = match map.has_ignoring_case(name) {
                    true => Slot::Named { start, end, key },
                    false => Slot::Unqualified { at: start },
                };
                self.schema_for::<EXACT, PLAIN>(slot, sql, map)
            }
        }
    }

    /// The key at a slot; empty if there is none.
    fn key_of(&self, slot: Slot) -> &str {
        match slot {
            Slot::Named { key, .. } | Slot::NamedString { key, .. } | Slot::SchemaOrTable { key, .. } => {
                &self.keys[key as usize]
            }
            Slot::Unqualified { .. } | Slot::Nothing | Slot::Tenant { .. } => "",
        }
    }

    /// The name at a place, for messages and for comparison: behind the dot, if there is one.
    fn name_at<'a>(&self, sql: &'a str, at: u32) -> Cow<'a, str> {
        self.dialect.name_at(&sql[at as usize..])
    }

    /// The tables that the text names, as often as it does, in the text's order and without their schemas. `sql` is the
    /// text that was analysed. Functions that are called with their schema are among them; tables of the system catalogs
    /// are left out, and so are names that can mean something else.
    ///
    /// ```
    /// # use diesel_tenants_translate::Template;
    /// let sql = "SELECT * FROM orders JOIN public.users ON users.id = user_id WHERE note = 'urgent'";
    /// let tables: Vec<_> = Template::analyse(sql)?.tables(sql).map(|table| table.into_owned()).collect();
    /// assert_eq!(tables, ["orders", "users"]);
    /// # Ok::<(), diesel_tenants_translate::TranslateError>(())
    /// ```
    pub fn tables<'a>(&'a self, sql: &'a str) -> impl Iterator<Item = Cow<'a, str>> + 'a {
        self.slots.iter().filter_map(move |slot| match *slot {
            Slot::Unqualified { at } => Some(self.name_at(sql, at)),
            Slot::Named { end, .. } => {
                let behind = sql.get(end as usize..)?.trim_start().strip_prefix('.')?;
                Some(self.dialect.name_at(behind.trim_start()))
            }
            Slot::Nothing | Slot::NamedString { .. } | Slot::SchemaOrTable { .. } | Slot::Tenant { .. } => None,
        })
    }

    /// The dialect of the text.
    pub fn dialect(&self) -> Dialect {
        self.dialect
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

    /// The schemas that the text names before relations and functions, each once, in the order in which they appear
    /// first.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| &**key)
    }

    /// The byte offsets at which this schema precedes a relation's name.
    pub fn places_of<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.slots.iter().filter_map(move |slot| match *slot {
            Slot::Named { start, key, .. } if self.dialect.same_name(&self.keys[key as usize], schema) => {
                Some(start as usize)
            }
            _ => None,
        })
    }

    /// The bytes that this template takes in memory, for caches that are bounded by them.
    pub(crate) fn memory(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| key.len() + size_of::<Box<str>>()).sum();
        size_of::<Self>() + self.slots.capacity() * size_of::<Slot>() + keys
    }
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
