use std::fmt;

use super::Column;
use crate::backend::object_kind::ObjectKind;

/// The structure of one schema: each object comes after the objects that it needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    pub(crate) objects: Vec<Object>,
    /// Descriptions of objects that can't be created in another schema.
    pub(crate) unsupported: Vec<String>,
    /// The unsupported objects that were not read, and so can't be compared either.
    pub(crate) unread: Vec<String>,
}

impl Structure {
    /// How many of the objects must be created before rows are copied.
    pub(crate) fn before_rows(&self) -> usize {
        let last = self.objects.iter().rposition(|object| object.kind.comes_before_rows());
        last.map_or(0, |last| last + 1)
    }

    /// The objects for which it is unclear where a copy in a schema of another name would lead.
    pub(crate) fn unclear(&self) -> Vec<String> {
        let unclear = self.objects.iter().filter(|object| !object.is_clear);
        unclear.map(ToString::to_string).collect()
    }
}

/// One object of a schema. Its texts contain marks in place of the schema's name: see [`render`](super::render).
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: ObjectKind,
    /// The table or domain that the object belongs to, or nothing.
    pub(crate) parent: String,
    /// The name, unquoted; for functions with the types of the arguments.
    pub(crate) name: String,
    /// The statements that create the object.
    pub(crate) make: Vec<String>,
    /// The statements that drop the object.
    pub(crate) remove: Vec<String>,
    /// The statements that change an object with the same [details](Self::details) into this one. Empty if the object
    /// must be created anew.
    pub(crate) change: Vec<String>,
    /// The properties that `change` can't change, or that must be compared on their own.
    pub(crate) details: Vec<String>,
    /// Whether the object is created together with its table.
    pub(crate) inline: bool,
    /// The indexes of the objects in the structure that must be created first.
    pub(crate) needs: Vec<usize>,
    /// Whether it is clear which names in the object's texts are the schema's.
    pub(crate) is_clear: bool,
    /// Whether a text of the object would still contain the schema's name in another schema.
    pub(crate) keeps_name: bool,
}

impl Object {
    /// The key that distinguishes the object from others in a schema.
    pub(crate) fn key(&self) -> (ObjectKind, &str, &str) {
        (self.kind, &self.parent, &self.name)
    }

    /// Whether the object can be created in another schema without leading to this one.
    pub(crate) fn can_follow(&self) -> bool {
        self.is_clear && !self.keeps_name
    }

    /// Whether the object grants something on everything that will be created in the schema.
    pub(crate) fn is_default_privilege(&self) -> bool {
        self.kind == ObjectKind::Grant && self.name.starts_with("default on ")
    }

    /// The statement that creates a materialized view, without the part that says whether it is filled.
    fn query(&self) -> &str {
        let make = self.make.first().map(String::as_str).unwrap_or_default();
        let make = make.strip_suffix(" WITH DATA").unwrap_or(make);
        make.strip_suffix(" WITH NO DATA").unwrap_or(make)
    }

    /// Whether this object and one with the same key are defined in the same way.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match self.kind {
            // The columns in a table's text are objects of their own.
            ObjectKind::Table => self.details == other.details,
            ObjectKind::Column => match (Column::of(&self.details), Column::of(&other.details)) {
                (Some(one), Some(other)) => one.is_like(&other),
                _ => false,
            },
            // Whether the view is filled is not part of the structure.
            ObjectKind::MaterializedView => self.query() == other.query(),
            _ => self.details == other.details && self.make == other.make,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        if self.parent.is_empty() {
            return Ok(());
        }
        write!(f, " of {}", self.parent)
    }
}
