use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use super::{
    Column, Object, Structure,
    left_texts::keeps_name,
    names::{neutral, unqualified},
    order::order,
    rows::{self, Alias, Dependency, Row},
};
use crate::{
    PostgresConnection, SchemaName,
    backend::{object_kind::ObjectKind, postgres::own_objects},
};

/// Reads the structures of these schemas, by a fixed number of queries; `None` for a missing schema.
///
/// Call this in a transaction: it empties the search_path for the rest of the transaction.
pub(crate) async fn read(
    connection: &mut PostgresConnection,
    schemas: &[SchemaName],
) -> QueryResult<Vec<Option<Structure>>> {
    connection.batch_execute("SET LOCAL search_path = ''").await?;
    let found = rows::schemas(connection, schemas).await?;
    let oids: Vec<u32> = found.iter().map(|schema| schema.oid).collect();
    let mut rows = rows::objects(connection, &oids).await?;
    let aliases = rows::aliases(connection, &oids).await?;

    let commented: HashSet<_> = rows
        .iter()
        .map(|row| (row.schema, row.class, row.object))
        .chain(aliases_of(&rows, &aliases))
        .filter(|&(_, class, _)| class > 0)
        .collect();
    let commented: Vec<_> = commented.into_iter().collect();
    let column = |pick: fn(&(u32, u32, u32)) -> u32| commented.iter().map(pick).collect::<Vec<u32>>();
    let (classes, objects) = (column(|key| key.1), column(|key| key.2));
    rows.extend(rows::comments(connection, &column(|key| key.0), &classes, &objects).await?);
    let dependencies = rows::dependencies(connection, &classes, &objects).await?;
    let known = commented.iter().map(|&(_, class, object)| (class, object));
    let known: HashSet<(u32, u32)> = known
        .chain(aliases.iter().map(|alias| (alias.class, alias.object)))
        .collect();
    let contents = rows::contents(connection, &oids).await?;
    let unread = contents
        .into_iter()
        .filter(|content| content.is_misread || !known.contains(&(content.class, content.object)));

    let names: HashMap<u32, SchemaName> = found
        .iter()
        .filter_map(|schema| {
            Some((
                schema.oid,
                schemas.iter().find(|name| name.as_str() == schema.name)?.clone(),
            ))
        })
        .collect();
    let mut structures = Batch::new(rows, &aliases, &names).structures(&dependencies);
    for structure in structures.values_mut() {
        let is_own = |object: &Object| {
            !object.name.contains(own_objects::JOURNAL) && !object.parent.contains(own_objects::JOURNAL)
        };
        structure.objects.retain(is_own);
    }
    for content in unread {
        let structure = structures.entry(content.schema).or_default();
        structure.unsupported.push(content.description.clone());
        structure.unread.push(content.description);
    }
    Ok(schemas
        .iter()
        .map(|name| {
            let schema = found.iter().find(|schema| schema.name == name.as_str())?;
            Some(structures.get(&schema.oid).cloned().unwrap_or_default())
        })
        .collect())
}

/// The aliases of the objects in these rows, with the schema.
fn aliases_of<'a>(rows: &'a [Row], aliases: &'a [Alias]) -> impl Iterator<Item = (u32, u32, u32)> + 'a {
    let schemas: HashMap<(u32, u32), u32> = rows.iter().map(|row| ((row.class, row.object), row.schema)).collect();
    aliases.iter().filter_map(move |alias| {
        let schema = schemas.get(&(alias.node_class, alias.node_object))?;
        Some((*schema, alias.class, alias.object))
    })
}

/// A schema, and the index of an object in it.
type ObjectPlace = (u32, usize);

struct Batch {
    objects: HashMap<u32, Vec<Object>>,
    /// The objects by catalog, OID and column.
    places: HashMap<(u32, u32, i32), ObjectPlace>,
    aliases: HashMap<(u32, u32), (u32, u32, i32)>,
    /// Relations that an object needs beyond what the catalog says.
    needs: Vec<(ObjectPlace, Vec<u32>)>,
    /// The objects that comments and grants are about.
    subjects: Vec<(ObjectPlace, (u32, u32, i32))>,
}

impl Batch {
    fn new(mut rows: Vec<Row>, aliases: &[Alias], names: &HashMap<u32, SchemaName>) -> Self {
        put_columns_into_tables(&mut rows);
        let mut batch = Self {
            objects: HashMap::new(),
            places: HashMap::new(),
            aliases: aliases
                .iter()
                .map(|alias| {
                    (
                        (alias.class, alias.object),
                        (alias.node_class, alias.node_object, alias.node_sub),
                    )
                })
                .collect(),
            needs: Vec::new(),
            subjects: Vec::new(),
        };
        for mut row in rows {
            let Some(name) = names.get(&row.schema) else { continue };
            let objects = batch.objects.entry(row.schema).or_default();
            let place = (row.schema, objects.len());
            match ObjectKind::named(&row.kind) {
                ObjectKind::Comment | ObjectKind::Grant => {
                    batch.subjects.push((place, (row.class, row.object, row.sub)))
                }
                _ if row.class > 0 => {
                    batch.places.insert((row.class, row.object, row.sub), place);
                }
                _ => {}
            }
            batch.needs.push((place, std::mem::take(&mut row.needs)));
            objects.push(object(row, name));
        }
        batch
    }

    fn structures(mut self, dependencies: &[Dependency]) -> HashMap<u32, Structure> {
        let mut edges: Vec<(ObjectPlace, ObjectPlace)> = Vec::new();
        for dependency in dependencies {
            let Some(needed) = self.place(dependency.needed_class, dependency.needed_object, dependency.needed_sub)
            else {
                continue;
            };
            // A column is created with its table, so the table needs what the column needs.
            for sub in [dependency.sub, 0] {
                if let Some(dependent) = self.place(dependency.class, dependency.object, sub) {
                    edges.push((dependent, needed));
                    let table = self.aliases.get(&(dependency.class, dependency.object));
                    if let Some(&(class, object, 1..)) = table {
                        edges.extend(self.place(class, object, 0).map(|table| (table, needed)));
                    }
                }
            }
        }
        for &(place, (class, object, sub)) in &self.subjects {
            edges.extend(self.place(class, object, sub).map(|subject| (place, subject)));
        }
        let relations = self.relations();
        for (place, needs) in &self.needs {
            for oid in needs {
                let needed = relations.iter().find_map(|&class| self.place(class, *oid, 0));
                edges.extend(needed.map(|needed| (*place, needed)));
            }
        }
        // Objects of another schema are not created here.
        edges.retain(|((schema, dependent), (other, needed))| schema == other && dependent != needed);
        for ((schema, dependent), (_, needed)) in edges {
            let Some(objects) = self.objects.get_mut(&schema) else {
                continue;
            };
            let is_own_column = objects[needed].kind == ObjectKind::Column
                && objects[dependent].kind == ObjectKind::Table
                && objects[needed].parent == objects[dependent].name;
            if !is_own_column && !objects[dependent].needs.contains(&needed) {
                objects[dependent].needs.push(needed);
            }
        }
        self.objects
            .into_iter()
            .map(|(schema, objects)| {
                let (objects, unsupported) = order(objects);
                let structure = Structure {
                    objects,
                    unsupported,
                    unread: Vec::new(),
                };
                (schema, structure)
            })
            .collect()
    }

    /// The catalogs in which needs are looked up: the catalogs of relations and of constraints.
    fn relations(&self) -> Vec<u32> {
        let mut classes = Vec::new();
        for kinds in [
            &[
                ObjectKind::Table,
                ObjectKind::Sequence,
                ObjectKind::View,
                ObjectKind::MaterializedView,
            ][..],
            &[ObjectKind::Key, ObjectKind::Check],
        ] {
            let class = self.places.iter().find_map(|(&(class, _, _), &(schema, index))| {
                kinds.contains(&self.objects[&schema][index].kind).then_some(class)
            });
            classes.extend(class);
        }
        classes
    }

    /// The place of the object that has this address, or that is created with it.
    fn place(&self, class: u32, object: u32, sub: i32) -> Option<ObjectPlace> {
        if let Some(&(class, object, own)) = self.aliases.get(&(class, object)) {
            return self.plain_place(class, object, if own > 0 { own } else { sub });
        }
        self.plain_place(class, object, sub)
    }

    fn plain_place(&self, class: u32, object: u32, sub: i32) -> Option<ObjectPlace> {
        let places = &self.places;
        places
            .get(&(class, object, sub))
            .or_else(|| places.get(&(class, object, 0)))
            .copied()
    }
}

/// Composes the definitions of columns, and the statements of the tables that have them.
fn put_columns_into_tables(rows: &mut [Row]) {
    let mut columns: HashMap<u32, Vec<(i32, String)>> = HashMap::new();
    for row in rows.iter_mut().filter(|row| row.kind == "column") {
        let Some(column) = Column::of(&row.details) else {
            continue;
        };
        if column.origin != "inherited" {
            columns
                .entry(row.object)
                .or_default()
                .push((row.sub, column.definition("")));
        }
        row.make = vec![column.add("")];
    }
    for row in rows.iter_mut().filter(|row| row.kind == "table") {
        let mut columns = columns.remove(&row.object).unwrap_or_default();
        columns.sort_unstable();
        let columns: Vec<String> = columns.into_iter().map(|(_, definition)| definition).collect();
        if let [head, tail] = &row.make[..] {
            row.make = vec![format!("{head} ({}){tail}", columns.join(", "))];
        }
    }
}

fn object(row: Row, schema: &SchemaName) -> Object {
    let kind = ObjectKind::named(&row.kind);
    let mut is_clear = true;
    let mut neutral_texts = |texts: Vec<String>| -> Vec<String> {
        let neutral = texts.iter().map(|text| neutral(text, schema, kind.holds_queries()));
        neutral
            .map(|found| {
                is_clear &= found.is_clear;
                found.text
            })
            .collect()
    };
    let make = neutral_texts(row.make);
    let remove = neutral_texts(row.remove);
    let change = neutral_texts(row.change);
    let details = match kind {
        // Labels of enums are data, not SQL.
        ObjectKind::Enum => row.details,
        _ => row
            .details
            .iter()
            .map(|text| neutral(text, schema, false).text)
            .collect(),
    };
    let name = match kind {
        ObjectKind::Function | ObjectKind::Operator | ObjectKind::Grant | ObjectKind::Comment => {
            unqualified(&neutral(&row.name, schema, false).text)
        }
        _ => row.name,
    };
    Object {
        keeps_name: keeps_name(kind, &make, &details, schema.as_str()),
        kind,
        parent: row.parent,
        name,
        make,
        remove,
        change,
        details,
        inline: row.inline,
        needs: Vec::new(),
        is_clear,
    }
}
