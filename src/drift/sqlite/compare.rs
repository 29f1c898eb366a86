use crate::{
    SchemaName,
    backend::sqlite::structure::{Column, Kind, Object, Structure},
    drift::{Change, Difference, Drift, ObjectKind, Repair},
};

/// Compares a tenant's structure with the one that it should have.
pub(super) fn compare(tenant: SchemaName, expected: &Structure, found: &Structure) -> Drift {
    let mut differences = Vec::new();
    for (name, object) in &expected.objects {
        match found.objects.get(name) {
            None => differences.push(whole(&tenant, name, Change::Missing, Some(object), None)),
            Some(other) if !object.is_like(other) => differences.extend(different(&tenant, name, object, other)),
            Some(_) => {}
        }
    }
    for (name, object) in &found.objects {
        if !expected.objects.contains_key(name) {
            differences.push(whole(&tenant, name, Change::Unexpected, None, Some(object)));
        }
    }
    let mut repairs: Vec<(u8, Repair)> = differences
        .iter()
        .flat_map(|difference| {
            let repairs = difference.repair.iter();
            repairs.map(|repair| (turn(difference.kind, repair), repair.clone()))
        })
        .collect();
    repairs.sort_by_key(|(turn, _)| *turn);
    Drift {
        tenant,
        differences,
        repair: repairs.into_iter().map(|(_, repair)| repair).collect(),
        not_compared: Vec::new(),
    }
}

/// When a statement can be run: what depends on tables goes first, and comes back last.
fn turn(kind: ObjectKind, repair: &Repair) -> u8 {
    let rank = match kind {
        ObjectKind::Table => 0,
        ObjectKind::Index => 1,
        ObjectKind::View => 2,
        _ => 3,
    };
    match repair.sql.starts_with("DROP ") {
        true => 3 - rank,
        false => 4 + rank,
    }
}

/// The differences of two objects of one name.
fn different(tenant: &SchemaName, name: &str, expected: &Object, found: &Object) -> Vec<Difference> {
    let differs = || vec![whole(tenant, name, Change::Different, Some(expected), Some(found))];
    if (expected.kind, found.kind) != (Kind::Table, Kind::Table) {
        return differs();
    }
    let columns = columns(name, &expected.columns, &found.columns);
    match columns.is_empty() {
        // A constraint, the order of the columns, or how the table is stored.
        true => differs(),
        false => columns,
    }
}

fn columns(table: &str, expected: &[Column], found: &[Column]) -> Vec<Difference> {
    let of_name = |columns: &[Column], name: &str| {
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        column.cloned()
    };
    let difference = |name: &str, change, expected: Option<Column>, found: Option<Column>| Difference {
        kind: ObjectKind::Column,
        table: Some(table.to_owned()),
        name: name.to_owned(),
        change,
        expected: expected.map(|column| column.describe()),
        found: found.map(|column| column.describe()),
        repair: Vec::new(),
    };
    let mut differences = Vec::new();
    for column in expected {
        match of_name(found, &column.name) {
            None => differences.push(difference(&column.name, Change::Missing, Some(column.clone()), None)),
            Some(other) if other != *column => {
                differences.push(difference(
                    &column.name,
                    Change::Different,
                    Some(column.clone()),
                    Some(other),
                ));
            }
            Some(_) => {}
        }
    }
    for column in found {
        if of_name(expected, &column.name).is_none() {
            differences.push(difference(&column.name, Change::Unexpected, None, Some(column.clone())));
        }
    }
    differences
}

/// An object that differs as a whole, with the statements that repair that.
fn whole(
    tenant: &SchemaName,
    name: &str,
    change: Change,
    expected: Option<&Object>,
    found: Option<&Object>,
) -> Difference {
    let object = expected.or(found).expect("one of the two has the object");
    let mut repair = Vec::new();
    // A table that differs is changed by hand: dropping it would lose its rows.
    let is_left = change == Change::Different && found.is_some_and(|found| found.kind == Kind::Table);
    if !is_left {
        repair.extend(found.map(|found| drop(tenant, name, found)));
        let makes = expected.and_then(|expected| make(tenant, expected));
        // Nothing is dropped that can't be made again.
        match (makes, expected) {
            (None, Some(_)) => repair.clear(),
            (made, _) => repair.extend(made),
        }
    }
    Difference {
        kind: kind(object.kind),
        table: matches!(object.kind, Kind::Index | Kind::Trigger).then(|| object.table.clone()),
        name: name.to_owned(),
        change,
        expected: expected.map(|object| object.sql.clone()),
        found: found.map(|object| object.sql.clone()),
        repair,
    }
}

fn drop(tenant: &SchemaName, name: &str, object: &Object) -> Repair {
    let what = match object.kind {
        Kind::Table => "TABLE",
        Kind::Index => "INDEX",
        Kind::View => "VIEW",
        Kind::Trigger => "TRIGGER",
    };
    let name = name.replace('"', "\"\"");
    Repair {
        sql: format!("DROP {what} {}.\"{name}\"", tenant.quoted()),
        is_destructive: object.kind == Kind::Table,
    }
}

/// The statement that makes an object in the tenant's file. SQLite keeps each statement with a beginning of its own, in
/// which the name comes without a schema.
fn make(tenant: &SchemaName, object: &Object) -> Option<Repair> {
    const BEGINNINGS: [&str; 6] = [
        "CREATE TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE INDEX ",
        "CREATE VIEW ",
        "CREATE TRIGGER ",
        "CREATE VIRTUAL TABLE ",
    ];
    let beginning = BEGINNINGS
        .iter()
        .find(|beginning| object.sql.starts_with(**beginning))?;
    let rest = &object.sql[beginning.len()..];
    Some(Repair {
        sql: format!("{beginning}{}.{rest}", tenant.quoted()),
        is_destructive: false,
    })
}

fn kind(kind: Kind) -> ObjectKind {
    match kind {
        Kind::Table => ObjectKind::Table,
        Kind::Index => ObjectKind::Index,
        Kind::View => ObjectKind::View,
        Kind::Trigger => ObjectKind::Trigger,
    }
}
