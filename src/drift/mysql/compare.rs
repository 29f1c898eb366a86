use std::{borrow::Cow, collections::BTreeMap};

use super::table::{Part, Table};
use crate::{
    SchemaName, SchemaTranslateMap,
    backend::mysql::{DefinitionKind, lifecycle::Definition, quote},
    drift::{Change, Difference, Drift, ObjectKind, Repair},
    translate::Dialect,
};

/// Compares a tenant's definitions with those that it should have, which are the template's.
pub(super) fn compare(
    template: &SchemaName,
    tenant: SchemaName,
    expected: &[Definition],
    found: &[Definition],
) -> Drift {
    let mut comparison = Comparison {
        tenant: &tenant,
        differences: Vec::new(),
        repairs: Vec::new(),
        not_compared: Vec::new(),
    };
    let key = |definition: &Definition| (definition.kind.word(), definition.name.clone());
    let mut left: BTreeMap<_, &Definition> = found.iter().map(|definition| (key(definition), definition)).collect();
    for definition in expected {
        let other = left.remove(&key(definition));
        match definition.moved(template, &tenant) {
            Ok(definition) => comparison.both(&definition, other),
            Err(_) => comparison.not_compared.push(definition.named()),
        }
    }
    for definition in left.into_values() {
        comparison.whole(Change::Unexpected, None, Some(definition));
    }
    let Comparison {
        differences,
        mut repairs,
        not_compared,
        ..
    } = comparison;
    repairs.sort_by_key(|(turn, _)| *turn);
    Drift {
        tenant,
        differences,
        repair: repairs.into_iter().map(|(_, repair)| repair).collect(),
        not_compared,
    }
}

/// When a statement can be run: what needs something goes before it, and comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    DropObject,
    DropForeignKey,
    DropKey,
    DropTable,
    MakeSequence,
    MakeTable,
    ChangeTable,
    MakeForeignKey,
    MakeRoutine,
    MakeView,
    MakeObject,
}

struct Comparison<'a> {
    tenant: &'a SchemaName,
    differences: Vec<Difference>,
    repairs: Vec<(Turn, Repair)>,
    not_compared: Vec<String>,
}

impl Comparison<'_> {
    fn both(&mut self, expected: &Definition, found: Option<&Definition>) {
        let Some(found) = found else {
            return self.whole(Change::Missing, Some(expected), None);
        };
        if self.text(expected) == self.text(found) && expected.sql_mode == found.sql_mode {
            return;
        }
        match (expected.kind, Table::read(&expected.sql), Table::read(&found.sql)) {
            (DefinitionKind::Table, Some(one), Some(other)) => self.tables(expected, found, &one, &other),
            _ => self.whole(Change::Different, Some(expected), Some(found)),
        }
    }

    /// An object that differs as a whole.
    fn whole(&mut self, change: Change, expected: Option<&Definition>, found: Option<&Definition>) {
        let definition = expected.or(found).expect("one of the two has the object");
        let mut repairs = Vec::new();
        // A table that differs is changed by hand: dropping it would lose its rows.
        let is_left = change == Change::Different && definition.kind == DefinitionKind::Table;
        if !is_left {
            repairs.extend(found.map(drop));
            repairs.extend(expected.into_iter().flat_map(make));
        }
        self.add(
            Difference {
                kind: kind(definition),
                table: None,
                name: definition.name.clone(),
                change,
                expected: expected.map(|definition| definition.sql.clone()),
                found: found.map(|definition| definition.sql.clone()),
                repair: Vec::new(),
            },
            repairs,
        );
    }

    /// Two tables of one name that differ.
    fn tables(&mut self, expected: &Definition, found: &Definition, one: &Table<'_>, other: &Table<'_>) {
        let before = self.differences.len();
        let table = &expected.name;
        for part in &one.parts {
            match other.part(part.kind, part.name) {
                None => self.part(table, Change::Missing, Some((one, part)), None),
                Some(found) if found.text != part.text => {
                    self.part(table, Change::Different, Some((one, part)), Some(found));
                }
                Some(_) => {}
            }
        }
        for part in &other.parts {
            if one.part(part.kind, part.name).is_none() {
                self.part(table, Change::Unexpected, None, Some(part));
            }
        }
        if self.differences.len() == before || one.options != other.options {
            // The order of the columns, the engine, the character set, partitions.
            self.whole(Change::Different, Some(expected), Some(found));
        }
    }

    fn part(
        &mut self,
        table: &str,
        change: Change,
        expected: Option<(&Table<'_>, &Part<'_>)>,
        found: Option<&Part<'_>>,
    ) {
        let part = expected
            .map(|(_, part)| part)
            .or(found)
            .expect("one of the two has the part");
        let alter = |turn, what: String, is_destructive| {
            let sql = format!("ALTER TABLE {} {what}", quote::identifier(table));
            (turn, sql, is_destructive)
        };
        let (drops, makes) = match part.kind {
            ObjectKind::ForeignKey => (Turn::DropForeignKey, Turn::MakeForeignKey),
            // A column takes its keys along.
            _ => (Turn::DropKey, Turn::ChangeTable),
        };
        let is_column = part.kind == ObjectKind::Column;
        let repairs = match (expected, found) {
            (Some((whole, part)), None) if is_column => {
                let place = place(whole, part);
                vec![alter(makes, format!("ADD COLUMN {}{place}", part.text), false)]
            }
            (Some((_, part)), Some(_)) if is_column => {
                vec![alter(makes, format!("MODIFY COLUMN {}", part.text), true)]
            }
            (expected, found) => {
                let drops = if is_column { makes } else { drops };
                let dropped = found.map(|part| alter(drops, part.drop(), is_column));
                let made = expected.map(|(_, part)| alter(makes, format!("ADD {}", part.text), false));
                dropped.into_iter().chain(made).collect()
            }
        };
        let difference = Difference {
            kind: part.kind,
            table: Some(table.to_owned()),
            name: part.name.replace("``", "`"),
            change,
            expected: expected.map(|(_, part)| part.text.to_owned()),
            found: found.map(|part| part.text.to_owned()),
            repair: Vec::new(),
        };
        self.add(difference, repairs);
    }

    /// A definition as it is compared. The server keeps the text of a trigger or routine as it was written, with the
    /// tenant's name or without it.
    fn text(&self, definition: &Definition) -> String {
        let map = SchemaTranslateMap::tenant(self.tenant.clone());
        let text = without_start(definition);
        match map.translate_for(Dialect::Mysql, &text) {
            Ok(qualified) => qualified.into_owned(),
            Err(_) => text.into_owned(),
        }
    }

    /// Adds a difference, with its statements, if all of them can be written for this tenant.
    fn add(&mut self, mut difference: Difference, statements: Vec<(Turn, String, bool)>) {
        let map = SchemaTranslateMap::tenant(self.tenant.clone());
        let repairs = statements.into_iter().map(|(turn, sql, is_destructive)| {
            let sql = map.translate_for(Dialect::Mysql, &sql).ok()?.into_owned();
            Some((turn, Repair { sql, is_destructive }))
        });
        if let Some(repairs) = repairs.collect::<Option<Vec<_>>>() {
            difference.repair = repairs.iter().map(|(_, repair)| repair.clone()).collect();
            self.repairs.extend(repairs);
        }
        self.differences.push(difference);
    }
}

/// Where a new column goes.
fn place(table: &Table<'_>, part: &Part<'_>) -> String {
    let before = table.columns().take_while(|column| column.name != part.name).last();
    match before {
        Some(before) => format!(" AFTER `{}`", before.name),
        None => " FIRST".to_owned(),
    }
}

fn kind(definition: &Definition) -> ObjectKind {
    match definition.kind {
        DefinitionKind::Sequence => ObjectKind::Sequence,
        DefinitionKind::Table => ObjectKind::Table,
        DefinitionKind::Procedure | DefinitionKind::Function => ObjectKind::Function,
        DefinitionKind::Package | DefinitionKind::PackageBody => ObjectKind::Package,
        DefinitionKind::View => ObjectKind::View,
        DefinitionKind::Trigger => ObjectKind::Trigger,
        DefinitionKind::Event => ObjectKind::Event,
    }
}

fn drop(found: &Definition) -> (Turn, String, bool) {
    let loses = found.kind.holds_data();
    let turn = if loses { Turn::DropTable } else { Turn::DropObject };
    (
        turn,
        format!("DROP {} {}", found.kind.word(), quote::identifier(&found.name)),
        loses,
    )
}

/// The statements that make an object: a table's foreign keys for themselves, when all tables are there.
fn make(expected: &Definition) -> Vec<(Turn, String, bool)> {
    let turn = match expected.kind {
        DefinitionKind::Sequence => Turn::MakeSequence,
        DefinitionKind::Table => Turn::MakeTable,
        DefinitionKind::Procedure
        | DefinitionKind::Function
        | DefinitionKind::Package
        | DefinitionKind::PackageBody => Turn::MakeRoutine,
        DefinitionKind::View => Turn::MakeView,
        DefinitionKind::Trigger | DefinitionKind::Event => Turn::MakeObject,
    };
    let whole = || vec![(turn, expected.sql.clone(), false)];
    let Some(table) = Table::read(&expected.sql).filter(|_| expected.kind == DefinitionKind::Table) else {
        return whole();
    };
    let is_key = |part: &&Part<'_>| part.kind == ObjectKind::ForeignKey;
    let kept: Vec<&str> = table
        .parts
        .iter()
        .filter(|part| !is_key(part))
        .map(|part| part.text)
        .collect();
    let name = quote::identifier(&expected.name);
    let create = format!("CREATE TABLE {name} (\n  {}\n){}", kept.join(",\n  "), table.options);
    let keys = table.parts.iter().filter(is_key);
    let keys = keys.map(|part| {
        (
            Turn::MakeForeignKey,
            format!("ALTER TABLE {name} ADD {}", part.text),
            false,
        )
    });
    std::iter::once((turn, create, false)).chain(keys).collect()
}

/// A definition without what differs from tenant to tenant by itself: when an event was made.
fn without_start(definition: &Definition) -> Cow<'_, str> {
    const STARTS: &str = " STARTS '";

    let sql = definition.sql.as_str();
    let start = || {
        let start = sql.find(STARTS)?;
        let end = sql[start + STARTS.len()..].find('\'')?;
        Some((start, start + STARTS.len() + end + 1))
    };
    match start().filter(|_| definition.kind == DefinitionKind::Event) {
        Some((start, end)) => Cow::Owned([&sql[..start], &sql[end..]].concat()),
        None => Cow::Borrowed(sql),
    }
}
