use std::fmt;

use super::CrossReference;
use crate::{SchemaName, backend::object_kind::ObjectKind};

/// How tenants differ from a template. See [`TenantPool::drift`](crate::TenantPool::drift).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DriftReport {
    /// The tenants that differ, in the order in which they were given.
    pub drifted: Vec<Drift>,
    /// How many tenants are like the template.
    pub alike: usize,
    /// The tenants in which no difference was found, but which may differ all the same: they or the template have
    /// objects that are [not compared](Drift::not_compared).
    pub partly_compared: Vec<Drift>,
    /// The tenants that don't exist.
    pub missing: Vec<SchemaName>,
    /// Objects that lead into another tenant's schema, including those that the template has too: they are right for
    /// one tenant at most.
    pub cross_references: Vec<CrossReference>,
}

impl DriftReport {
    /// Whether all tenants exist, all of each was compared, none differs, and none leads into another tenant's schema.
    pub fn is_clean(&self) -> bool {
        self.drifted.is_empty()
            && self.partly_compared.is_empty()
            && self.missing.is_empty()
            && self.cross_references.is_empty()
    }
}

/// How one tenant differs from the template.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drift {
    /// The tenant.
    pub tenant: SchemaName,
    /// The differences.
    pub differences: Vec<Difference>,
    /// All statements that bring the tenant to the template's structure, in an order in which they can be run.
    ///
    /// They are more than the statements of all differences together: an object that depends on a recreated one, such
    /// as a view on a column that gets another type, is recreated too.
    pub repair: Vec<Repair>,
    /// Objects of the tenant or the template whose kinds are not compared: foreign tables, operator classes…
    pub not_compared: Vec<String>,
}

impl Drift {
    /// Whether there are statements for every difference. There are none where someone has to decide about rows.
    pub fn is_repairable(&self) -> bool {
        self.differences.iter().all(|difference| !difference.repair.is_empty())
    }
}

/// An object in which a tenant differs from the template.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The table (or domain) that the object belongs to, if any.
    pub table: Option<String>,
    /// The object's name in the catalogs; a function's includes the types of its arguments.
    pub name: String,
    /// How the object differs.
    pub change: Change,
    /// The object in the template, without the schema's name.
    pub expected: Option<String>,
    /// The object in the tenant, without the schema's name.
    pub found: Option<String>,
    /// The statements that would repair the object, to be run as part of [`Drift::repair`]. There are none where
    /// someone has to decide: an enum with a surplus label, another partition key.
    pub repair: Vec<Repair>,
}

/// How an object differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The template has the object, the tenant lacks it.
    Missing,
    /// The tenant has the object, the template lacks it.
    Unexpected,
    /// Both have the object, but differently.
    Different,
}

/// A statement that is part of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// The statement, with all names qualified.
    pub sql: String,
    /// Whether the statement loses rows or values, or may lose them.
    pub is_destructive: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        if let Some(table) = &self.table {
            write!(f, " of {table}")?;
        }
        f.write_str(match self.change {
            Change::Missing => " is missing",
            Change::Unexpected => " is unexpected",
            Change::Different => " is different",
        })
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}
