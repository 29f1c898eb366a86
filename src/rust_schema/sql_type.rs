//! Which of Diesel's SQL types stands for a type of the database.

use std::collections::{BTreeMap, HashMap};

use super::{
    Side, mysql_type,
    options::{Database, Options},
    postgres_type, sqlite_type,
};
use crate::backend::typed_tables::Type;

/// A type as it is written in `table!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SqlType {
    /// A type of `diesel::sql_types`.
    Own(&'static str),
    Array(Box<SqlType>),
    Nullable(Box<SqlType>),
    /// A type of the caller's, by its path.
    Named(String),
    /// A type to be declared, by its OID.
    Custom(u32),
}

impl SqlType {
    pub(super) fn nullable(self) -> Self {
        Self::Nullable(Box::new(self))
    }

    /// The type inside all arrays and `Nullable`s.
    pub(super) fn innermost(&self) -> &Self {
        match self {
            Self::Array(inner) | Self::Nullable(inner) => inner.innermost(),
            Self::Own(_) | Self::Named(_) | Self::Custom(_) => self,
        }
    }

    /// The type's text, given the text of the innermost type.
    pub(super) fn text(&self, innermost: &str) -> String {
        match self {
            Self::Own(name) => (*name).to_owned(),
            Self::Array(inner) => format!("Array<{}>", inner.text(innermost)),
            Self::Nullable(inner) => format!("Nullable<{}>", inner.text(innermost)),
            Self::Named(_) | Self::Custom(_) => innermost.to_owned(),
        }
    }
}

/// The types of the database.
pub(super) struct Types<'a> {
    by_oid: HashMap<u32, &'a Type>,
    /// Paths in Rust by names in the database.
    named: &'a BTreeMap<String, String>,
    tenant: &'a str,
    /// The schemas in which Diesel's own name for an extension's type finds that type.
    extension_schemas: Vec<&'a str>,
    database: Database,
}

impl<'a> Types<'a> {
    pub(super) fn new(types: &'a [Type], options: &'a Options) -> Self {
        Self {
            by_oid: types.iter().map(|found| (found.oid, found)).collect(),
            named: &options.sql_types,
            tenant: options.tenant.as_str(),
            extension_schemas: options.extension_schemas.iter().map(|schema| schema.as_str()).collect(),
            database: options.database,
        }
    }

    /// Whether a column of this type can be declared.
    pub(super) fn can_declare(&self, oid: u32) -> bool {
        self.database == Database::Postgres || !matches!(self.resolve(oid).0, SqlType::Custom(_))
    }

    fn path_of(&self, found: &Type) -> Option<&'a String> {
        match self.database {
            Database::Postgres => {
                let qualified = format!("{}.{}", found.schema, found.name);
                self.named.get(&qualified).or_else(|| self.named.get(&found.name))
            }
            Database::Sqlite | Database::Mysql => {
                let names = [
                    found.name.as_str(),
                    found.name.split('(').next().unwrap_or_default().trim(),
                ];
                let is_named = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
                self.named.iter().find(|(name, _)| is_named(name)).map(|(_, path)| path)
            }
        }
    }

    fn own(&self, found: &Type) -> Option<&'static str> {
        match (self.database, found.schema.as_str()) {
            (Database::Sqlite, _) => sqlite_type::of(&found.name),
            (Database::Mysql, _) => mysql_type::of(&found.name),
            (Database::Postgres, "pg_catalog") => postgres_type::of(&found.name),
            (Database::Postgres, schema) => {
                (found.name == "citext" && self.extension_schemas.contains(&schema)).then_some("Citext")
            }
        }
    }

    pub(super) fn get(&self, oid: u32) -> &'a Type {
        // The catalog query includes, for every type, the types that it is made of.
        self.by_oid[&oid]
    }

    /// Which file declares the type.
    pub(super) fn side(&self, found: &Type) -> Side {
        if found.schema == self.tenant {
            Side::Tenant
        } else {
            Side::Shared
        }
    }

    /// The SQL type that stands for the type with this OID, and whether that type itself forbids NULL.
    pub(super) fn resolve(&self, oid: u32) -> (SqlType, bool) {
        let found = self.get(oid);
        if let Some(path) = self.path_of(found) {
            return (SqlType::Named(path.clone()), found.is_not_null);
        }
        if found.base != 0 {
            let (base, is_not_null) = self.resolve(found.base);
            return (base, is_not_null || found.is_not_null);
        }
        if found.element != 0 {
            let (element, is_not_null) = self.resolve(found.element);
            let element = if is_not_null { element } else { element.nullable() };
            return (SqlType::Array(Box::new(element)), false);
        }
        (self.own(found).map_or(SqlType::Custom(oid), SqlType::Own), false)
    }
}
