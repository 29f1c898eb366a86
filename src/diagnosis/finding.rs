//! What is checked, and what was found.

use std::fmt;

use crate::{SchemaName, SchemaNameError};

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// All is well.
    Fine,
    /// Something may go wrong, in some circumstances.
    Warning,
    /// Something is wrong: operations fail, or rows are shown to another tenant.
    Problem,
}

/// What is checked. It is displayed as a name, such as `server version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The server's version.
    ServerVersion,
    /// Whether the role is a superuser.
    Superuser,
    /// Whether row-level security applies to the role.
    RowSecurity,
    /// Whether a pooler in between keeps startup options from the server.
    Pooler,
    /// The search_path with which the role's sessions begin.
    SearchPath,
    /// How the server reads backslashes in strings.
    Strings,
    /// Whether prepared statements are kept after their transaction.
    PreparedStatements,
    /// Unlogged tables of tenants.
    UnloggedTables,
    /// Whether the server has room for the locks of its largest tenant.
    Locks,
    /// Indexes that PostgreSQL could not build.
    InvalidIndexes,
    /// Constraints that were never checked against older rows.
    UncheckedConstraints,
    /// Partitions that were being detached.
    HalfDetachedPartitions,
    /// Functions that leave something on the session.
    Functions,
    /// Whether the directory's tables can be read.
    Directory,
    /// The directory's tenants whose schema is gone.
    MissingSchemas,
    /// Tenants' schemas that the directory doesn't list.
    UnlistedSchemas,
    /// The directory's domains that lead nowhere.
    LostDomains,
    /// The directory's tenants that share a schema.
    SharedSchemas,
    /// Tenants whose status in the directory differs from their schema's.
    DifferentStatuses,
    /// Whether a pool can be built.
    Pool,
    /// Tenants whose creation or drop a crash left unfinished.
    UnfinishedTenants,
    /// Tenants that exist under names which no tenant may have.
    ReservedNames,
    /// Objects of one tenant that lead into another tenant's schema.
    CrossReferences,
    /// MySQL: the `sql_mode` of new sessions.
    SqlMode,
    /// MySQL: the room for connections.
    Connections,
    /// MySQL: the rights of the account.
    Rights,
    /// MySQL: what the server writes into its binary log.
    BinaryLog,
    /// MySQL: whether the server is a node of a cluster.
    Cluster,
    /// MySQL: tenants whose database is gone.
    MissingDatabases,
    /// MySQL: tenants with a migration that stopped between two statements.
    UnfinishedMigrations,
    /// MySQL: tables of engines that have no transactions.
    Engines,
    /// MySQL: databases and tables that can't hold every letter.
    CharacterSets,
    /// MySQL: views, triggers, routines and events that another account has defined.
    Definers,
    /// MySQL: events, and whether the server runs them.
    Events,
    /// MySQL, in a cluster: tables without a primary key.
    PrimaryKeys,
    /// SQLite: whether the folder of the tenants' files is there, and files can be made in it.
    Folder,
    /// SQLite: the kind of file system that the folder is on.
    FileSystem,
    /// The version of SQLite, which is compiled in.
    SqliteVersion,
    /// SQLite: whether the shared file is there, and can be read.
    SharedFile,
    /// SQLite: files of tenants that are no databases, or can't be read.
    UnreadableFiles,
    /// SQLite: databases in the folder that have no version table, and so are no tenant's.
    NeverMigrated,
    /// SQLite: files in the folder that the library never looks at, because of their names.
    IgnoredFiles,
    /// SQLite: files that killed processes left half made, or half dropped.
    LeftFiles,
    /// SQLite: files in which readers wait for writers.
    JournalMode,
    /// SQLite: files that are damaged inside.
    Integrity,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ServerVersion => "server version",
            Self::Superuser => "superuser",
            Self::RowSecurity => "row-level security",
            Self::Pooler => "pooler",
            Self::SearchPath => "search_path of the role",
            Self::Strings => "strings",
            Self::PreparedStatements => "prepared statements",
            Self::UnloggedTables => "unlogged tables",
            Self::Locks => "max_locks_per_transaction",
            Self::InvalidIndexes => "invalid indexes",
            Self::UncheckedConstraints => "unchecked constraints",
            Self::HalfDetachedPartitions => "partitions half detached",
            Self::Functions => "functions and sessions",
            Self::Directory => "directory",
            Self::MissingSchemas => "directory: rows without a schema",
            Self::UnlistedSchemas => "directory: schemas without a row",
            Self::LostDomains => "directory: domains that lead nowhere",
            Self::SharedSchemas => "directory: tenants that share a schema",
            Self::DifferentStatuses => "directory: statuses that differ",
            Self::Pool => "pool",
            Self::UnfinishedTenants => "unfinished tenants",
            Self::ReservedNames => "reserved names",
            Self::CrossReferences => "tenants apart",
            Self::SqlMode => "sql_mode",
            Self::Connections => "connections",
            Self::Rights => "rights",
            Self::BinaryLog => "binary log",
            Self::Cluster => "cluster",
            Self::MissingDatabases => "missing databases",
            Self::UnfinishedMigrations => "unfinished migrations",
            Self::Engines => "engines",
            Self::CharacterSets => "character sets",
            Self::Definers => "definers",
            Self::Events => "events",
            Self::PrimaryKeys => "primary keys",
            Self::Folder => "folder",
            Self::FileSystem => "file system",
            Self::SqliteVersion => "SQLite version",
            Self::SharedFile => "shared file",
            Self::UnreadableFiles => "unreadable files",
            Self::NeverMigrated => "files without migrations",
            Self::IgnoredFiles => "ignored files",
            Self::LeftFiles => "half-made files",
            Self::JournalMode => "journal mode",
            Self::Integrity => "integrity",
        })
    }
}

/// The result of a check, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A fact in words.
    Fact(String),
    /// All tenants or objects that need attention. The displayed text names four of them, and counts the others.
    Names(Vec<String>),
    /// The room for locks.
    Locks {
        /// How many locks the server has room for.
        room: u64,
        /// The tenant with the most tables, indexes and sequences, and how many these are; `None` if there are no
        /// tenants.
        largest: Option<(String, u64)>,
    },
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(fact) => f.write_str(fact),
            Self::Names(names) => match names.as_slice() {
                [] => f.write_str("none"),
                [first @ .., _] if first.len() >= 4 => {
                    write!(f, "{} and {} more", names[..4].join(", "), names.len() - 4)
                }
                names => f.write_str(&names.join(", ")),
            },
            Self::Locks { room, largest: None } => write!(f, "room for {room} locks, and no tenants"),
            Self::Locks {
                room,
                largest: Some((tenant, relations)),
            } => write!(
                f,
                "room for {room} locks; the largest tenant, {tenant}, has {relations} tables, indexes and sequences"
            ),
        }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What was checked.
    pub check: Check,
    /// How serious a finding is.
    pub severity: Severity,
    /// What was found.
    pub found: Found,
    /// What to do about it; `None` if all is well.
    pub advice: Option<&'static str>,
}

impl Finding {
    pub(super) fn fine(check: Check, fact: impl Into<String>) -> Self {
        Self {
            check,
            severity: Severity::Fine,
            found: Found::Fact(fact.into()),
            advice: None,
        }
    }

    pub(super) fn bad(check: Check, severity: Severity, fact: impl Into<String>, advice: &'static str) -> Self {
        Self {
            check,
            severity,
            found: Found::Fact(fact.into()),
            advice: Some(advice),
        }
    }

    /// A finding with this severity, if there are any names; otherwise all is well.
    pub(super) fn names(check: Check, severity: Severity, names: Vec<String>, advice: &'static str) -> Self {
        let is_fine = names.is_empty();
        Self {
            check,
            severity: if is_fine { Severity::Fine } else { severity },
            found: Found::Names(names),
            advice: (!is_fine).then_some(advice),
        }
    }

    /// Tenants under names that no tenant may have, each with the reason.
    pub(super) fn reserved_names(tenants: impl IntoIterator<Item = (SchemaName, SchemaNameError)>) -> Self {
        let reserved = tenants.into_iter().map(|(name, reason)| format!("{name} ({reason})"));
        Self::names(
            Check::ReservedNames,
            Severity::Problem,
            reserved.collect(),
            "such a tenant can't be checked out, and is not migrated: give it another name by `rename_tenant`",
        )
    }

    /// The same finding, with this text if all is well.
    pub(super) fn or_fine(self, fact: &str) -> Self {
        match self.severity {
            Severity::Fine => Self::fine(self.check, fact),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_names_are_told_and_the_others_counted() {
        let told = |count: usize| Found::Names((0..count).map(|number| number.to_string()).collect()).to_string();
        assert_eq!(told(0), "none");
        assert_eq!(told(4), "0, 1, 2, 3");
        assert_eq!(told(5), "0, 1, 2, 3 and 1 more");
        assert_eq!(told(9), "0, 1, 2, 3 and 5 more");
    }
}
