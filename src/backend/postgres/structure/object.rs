use std::fmt;

use super::{Column, Kind};

/// What one schema is made of, each object behind those it needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Structure {
    pub(crate) objects: Vec<Object>,
    /// Descriptions of what was found and can't be made in another schema.
    pub(crate) unsupported: Vec<String>,
    /// Those of them that were not read, and so can't be compared either.
    pub(crate) unread: Vec<String>,
}

impl Structure {
    /// How many of the objects have to be there before rows are.
    pub(crate) fn before_rows(&self) -> usize {
        let last = self.objects.iter().rposition(|object| object.kind.comes_before_rows());
        last.map_or(0, |last| last + 1)
    }

    /// The objects of which it is not certain what a copy with another name would lead to.
    pub(crate) fn unclear(&self) -> Vec<String> {
        let unclear = self.objects.iter().filter(|object| !object.is_clear);
        unclear.map(ToString::to_string).collect()
    }
}

/// One object of a schema. Its texts hold marks in place of the schema's name: see [`render`](super::render).
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    /// The table or domain that it belongs to, or nothing.
    pub(crate) parent: String,
    /// The name, unquoted; of functions with the types of the arguments.
    pub(crate) name: String,
    /// The statements that make it.
    pub(crate) make: Vec<String>,
    /// The statements that take it away.
    pub(crate) remove: Vec<String>,
    /// The statements that turn one with the same [details](Self::details) into this one. None if it has to be made anew.
    pub(crate) change: Vec<String>,
    /// What `change` can't change, or what has to be compared by itself.
    pub(crate) details: Vec<String>,
    /// Whether it is made together with its table.
    pub(crate) inline: bool,
    /// Where in the structure the objects are that have to be there first.
    pub(crate) needs: Vec<usize>,
    /// Whether it is certain which of the names in its texts are the schema's.
    pub(crate) is_clear: bool,
    /// Whether a text of it would still hold the schema's name in another schema.
    pub(crate) keeps_name: bool,
}

impl Object {
    /// What tells it from others in a schema.
    pub(crate) fn key(&self) -> (Kind, &str, &str) {
        (self.kind, &self.parent, &self.name)
    }

    /// Whether it can be made in another schema without leading to this one.
    pub(crate) fn can_follow(&self) -> bool {
        self.is_clear && !self.keeps_name
    }

    /// Whether it grants something on all that will be made in the schema.
    pub(crate) fn is_default_privilege(&self) -> bool {
        self.kind == Kind::Grant && self.name.starts_with("default on ")
    }

    /// The statement that makes a materialized view, up to whether it fills it.
    fn query(&self) -> &str {
        let make = self.make.first().map(String::as_str).unwrap_or_default();
        let make = make.strip_suffix(" WITH DATA").unwrap_or(make);
        make.strip_suffix(" WITH NO DATA").unwrap_or(make)
    }

    /// Whether this and an object with the same key are made the same way.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match self.kind {
            // The columns in its text are objects of their own.
            Kind::Table => self.details == other.details,
            Kind::Column => match (Column::of(&self.details), Column::of(&other.details)) {
                (Some(one), Some(other)) => one.is_like(&other),
                _ => false,
            },
            // Whether it holds rows is no matter of structure.
            Kind::MaterializedView => self.query() == other.query(),
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
