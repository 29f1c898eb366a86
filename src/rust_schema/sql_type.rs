//! Which SQL type of Diesel's stands for a type of the database.

use std::collections::{BTreeMap, HashMap};

use super::{Side, catalog::Type};

/// What `table!` calls PostgreSQL's own types. `name` is as good as text: it is read and compared as one.
const OWN: &[(&str, &str)] = &[
    ("bool", "Bool"),
    ("bpchar", "Bpchar"),
    ("bytea", "Bytea"),
    ("char", "CChar"),
    ("cidr", "Cidr"),
    ("date", "Date"),
    ("datemultirange", "Datemultirange"),
    ("daterange", "Daterange"),
    ("float4", "Float4"),
    ("float8", "Float8"),
    ("inet", "Inet"),
    ("int2", "Int2"),
    ("int4", "Int4"),
    ("int4multirange", "Int4multirange"),
    ("int4range", "Int4range"),
    ("int8", "Int8"),
    ("int8multirange", "Int8multirange"),
    ("int8range", "Int8range"),
    ("interval", "Interval"),
    ("json", "Json"),
    ("jsonb", "Jsonb"),
    ("macaddr", "Macaddr"),
    ("macaddr8", "Macaddr8"),
    ("money", "Money"),
    ("name", "Text"),
    ("numeric", "Numeric"),
    ("nummultirange", "Nummultirange"),
    ("numrange", "Numrange"),
    ("oid", "Oid"),
    ("pg_lsn", "PgLsn"),
    ("text", "Text"),
    ("time", "Time"),
    ("timestamp", "Timestamp"),
    ("timestamptz", "Timestamptz"),
    ("tsmultirange", "Tsmultirange"),
    ("tsrange", "Tsrange"),
    ("tstzmultirange", "Tstzmultirange"),
    ("tstzrange", "Tstzrange"),
    ("uuid", "Uuid"),
    ("varchar", "Varchar"),
];

/// A type as `table!` wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SqlType {
    /// One of `diesel::sql_types`.
    Own(&'static str),
    Array(Box<SqlType>),
    Nullable(Box<SqlType>),
    /// One that the caller has, by its path.
    Named(String),
    /// One to be declared, by its OID.
    Custom(u32),
}

impl SqlType {
    pub(super) fn nullable(self) -> Self {
        Self::Nullable(Box::new(self))
    }

    /// What it is made of, in the end.
    pub(super) fn innermost(&self) -> &Self {
        match self {
            Self::Array(inner) | Self::Nullable(inner) => inner.innermost(),
            Self::Own(_) | Self::Named(_) | Self::Custom(_) => self,
        }
    }

    /// How it is written, given how the innermost is.
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
    /// Where Diesel's own name of an extension's type leads to it.
    extension_schemas: Vec<&'a str>,
}

impl<'a> Types<'a> {
    pub(super) fn new(
        types: &'a [Type],
        named: &'a BTreeMap<String, String>,
        tenant: &'a str,
        extension_schemas: Vec<&'a str>,
    ) -> Self {
        Self {
            by_oid: types.iter().map(|found| (found.oid, found)).collect(),
            named,
            tenant,
            extension_schemas,
        }
    }

    pub(super) fn get(&self, oid: u32) -> &'a Type {
        // The query follows every type to those that it is made of.
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

    /// The type that stands for the one with this OID, and whether the type itself forbids NULL.
    pub(super) fn resolve(&self, oid: u32) -> (SqlType, bool) {
        let found = self.get(oid);
        let qualified = format!("{}.{}", found.schema, found.name);
        if let Some(path) = self.named.get(&qualified).or_else(|| self.named.get(&found.name)) {
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
        let own = match found.schema.as_str() {
            "pg_catalog" => OWN.iter().find(|(name, _)| *name == found.name).map(|(_, own)| *own),
            schema if found.name == "citext" && self.extension_schemas.contains(&schema) => Some("Citext"),
            _ => None,
        };
        (own.map_or(SqlType::Custom(oid), SqlType::Own), false)
    }
}
