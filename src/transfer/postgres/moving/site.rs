//! One end of a move: a schema of a database.

use std::time::Duration;

use tokio_postgres::Error;

use super::MoveError;
use crate::{
    LifecycleError, LifecycleEvent, SchemaName, TenantPool, TenantStatus,
    backend::postgres::{
        LockSpan,
        catalog::row_tables::{RowTable, row_tables_by},
        driver::{Dial, DriverSession},
        journal, lock_by, search_path,
    },
    transfer::postgres::rows::Table,
};

/// The comment on the target's journal once the target is complete. It stays until nothing of the move is left
/// anywhere.
pub(super) struct Complete {
    /// The move's id, which is also the comment on the source's journal.
    pub(super) id: String,
    /// The database of the source, as declared; `None` is the pool's own.
    pub(super) database: Option<String>,
}

const COMPLETE: &str = "complete ";

impl Complete {
    pub(super) fn comment(&self) -> String {
        match &self.database {
            Some(database) => format!("{COMPLETE}{} from {database}", self.id),
            None => format!("{COMPLETE}{}", self.id),
        }
    }

    fn of_comment(comment: &str) -> Option<Self> {
        let text = comment.strip_prefix(COMPLETE)?;
        let (id, database) = match text.split_once(" from ") {
            Some((id, database)) => (id, Some(database.to_owned())),
            None => (text, None),
        };
        Some(Self {
            id: id.to_owned(),
            database,
        })
    }
}

/// One end of a move: a schema of some database.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) pool: TenantPool,
    pub(super) schema: SchemaName,
}

/// A table whose rows can be told apart, if it has a primary key.
#[derive(Debug, Clone)]
pub(super) struct KeyedTable {
    pub(super) table: Table,
    /// The columns of the primary key, with their types.
    pub(super) key: Vec<(String, String)>,
}

impl KeyedTable {
    /// The types' names include their schema.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let names = |keyed: &Self| keyed.key.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        self.table == other.table && names(self) == names(other)
    }
}

impl From<RowTable> for KeyedTable {
    fn from(table: RowTable) -> Self {
        Self {
            key: table
                .key_names
                .iter()
                .cloned()
                .zip(table.key_types.iter().cloned())
                .collect(),
            table: Table::from(table),
        }
    }
}

impl Site {
    pub(super) async fn connect(
        &self,
        dial: &dyn Dial,
        event: &LifecycleEvent,
    ) -> Result<DriverSession, LifecycleError> {
        let connected = dial.dial(self.pool.migration_connector()).await;
        connected.map_err(|source| LifecycleError::Connect {
            operation: event.clone(),
            source,
        })
    }

    /// The journal's name in SQL.
    pub(super) fn journal(&self) -> String {
        journal::table(&self.schema)
    }

    /// Sets the search_path of the open transaction to the schemas of extensions and, if this schema is being filled,
    /// this schema.
    pub(super) fn path(&self, with_schema: bool) -> String {
        let mut path: Vec<SchemaName> = with_schema.then(|| self.schema.clone()).into_iter().collect();
        path.extend_from_slice(self.pool.migration_connector().extension_schemas());
        match &path[..] {
            [] => "SET LOCAL search_path = ''".to_owned(),
            path => format!("SET LOCAL search_path = {}", search_path(path)),
        }
    }

    /// The tables, sorted by name.
    pub(super) async fn tables(&self, session: &DriverSession) -> Result<Vec<KeyedTable>, Error> {
        let mut tables = row_tables_by(session, &self.schema).await?;
        tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tables.into_iter().map(KeyedTable::from).collect())
    }

    /// The state of the schema; `None` if there is no such schema.
    pub(super) async fn status(&self, session: &DriverSession) -> Result<Option<Found>, Error> {
        let rows = session.query(&journal::state_query(), &[&self.schema.as_str()]).await;
        let Some(row) = rows?.pop() else {
            return Ok(None);
        };
        let comment: Option<String> = row.try_get(0)?;
        Ok(Some(Found {
            status: TenantStatus::of_comment(comment.as_deref()),
            journal: row.try_get(1)?,
            has_versions: row.try_get(2)?,
        }))
    }
}

/// The state of a schema.
pub(super) struct Found {
    pub(super) status: TenantStatus,
    /// The comment that a move wrote on its journal: at the source the move's id; at the target, once it is complete,
    /// [`Complete`].
    pub(super) journal: Option<String>,
    pub(super) has_versions: bool,
}

impl Found {
    /// Whether a move, a creation or a drop left the schema unfinished at a target.
    pub(super) fn is_left(&self) -> bool {
        self.status == TenantStatus::Unfinished || self.is_complete()
    }

    /// Whether a move has completed the schema, and was not tidied up yet.
    pub(super) fn is_complete(&self) -> bool {
        self.complete().is_some()
    }

    pub(super) fn complete(&self) -> Option<Complete> {
        self.journal.as_deref().and_then(Complete::of_comment)
    }
}

/// Keeps other sessions from migrating, renaming, moving or dropping a schema, until the session ends.
pub(super) async fn lock(
    session: &DriverSession,
    schema: &SchemaName,
    patience: Duration,
    event: &LifecycleEvent,
    failed: impl Fn(Error) -> MoveError,
) -> Result<(), MoveError> {
    match lock_by(session, schema, LockSpan::Session, patience, "")
        .await
        .map_err(failed)?
    {
        true => Ok(()),
        false => Err(MoveError::Lifecycle(LifecycleError::Locked {
            operation: event.clone(),
            waited: patience,
        })),
    }
}
