//! The objects that are created at the target after the rows.

use std::fmt::Write as _;

use tokio_postgres::{Error, Row};

use super::site::Site;
use crate::{
    SchemaName,
    backend::{
        object_kind::ObjectKind,
        postgres::{
            driver::DriverSession,
            journal::unchecked_query,
            own_objects,
            quote::{identifier, literal},
            structure::{Object, Structure, render},
        },
    },
    tenancy::COMMENT_PREFIX,
    transfer::postgres::{head::CreateStatements, source::create_statements},
};

/// The objects that come after rows, by the time of their creation.
pub(super) struct Split {
    /// Created with the copy: keys, indexes, views, and foreign keys to tables outside the schema.
    pub(super) early: Vec<CreateStatements>,
    /// Created with the switch: everything that fires on a write, or prevents replaying rows in any order.
    pub(super) late: Vec<CreateStatements>,
    /// The foreign keys among the late objects whose rows are checked after the switch.
    pub(super) unchecked: Vec<(String, String)>,
}

impl Split {
    pub(super) fn of(structure: Structure) -> Self {
        let after = structure.objects.iter().skip(structure.before_rows());
        let mut split = Self {
            early: Vec::new(),
            late: Vec::new(),
            unchecked: Vec::new(),
        };
        for object in after.filter(|object| !object.inline && !is_status(object)) {
            if !is_late(object) {
                split.early.push(create_statements(object));
                continue;
            }
            let mut late = create_statements(object);
            if object.kind == ObjectKind::ForeignKey && !is_partitioned(&structure, &object.parent) {
                // The rows were checked at the source, so checking them again can wait until after the switch, when no
                // write waits for it.
                let is_unchecked = [" NOT VALID", " NOT ENFORCED"];
                if !is_unchecked.iter().any(|end| late.statements.ends_with(end)) {
                    late.statements += " NOT VALID";
                    split.unchecked.push((object.parent.clone(), object.name.clone()));
                }
            }
            split.late.push(late);
        }
        split
    }

    /// Records in the target's journal which foreign keys must be checked, for this call or a later one.
    pub(super) fn note_unchecked(&self, target: &Site) -> String {
        let mut sql = String::new();
        for (table, name) in &self.unchecked {
            let (table, name) = (literal(table), literal(name));
            let _ = write!(
                sql,
                "; INSERT INTO {} VALUES ({table}, pg_catalog.to_jsonb({name}::pg_catalog.text))",
                target.journal()
            );
        }
        sql
    }
}

/// The statements that check the foreign keys that a move has recorded, as far as these still exist and are not
/// checked.
pub(super) async fn checks(target: &Site, session: &DriverSession) -> Result<Vec<String>, Error> {
    let check = |row: Row| {
        let (table, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let table = format!("{}.{}", target.schema.quoted(), identifier(&table));
        Ok(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", identifier(&name)))
    };
    let noted = session
        .query(&unchecked_query(&target.schema), &[&target.schema.as_str()])
        .await?;
    noted.into_iter().map(check).collect()
}

/// Whether the object is the comment that holds the tenant's status, which differs at the target.
fn is_status(object: &Object) -> bool {
    let ours = format!("IS '{COMMENT_PREFIX}");
    let is_ours = |sql: &String| sql.contains(&ours);
    object.kind == ObjectKind::Comment
        && object.name.contains(own_objects::VERSION_TABLE)
        && object.make.iter().any(is_ours)
}

fn is_late(object: &Object) -> bool {
    match object.kind {
        ObjectKind::ForeignKey => {
            // The key is rendered for two schemas: it references the tenant's own schema if the two results differ.
            let [one, other] = ["a", "b"].map(|name| references(object, name));
            one != other
        }
        kind => matches!(
            kind,
            ObjectKind::LateSetting
                | ObjectKind::Trigger
                | ObjectKind::Rule
                | ObjectKind::Policy
                | ObjectKind::Grant
                | ObjectKind::Comment
        ),
    }
}

/// The text of a foreign key after its columns, with a name for the schema.
fn references(object: &Object, schema: &str) -> Option<String> {
    let schema = SchemaName::new(schema).ok()?;
    let text = render(object.make.first()?, &schema);
    text.rsplit_once(" REFERENCES ").map(|(_, target)| target.to_owned())
}

fn is_partitioned(structure: &Structure, table: &str) -> bool {
    let table = structure
        .objects
        .iter()
        .find(|object| object.kind == ObjectKind::Table && object.name == table);
    table.is_some_and(|table| table.make.iter().any(|sql| sql.contains(" PARTITION BY ")))
}
