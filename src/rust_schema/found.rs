//! Which relations are declared, and which only get a warning.

use std::collections::HashMap;

use super::{
    SchemaWarning, Side,
    options::{Database, Options},
    sql_type::{SqlType, Types},
};
use crate::backend::typed_tables::{Column, ROW_ID, Relation, TypedTables};

/// The most columns for which Diesel has a feature.
const MOST_COLUMNS: usize = 128;

/// Everything about one relation.
pub(super) struct Found<'a> {
    pub(super) relation: &'a Relation,
    pub(super) side: Side,
    pub(super) columns: Vec<&'a Column>,
    pub(super) sql_types: Vec<SqlType>,
    pub(super) key: Vec<i16>,
}

/// The relations to declare, sorted. Each of the others gets a warning.
pub(super) fn find<'a>(
    tables: &'a TypedTables,
    options: &Options,
    types: &Types<'a>,
    warnings: &mut Vec<SchemaWarning>,
) -> Vec<Found<'a>> {
    let mut columns: HashMap<u32, Vec<&Column>> = HashMap::new();
    for column in &tables.columns {
        columns.entry(column.relation).or_default().push(column);
    }
    let mut found = Vec::new();
    for relation in &tables.relations {
        let side = if relation.schema == options.tenant.as_str() {
            Side::Tenant
        } else if relation.schema == options.shared_schema.as_str() {
            Side::Shared
        } else {
            continue;
        };
        if options.except.contains(&relation.name) {
            continue;
        }
        let columns = columns.remove(&relation.oid).unwrap_or_default();
        found.extend(declarable(relation, side, columns, options.database, types, warnings));
    }
    // Sorted here, so that the order doesn't depend on the server's collation.
    found.sort_by(|a, b| (a.side, &a.relation.name).cmp(&(b.side, &b.relation.name)));
    found
}

/// What of a relation is declared; `None`, and a warning, if `table!` can't declare it.
fn declarable<'a>(
    relation: &'a Relation,
    side: Side,
    columns: Vec<&'a Column>,
    database: Database,
    types: &Types<'a>,
    warnings: &mut Vec<SchemaWarning>,
) -> Option<Found<'a>> {
    let table = relation.name.clone();
    let (columns, unknown): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .partition(|column| types.can_declare(column.type_oid));
    warnings.extend(unknown.iter().map(|column| SchemaWarning::UnknownType {
        side,
        table: table.clone(),
        column: column.name.clone(),
        sql_type: types.get(column.type_oid).name.clone(),
    }));
    let is_unknown = |number: &i16| unknown.iter().any(|column| column.number == *number);
    if relation.primary_key.iter().any(is_unknown) {
        // The warning about the column says so.
        return None;
    }
    let key = if relation.is_table() || columns.is_empty() {
        relation.primary_key.clone()
    } else {
        // `table!` needs a primary key, and the catalog has none for this relation.
        let id = columns.iter().find(|column| column.name == "id").unwrap_or(&columns[0]);
        vec![id.number]
    };
    if key.is_empty() {
        warnings.push(SchemaWarning::NoPrimaryKey { side, table });
        return None;
    }
    if database == Database::Sqlite {
        warnings.extend(of_sqlite(relation, side, &columns, types));
    }
    match columns.len() {
        0..=16 => {}
        count @ 17..=MOST_COLUMNS => warnings.push(SchemaWarning::ManyColumns {
            side,
            table,
            columns: count,
        }),
        count => {
            warnings.push(SchemaWarning::TooManyColumns {
                side,
                table,
                columns: count,
            });
            return None;
        }
    }
    let sql_types = columns
        .iter()
        .map(|column| sql_type_of(relation, side, column, types, warnings));
    Some(Found {
        relation,
        side,
        sql_types: sql_types.collect(),
        columns,
        key,
    })
}

fn sql_type_of(
    relation: &Relation,
    side: Side,
    column: &Column,
    types: &Types<'_>,
    warnings: &mut Vec<SchemaWarning>,
) -> SqlType {
    let (sql_type, is_not_null) = types.resolve(column.type_oid);
    if let SqlType::Custom(oid) = sql_type.innermost()
        && types.get(*oid).is_row
        && types.side(types.get(*oid)) == Side::Tenant
    {
        warnings.push(SchemaWarning::RowType {
            side,
            table: relation.name.clone(),
            column: column.name.clone(),
        });
    }
    // In a view, an outer join can give NULL even for a domain that forbids NULL.
    let is_nullable = !(column.is_not_null || is_not_null && !relation.is_view());
    if is_nullable { sql_type.nullable() } else { sql_type }
}

/// What is peculiar to tables of SQLite.
fn of_sqlite(relation: &Relation, side: Side, columns: &[&Column], types: &Types<'_>) -> Vec<SchemaWarning> {
    let table = || relation.name.clone();
    let mut warnings = Vec::new();
    if relation.primary_key == [ROW_ID] {
        warnings.push(SchemaWarning::RowId { side, table: table() });
    }
    for column in columns {
        let name = column.name.clone();
        if relation.primary_key.contains(&column.number) && !column.is_not_null {
            warnings.push(SchemaWarning::NullableKey {
                side,
                table: table(),
                column: name.clone(),
            });
        }
        if types.get(column.type_oid).name.is_empty() {
            warnings.push(SchemaWarning::Untyped {
                side,
                table: table(),
                column: name,
            });
        }
    }
    warnings
}
