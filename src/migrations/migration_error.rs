use std::time::Duration;

use diesel_tenants_translate::quote::identifier;

use super::{FailedMigration, MigrationSourceError, OutsideWork, SchemaOwner};
use crate::{ConnectError, SchemaName, SchemaNameError};

/// Why a schema could not be migrated. Migrations before the failed one stay applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// No schema can have that name.
    #[error("can't migrate a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// The tenant exists under a name that no tenant may have, and so is not migrated.
    #[error("can't migrate {owner} until `rename_tenant` gives it another name: this one is reserved")]
    ReservedName {
        /// The tenant.
        owner: SchemaOwner,
        /// Why no tenant may have the name.
        source: SchemaNameError,
    },
    /// The migrations themselves can't be used.
    #[error("can't migrate {owner}")]
    Source {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What is wrong with the migrations.
        source: MigrationSourceError,
    },
    /// The tenant's schema does not exist.
    #[error("can't migrate {owner}: there is no such schema in the database; {}", .owner.remedy())]
    UnknownSchema {
        /// The owner of the schema.
        owner: SchemaOwner,
    },
    /// No connection could be made.
    #[error("can't connect to migrate {owner}")]
    Connect {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The reason.
        source: ConnectError,
    },
    /// Another migration of the same schema did not end in time.
    #[error(
        "another migration of {owner} was still running after {waited:?}: try again, or look in pg_locks for the \
         session that holds the advisory lock"
    )]
    Locked {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// How long the migration waited.
        waited: Duration,
    },
    /// A migration failed.
    #[error(transparent)]
    Failed(Box<FailedMigration>),
    /// The migrations, or the file of SQLite, can't be used, or a migration of the file failed.
    #[cfg(feature = "sqlite")]
    #[error("can't migrate {owner}")]
    Files {
        /// The owner of the file.
        owner: SchemaOwner,
        /// The reason.
        source: Box<crate::pool::SqliteError>,
    },
    /// A migration for MySQL has statements that are refused, or an earlier run was interrupted in a way that must be
    /// looked at; or the server can't be reached.
    #[cfg(feature = "mysql")]
    #[error("can't migrate {owner}")]
    Mysql {
        /// The owner of the database.
        owner: SchemaOwner,
        /// The reason.
        source: Box<crate::pool::MysqlError>,
    },
    /// A migration runs outside a transaction, and a pooler may be between the library and the server.
    #[error(
        "migration {name} of {owner} doesn't run in a transaction, so it needs a session of its own, which a pooler in \
         between may not give: give a URL that bypasses the pooler to `migration_url`"
    )]
    NeedsSession {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The migration's name.
        name: String,
    },
    /// PostgreSQL could not build an index that the migration names, now or at an earlier attempt. The index is
    /// invalid.
    #[error(
        "migration {name} of {owner} isn't recorded as applied: PostgreSQL could not build {}, and keeps it as \
         invalid, so that no query uses it, and it does not enforce uniqueness. Remove the cause (such as duplicate \
         rows), drop it by {}, and run the migration again",
        listed(.owner, .indexes), dropping(.owner, .indexes)
    )]
    InvalidIndexes {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The migration's name.
        name: String,
        /// The indexes.
        indexes: Vec<String>,
    },
    /// A tenant's migration would work outside its schema, which the pool refuses.
    #[error(
        "{work}: this works outside the schema of {owner}, for all tenants, and was refused; move it to the shared \
         migrations, or write names without a schema, so that the objects become the tenant's own"
    )]
    OutsideWork {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What the migration would do.
        work: OutsideWork,
    },
    /// A version is recorded as applied, but the source has no migration of that version to revert it.
    #[error("can't revert version {version} of {owner}: none of the given migrations has that version")]
    UnknownVersion {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The version in the schema's version table.
        version: String,
    },
    /// The library's own statements failed: reading versions, locking, recording.
    #[error("can't read or write the versions applied to {owner}")]
    Versions {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What the server answered.
        source: diesel::result::Error,
    },
}

impl MigrationError {
    /// The error of a tenant that exists under a reserved name.
    pub(super) fn reserved(tenant: &SchemaName, source: SchemaNameError) -> Self {
        Self::ReservedName {
            owner: SchemaOwner::Tenant(tenant.clone()),
            source,
        }
    }
}

impl SchemaOwner {
    /// Makes an error of one of the library's own statements.
    pub(super) fn failed(&self) -> impl Fn(diesel::result::Error) -> MigrationError {
        |source| MigrationError::Versions {
            owner: self.clone(),
            source,
        }
    }

    /// Makes an error of migrations that can't be used.
    pub(super) fn unusable(&self) -> impl FnOnce(MigrationSourceError) -> MigrationError {
        |source| MigrationError::Source {
            owner: self.clone(),
            source,
        }
    }
}

fn qualified(owner: &SchemaOwner, index: &str) -> String {
    format!("{}.{}", owner.schema().quoted(), identifier(index))
}

fn listed(owner: &SchemaOwner, indexes: &[String]) -> String {
    let names: Vec<String> = indexes.iter().map(|index| qualified(owner, index)).collect();
    format!("the index {}", names.join(", "))
}

fn dropping(owner: &SchemaOwner, indexes: &[String]) -> String {
    let drop = |index: &String| format!("`DROP INDEX CONCURRENTLY {}`", qualified(owner, index));
    indexes.iter().map(drop).collect::<Vec<_>>().join(", ")
}
