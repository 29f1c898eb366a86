//! Turns what the database has into what the two files declare.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    SchemaWarning, Side,
    found::{Found, find},
    names::{Names, needs_sql_name, type_name, variable_names},
    options::Options,
    sql_type::{SqlType, Types},
};
use crate::backend::typed_tables::{Reference, TypedTables};

/// A name in Rust, and the file in which it is declared.
pub(super) type Name = (Side, String);

/// A struct that stands for a type.
pub(super) struct CustomType {
    pub(super) rust: String,
    /// The text inside `postgres_type(…)`.
    pub(super) attributes: String,
    pub(super) comment: Option<String>,
    pub(super) labels: Vec<String>,
}

pub(super) struct Column {
    pub(super) rust: String,
    /// The name in the database, if it differs from the name in Rust.
    pub(super) sql_name: Option<String>,
    pub(super) sql_type: String,
    pub(super) max_length: Option<i32>,
    pub(super) comment: Option<String>,
    pub(super) is_generated: bool,
}

pub(super) struct Table {
    pub(super) rust: String,
    /// The name in the database, if it differs from the name in Rust.
    pub(super) sql_name: Option<String>,
    pub(super) comment: Option<String>,
    /// The columns' names in Rust.
    pub(super) primary_key: Vec<String>,
    pub(super) columns: Vec<Column>,
    /// Paths to the types that are not Diesel's own.
    pub(super) imports: BTreeSet<String>,
}

/// A foreign key that `joinable!` can say.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Join {
    pub(super) child: Name,
    pub(super) parent: Name,
    /// The column's name in Rust.
    pub(super) column: String,
}

/// The declarations of one file.
#[derive(Default)]
pub(super) struct Module {
    pub(super) types: Vec<CustomType>,
    pub(super) tables: Vec<Table>,
}

pub(super) struct Declarations {
    pub(super) shared: Module,
    pub(super) tenant: Module,
    pub(super) joins: BTreeSet<Join>,
    /// Pairs of tables of which one references the other; each pair is sorted.
    pub(super) related: BTreeSet<[Name; 2]>,
    pub(super) warnings: Vec<SchemaWarning>,
}

/// Decides what is declared, and under which names.
pub(super) fn declare(tables: &TypedTables, options: &Options) -> Declarations {
    let types = Types::new(&tables.types, options);
    let mut warnings = Vec::new();
    let found = find(tables, options, &types, &mut warnings);
    let (custom, names_of_types) = custom_types(&found, &types, options);
    let [shared_types, tenant_types] = custom;

    let mut modules = [
        Module {
            types: shared_types,
            tables: Vec::new(),
        },
        Module {
            types: tenant_types,
            tables: Vec::new(),
        },
    ];
    let mut rust_names: HashMap<u32, (Side, String, HashMap<i16, String>)> = HashMap::new();
    let (of_shared, of_tenants): (Vec<&Found<'_>>, Vec<_>) = found.iter().partition(|one| one.side == Side::Shared);
    let table_names = [of_shared, of_tenants].map(|side| {
        let names = side.iter().map(|one| one.relation.name.as_str());
        variable_names(names, Names::default())
    });
    // The shared tables come first in `found`, as `table_names` has them.
    for (one, rust) in found.iter().zip(table_names.concat()) {
        let (table, columns) = table(one, rust, &names_of_types);
        rust_names.insert(one.relation.oid, (one.side, table.rust.clone(), columns));
        modules[one.side as usize].tables.push(table);
    }
    let [shared, tenant] = modules;

    let mut related: BTreeMap<[Name; 2], Vec<&Reference>> = BTreeMap::new();
    for reference in &tables.references {
        let (Some(child), Some(parent)) = (rust_names.get(&reference.child), rust_names.get(&reference.parent)) else {
            continue;
        };
        let mut pair = [(child.0, child.1.clone()), (parent.0, parent.1.clone())];
        pair.sort();
        if pair[0] != pair[1] {
            related.entry(pair).or_default().push(reference);
        }
    }
    let keys: HashMap<u32, &[i16]> = found.iter().map(|one| (one.relation.oid, one.key.as_slice())).collect();
    let joins = related.values().filter_map(|references| {
        // With several foreign keys, `joinable!` would have to guess one: queries use `on` instead.
        let [reference] = references.as_slice() else {
            return None;
        };
        let ([column], parent_columns) = (reference.child_columns.as_slice(), &reference.parent_columns) else {
            return None;
        };
        // `joinable!` always means the primary key.
        if keys.get(&reference.parent) != Some(&parent_columns.as_slice()) {
            return None;
        }
        let (child, parent) = (&rust_names[&reference.child], &rust_names[&reference.parent]);
        Some(Join {
            child: (child.0, child.1.clone()),
            parent: (parent.0, parent.1.clone()),
            column: child.2[column].clone(),
        })
    });
    let joins = joins.collect();
    Declarations {
        shared,
        tenant,
        joins,
        related: related.into_keys().collect(),
        warnings,
    }
}

/// The types to be declared by each file, and their names.
fn custom_types(
    found: &[Found<'_>],
    types: &Types<'_>,
    options: &Options,
) -> ([Vec<CustomType>; 2], HashMap<u32, Name>) {
    let used = found
        .iter()
        .flat_map(|one| &one.sql_types)
        .filter_map(|sql_type| match sql_type.innermost() {
            SqlType::Custom(oid) => Some(types.get(*oid)),
            _ => None,
        });
    let used: BTreeMap<_, _> = used
        .map(|found| ((found.schema.as_str(), found.name.as_str()), found))
        .collect();
    let mut declared = [Vec::new(), Vec::new()];
    let mut names = [Names::default(), Names::default()];
    let mut by_oid = HashMap::new();
    for found in used.into_values() {
        let side = types.side(found);
        let rust = names[side as usize].take(type_name(&found.name));
        by_oid.insert(found.oid, (side, rust.clone()));
        let name = format!("name = {:?}", found.name);
        let attributes = match (side, &options.symbolic_schema) {
            // PostgreSQL's own types have the same OIDs in every database.
            _ if found.schema == "pg_catalog" => format!("oid = {}, array_oid = {}", found.oid, found.array_oid),
            (Side::Shared, _) => format!("{name}, schema = {:?}", found.schema),
            (Side::Tenant, Some(schema)) => format!("{name}, schema = {schema:?}"),
            (Side::Tenant, None) => name,
        };
        declared[side as usize].push(CustomType {
            rust,
            attributes,
            // The comments on PostgreSQL's own types differ from version to version.
            comment: found.comment.clone().filter(|_| found.schema != "pg_catalog"),
            labels: found.labels.clone(),
        });
    }
    declared
        .iter_mut()
        .for_each(|types| types.sort_by(|a, b| a.rust.cmp(&b.rust)));
    (declared, by_oid)
}

/// A table, and the names of its columns in Rust.
fn table(found: &Found<'_>, rust: String, names_of_types: &HashMap<u32, Name>) -> (Table, HashMap<i16, String>) {
    let &Found { relation, side, .. } = found;
    let of_this_side = |name: &str| {
        let mut oids = found
            .sql_types
            .iter()
            .filter_map(|sql_type| match sql_type.innermost() {
                SqlType::Custom(oid) => Some(&names_of_types[oid]),
                _ => None,
            });
        oids.any(|(other_side, other)| *other_side == side && other == name)
    };
    let mut imports = BTreeSet::new();
    let mut columns = Vec::new();
    let mut names = HashMap::new();
    // A column can't have the table's name.
    let column_names = found.columns.iter().map(|column| column.name.as_str());
    let column_names = variable_names(column_names, Names::without([rust.as_str()]));
    for ((column, sql_type), column_name) in found.columns.iter().zip(&found.sql_types).zip(column_names) {
        let innermost = match sql_type.innermost() {
            SqlType::Named(path) => {
                imports.insert(path.clone());
                path.rsplit("::").next().unwrap_or(path).to_owned()
            }
            SqlType::Custom(oid) => match &names_of_types[oid] {
                (other, name) if *other == side => {
                    imports.insert(format!("super::sql_types::{name}"));
                    name.clone()
                }
                (other, name) => {
                    let path = format!("super::super::{other}::sql_types::{name}");
                    let (import, name) = if of_this_side(name) {
                        (format!("{path} as Other{name}"), format!("Other{name}"))
                    } else {
                        (path, name.clone())
                    };
                    imports.insert(import);
                    name
                }
            },
            _ => String::new(),
        };
        columns.push(Column {
            sql_name: needs_sql_name(&column_name, &column.name).then(|| column.name.clone()),
            sql_type: sql_type.text(&innermost),
            max_length: column.max_length,
            comment: column.comment.clone(),
            is_generated: column.is_generated,
            rust: column_name.clone(),
        });
        names.insert(column.number, column_name);
    }
    let table = Table {
        sql_name: needs_sql_name(&rust, &relation.name).then(|| relation.name.clone()),
        comment: relation.comment.clone(),
        primary_key: found.key.iter().map(|number| names[number].clone()).collect(),
        columns,
        imports,
        rust,
    };
    (table, names)
}
