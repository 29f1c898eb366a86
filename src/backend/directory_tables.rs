//! How a directory's tables are recognized, and why they can't be used, on every kind of database.

use crate::SchemaName;

/// The comment on the table `tenants` that this version creates.
pub(crate) const MADE: &str = "diesel-tenants: directory 1";

/// The beginning of that comment in every version.
pub(crate) const PREFIX: &str = "diesel-tenants: directory ";

/// The columns by which the table is recognized if the application has replaced its comment.
pub(crate) const COLUMNS: [&str; 5] = ["name", "schema_name", "tenant_id", "database_name", "status"];

/// Why the tables of a directory can't be used. Nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryUnusable {
    /// The catalog could not be asked.
    #[error("can't look for the directory's tables `tenants` and `domains` in schema {schema:?}")]
    Unread {
        /// The shared schema.
        schema: SchemaName,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// Another version of this library created the tables.
    #[error(
        "the directory's table `tenants` in schema {schema:?} was made by another version of diesel-tenants \
         ({comment:?}; this version knows {MADE:?}): use that version"
    )]
    OtherVersion {
        /// The shared schema.
        schema: SchemaName,
        /// The table's comment.
        comment: String,
    },
    /// Some columns or tables are missing.
    #[error(
        "the directory's tables in schema {schema:?} are incomplete, without {}: call `prepare_directory` in the \
         application, or restore what is missing", .missing.join(", ")
    )]
    Incomplete {
        /// The shared schema.
        schema: SchemaName,
        /// The missing columns and tables.
        missing: Vec<String>,
    },
    /// The role lacks a privilege on the table.
    #[error(
        "the role may not {} the directory's table `tenants` in schema {schema:?}: GRANT these privileges, or use the \
         application's role",
        .privileges.join(", ")
    )]
    Denied {
        /// The shared schema.
        schema: SchemaName,
        /// The missing privileges.
        privileges: Vec<String>,
    },
    /// The tables don't accept the change. An application's own column or trigger may be the reason.
    #[error(
        "the directory's tables `tenants` and `domains` in schema {schema:?} refuse the change: columns that you add \
         need a default, and triggers must let it pass"
    )]
    Refused {
        /// The shared schema.
        schema: SchemaName,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// Columns of the application need values that only the application knows.
    #[error(
        "the directory's table `tenants` in schema {schema:?} needs a value for {}: give each of these columns a \
         default, or let the application create the tenant's row", .columns.join(", ")
    )]
    NeedsValues {
        /// The shared schema.
        schema: SchemaName,
        /// The columns without a default that can't be `NULL`.
        columns: Vec<String>,
    },
}
