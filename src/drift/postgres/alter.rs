//! Changing an object into the template's object of the same name, without dropping it where that is possible.

use crate::backend::{
    object_kind::ObjectKind,
    postgres::{
        quote::literal,
        structure::{Column, Object},
    },
};

/// How an object is changed that differs from the template's.
pub(super) enum Alteration {
    /// Statements that change the object, each with whether it may lose rows or values. If `retyped`, dependent objects
    /// must be dropped before and created again after them.
    InPlace {
        statements: Vec<(String, bool)>,
        retyped: bool,
    },
    /// The object is dropped and created again.
    Anew,
    /// A person has to decide.
    ByHand,
}

pub(super) fn alteration(expected: &Object, found: &Object) -> Alteration {
    match expected.kind {
        ObjectKind::Table | ObjectKind::Range | ObjectKind::Collation => Alteration::ByHand,
        ObjectKind::Enum => labels(expected, found),
        ObjectKind::Composite => attributes(expected, found),
        ObjectKind::Column => column(expected, found),
        ObjectKind::Domain | ObjectKind::Sequence if expected.details != found.details => Alteration::ByHand,
        _ if !expected.change.is_empty() && expected.details == found.details => Alteration::InPlace {
            statements: expected.change.iter().map(|sql| (sql.clone(), false)).collect(),
            retyped: false,
        },
        _ => Alteration::Anew,
    }
}

/// Whether dropping the object loses rows or values.
pub(super) fn loses(object: &Object) -> bool {
    match object.kind {
        ObjectKind::Table | ObjectKind::Sequence => true,
        ObjectKind::Column => Column::of(&object.details).is_none_or(|column| column.generated.is_empty()),
        _ => false,
    }
}

/// The quoted name of a type, from the statement that drops it.
fn type_name(object: &Object) -> String {
    let dropped = object.remove.concat();
    dropped.strip_prefix("DROP TYPE ").unwrap_or(&dropped).to_owned()
}

/// Labels of an enum can be added anywhere, but neither moved nor removed.
fn labels(expected: &Object, found: &Object) -> Alteration {
    let mut known = found.details.iter().peekable();
    let mut statements = Vec::new();
    for (at, label) in expected.details.iter().enumerate() {
        if known.next_if_eq(&label).is_some() {
            continue;
        }
        let place = match (at.checked_sub(1), known.peek()) {
            (Some(before), _) => format!(" AFTER {}", literal(&expected.details[before])),
            (None, Some(next)) => format!(" BEFORE {}", literal(next)),
            (None, None) => String::new(),
        };
        statements.push((
            format!("ALTER TYPE {} ADD VALUE {}{place}", type_name(expected), literal(label)),
            false,
        ));
    }
    match known.next() {
        None => Alteration::InPlace {
            statements,
            retyped: false,
        },
        Some(_) => Alteration::ByHand,
    }
}

/// Attributes of a composite type can be added at the end, and removed.
fn attributes(expected: &Object, found: &Object) -> Alteration {
    let name = type_name(expected);
    let gone = found
        .details
        .iter()
        .filter(|attribute| !expected.details.contains(attribute));
    let mut statements: Vec<_> = gone
        .map(|attribute| {
            (
                format!("ALTER TYPE {name} DROP ATTRIBUTE {}", first_name(attribute)),
                true,
            )
        })
        .collect();
    let kept: Vec<_> = found
        .details
        .iter()
        .filter(|attribute| expected.details.contains(attribute))
        .collect();
    if !kept.iter().copied().eq(expected.details.iter().take(kept.len())) {
        return Alteration::ByHand;
    }
    let added = &expected.details[kept.len()..];
    statements.extend(
        added
            .iter()
            .map(|attribute| (format!("ALTER TYPE {name} ADD ATTRIBUTE {attribute}"), false)),
    );
    Alteration::InPlace {
        statements,
        retyped: false,
    }
}

/// The name that a definition begins with, quoted or not.
fn first_name(definition: &str) -> &str {
    let end = match definition.strip_prefix('"') {
        Some(inner) => {
            let mut quotes = inner
                .char_indices()
                .filter(|(_, character)| *character == '"')
                .map(|(at, _)| at);
            let mut end = definition.len();
            while let Some(at) = quotes.next() {
                if !inner[at + 1..].starts_with('"') {
                    end = at + 2;
                    break;
                }
                quotes.next();
            }
            end
        }
        None => definition.find(' ').unwrap_or(definition.len()),
    };
    &definition[..end]
}

fn column(expected: &Object, found: &Object) -> Alteration {
    let (Some(new), Some(old)) = (Column::of(&expected.details), Column::of(&found.details)) else {
        return Alteration::ByHand;
    };
    // A virtual generated column has no stored values to keep.
    if new.generated != old.generated && (!new.generated.is_empty() || old.generated.ends_with(" VIRTUAL")) {
        return Alteration::Anew;
    }
    let Column { table, name, .. } = new;
    let alter = format!("ALTER TABLE {table} ALTER COLUMN {name}");
    let mut statements = Vec::new();
    let mut add = |action: String, may_lose: bool| statements.push((format!("{alter} {action}"), may_lose));
    if new.generated != old.generated {
        add("DROP EXPRESSION".to_owned(), false);
    }
    let retyped = new.data_type != old.data_type;
    if retyped {
        let data_type = new.data_type;
        // An identity's sequence has its column's type.
        let bare = data_type.split(" COLLATE ").next().unwrap_or(data_type);
        // A type of the schema's own can only be cast by way of text.
        let through = match [new.data_type, old.data_type]
            .iter()
            .any(|data_type| data_type.contains('\u{1}'))
        {
            true => "::pg_catalog.text",
            false => "",
        };
        add(format!("TYPE {data_type} USING {name}{through}::{bare}"), true);
    }
    if new.not_null == " NOT NULL" && old.not_null.is_empty() {
        add("SET NOT NULL".to_owned(), false);
    }
    match (old.identity, new.identity) {
        ("", "") => {}
        ("", _) => add(format!("ADD{}", new.identity_clause()), false),
        (_, "") => add("DROP IDENTITY".to_owned(), false),
        _ if old.identity != new.identity || old.options != new.options => {
            add(format!("SET GENERATED {} {}", new.identity, new.settings), false);
        }
        _ => {}
    }
    if new.not_null != old.not_null && new.not_null.is_empty() {
        add("DROP NOT NULL".to_owned(), false);
    }
    statements.extend(not_null(&new, &old).into_iter().map(|sql| (sql, false)));
    Alteration::InPlace { statements, retyped }
}

/// The statements that turn one NOT NULL constraint into another, or add one that `SET NOT NULL` would not create in
/// the same form.
fn not_null(new: &Column<'_>, old: &Column<'_>) -> Vec<String> {
    let Column { table, constraint, .. } = *new;
    if new.not_null.is_empty() || new.not_null == old.not_null || constraint.is_empty() {
        return Vec::new();
    }
    let mut statements = Vec::new();
    let is_inherited = |column: &Column<'_>| !column.not_null.ends_with(" NO INHERIT");
    if old.not_null.is_empty() {
        if new.not_null != " NOT NULL" {
            let (name, no_inherit) = (new.name, if is_inherited(new) { "" } else { " NO INHERIT" });
            statements.push(format!(
                "ALTER TABLE {table} ADD CONSTRAINT {constraint} NOT NULL {name}{no_inherit}"
            ));
        }
        return statements;
    }
    if constraint != old.constraint {
        statements.push(format!(
            "ALTER TABLE {table} RENAME CONSTRAINT {} TO {constraint}",
            old.constraint
        ));
    }
    if is_inherited(new) != is_inherited(old) {
        let no = if is_inherited(new) { "" } else { "NO " };
        statements.push(format!("ALTER TABLE {table} ALTER CONSTRAINT {constraint} {no}INHERIT"));
    }
    statements
}
