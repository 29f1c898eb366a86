use std::collections::{BTreeMap, BTreeSet};

use crate::SchemaName;

/// Which tables may appear together in one query: Diesel needs a declaration for each pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AllowTogether {
    /// All tables. Compile time grows with the square of their number: 60 tables take about three seconds.
    #[default]
    All,
    /// Tables with a foreign key from one to the other.
    Related,
    /// None: you write the calls of `allow_tables_to_appear_in_same_query!`.
    Nothing,
}

/// The kind of database whose tables are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Postgres,
    Sqlite,
    #[cfg_attr(
        not(feature = "mysql"),
        expect(dead_code, reason = "only a pool for MySQL declares its tables")
    )]
    Mysql,
}

/// The options of a request: what is declared, and how.
pub(super) struct Options {
    pub(super) database: Database,
    pub(super) shared_schema: SchemaName,
    /// The tenant whose tables represent those of all tenants.
    pub(super) tenant: SchemaName,
    pub(super) symbolic_schema: Option<String>,
    pub(super) extension_schemas: Vec<SchemaName>,
    pub(super) except: BTreeSet<String>,
    /// Rust paths, by the name of the database's type.
    pub(super) sql_types: BTreeMap<String, String>,
    pub(super) together: AllowTogether,
}
