use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncMysqlConnection, RunQueryDsl};
use diesel_tenants_translate::SchemaName;

use super::{
    DirectoryId, bump,
    tables::{TENANTS, VERSION},
};
use crate::{
    backend::mysql::{Session, is_deadlock, quote},
    tenancy::TenantStatus,
};

/// What the registry says of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: SchemaName,
    pub(crate) status: TenantStatus,
    /// What was begun, and is not done yet. The status is then [unfinished](TenantStatus::Unfinished).
    pub(crate) operation: Option<Operation>,
    /// Of which tenant it is the archive.
    pub(crate) archive: Option<Archive>,
    /// The directory of another server, if that owns the tenant: it placed or adopted the tenant. Nobody else may suspend,
    /// rename, archive or drop it.
    pub(crate) placed_by: Option<DirectoryId>,
}

/// An operation under way, or interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The database is being made. Nobody has used it.
    Make { step: Step },
    /// The database is being dropped.
    Drop,
    /// What the database has goes to another one.
    MoveTo {
        to: SchemaName,
        step: Step,
        /// The status that it has afterwards.
        status: TenantStatus,
    },
    /// The database gets what another one has.
    MoveFrom { from: SchemaName },
}

/// How far an operation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing but the entry is there for certain.
    Begun,
    /// The new database is there, and the library made it.
    Made,
}

/// How a [rehearsal](Entry::rehearse) ended.
#[derive(Debug)]
pub(crate) enum Rehearsed {
    /// The directory refuses the change.
    Refused(diesel::result::Error),
    /// The server failed.
    Failed(diesel::result::Error),
}

/// What an archive was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Archive {
    /// Whose database it was.
    pub(crate) tenant: SchemaName,
    /// Seconds since 1970.
    pub(crate) since: i64,
    /// Whether the tenant was suspended.
    pub(crate) suspended: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Nullable<Text>)]
    operation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    step: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    other: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    status_after: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    archived_from: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    archived_since: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    archived_suspended: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    placed_by: Option<String>,
}

const COLUMNS: &str = "name, status, operation, step, other, status_after, archived_from, archived_since, \
                       archived_suspended, placed_by";

/// As they are read: each number with all its bits.
const READ: &str = "name, status, operation, step, other, status_after, archived_from, archived_since, \
                    CAST(archived_suspended AS SIGNED) AS archived_suspended, placed_by";

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Made => "made",
        }
    }
}

impl Row {
    /// Fails if the row was not written by this library, or by a later version.
    fn entry(self) -> QueryResult<Entry> {
        let unreadable = |what: &str| {
            let message = format!("the registry's row of {:?} has an unknown {what}", self.name);
            diesel::result::Error::DeserializationError(message.into())
        };
        let schema = |name: &Option<String>| {
            let name = name.as_deref().and_then(|name| SchemaName::new(name).ok());
            name.ok_or_else(|| unreadable("name"))
        };
        let step = || match self.step.as_deref() {
            Some("begun") => Ok(Step::Begun),
            Some("made") => Ok(Step::Made),
            _ => Err(unreadable("step")),
        };
        let status_of = |word: Option<&str>| {
            let status = word.and_then(TenantStatus::from_word);
            status.ok_or_else(|| unreadable("status"))
        };
        let operation = match self.operation.as_deref() {
            None => None,
            Some("make") => Some(Operation::Make { step: step()? }),
            Some("drop") => Some(Operation::Drop),
            Some("move to") => Some(Operation::MoveTo {
                to: schema(&self.other)?,
                step: step()?,
                status: status_of(self.status_after.as_deref())?,
            }),
            Some("move from") => Some(Operation::MoveFrom {
                from: schema(&self.other)?,
            }),
            Some(_) => return Err(unreadable("operation")),
        };
        let archive = match self.archived_since {
            None => None,
            Some(since) => Some(Archive {
                tenant: schema(&self.archived_from)?,
                since,
                suspended: self.archived_suspended == Some(1),
            }),
        };
        Ok(Entry {
            name: registered_name(&self.name)?,
            status: status_of(Some(&self.status))?,
            operation,
            archive,
            placed_by: self.placed_by.map(DirectoryId::from_column),
        })
    }
}

/// The name in a row of the registry. A name that no database of this library can have is an error, as in
/// [`Row::entry`].
pub(crate) fn registered_name(name: &str) -> QueryResult<SchemaName> {
    SchemaName::new(name).map_err(|error| {
        let message = format!("the registry has a row of {name:?}: {error}");
        diesel::result::Error::DeserializationError(message.into())
    })
}

impl Entry {
    pub(crate) fn new(name: &SchemaName, status: TenantStatus) -> Self {
        Self {
            name: name.clone(),
            status,
            operation: None,
            archive: None,
            placed_by: None,
        }
    }

    /// An entry of a database on which an operation was begun.
    pub(crate) fn under(name: &SchemaName, operation: Operation) -> Self {
        Self {
            operation: Some(operation),
            ..Self::new(name, TenantStatus::Unfinished)
        }
    }

    /// What the registry says of this database. The registry's tables must be there.
    pub(crate) async fn find(
        session: &mut Session,
        shared: &SchemaName,
        name: &SchemaName,
    ) -> QueryResult<Option<Self>> {
        let rows: Vec<Row> = diesel::sql_query(format!(
            "SELECT {READ} FROM {}.{TENANTS} WHERE name = ?",
            quote::database(shared)
        ))
        .bind::<Text, _>(name.as_str())
        .load(&mut session.connection)
        .await?;
        rows.into_iter().next().map(Row::entry).transpose()
    }

    /// The name of an entry, or of the shared database, that differs from this name only in case or accents, if there is
    /// one. The registry's tables must be there.
    pub(crate) async fn same_but_for_case(
        session: &mut Session,
        shared: &SchemaName,
        name: &SchemaName,
    ) -> QueryResult<Option<String>> {
        #[derive(QueryableByName)]
        struct Other {
            #[diesel(sql_type = Text)]
            name: String,
        }

        let (this, shared_name) = (quote::literal(name.as_str()), quote::literal(shared.as_str()));
        let query = format!(
            "(SELECT name FROM {}.{TENANTS} WHERE folded = {this} AND name <> {this} LIMIT 1) \
             UNION ALL SELECT {shared_name} FROM DUAL WHERE {shared_name} = {this} COLLATE utf8mb4_general_ci",
            quote::database(shared)
        );
        let others: Vec<Other> = session.rows(&query).await?;
        Ok(others.into_iter().next().map(|other| other.name))
    }

    /// All entries, sorted by name. The registry's tables must be there.
    pub(crate) async fn all(connection: &mut AsyncMysqlConnection, shared: &SchemaName) -> QueryResult<Vec<Self>> {
        let query = format!("SELECT {READ} FROM {}.{TENANTS} ORDER BY name", quote::database(shared));
        let rows: Vec<Row> = diesel::sql_query(query).load(connection).await?;
        rows.into_iter().map(Row::entry).collect()
    }

    /// Writes some entries and removes others, in one transaction.
    pub(crate) async fn change(
        session: &mut Session,
        shared: &SchemaName,
        written: &[&Self],
        removed: &[&SchemaName],
    ) -> QueryResult<()> {
        Self::change_and(session, shared, written, removed, None).await
    }

    /// Like [`change`](Self::change), with statements for the directory in the same transaction. The directory's rows
    /// refer to entries, so they change while both the new entries and those to remove are there.
    pub(crate) async fn change_and(
        session: &mut Session,
        shared: &SchemaName,
        written: &[&Self],
        removed: &[&SchemaName],
        also: Option<String>,
    ) -> QueryResult<()> {
        loop {
            session.run("START TRANSACTION").await?;
            let changed = async {
                for entry in written {
                    entry.write(session, shared).await?;
                }
                if let Some(sql) = &also {
                    session.run(sql).await?;
                }
                for name in removed {
                    diesel::sql_query(format!(
                        "DELETE FROM {}.{TENANTS} WHERE name = ?",
                        quote::database(shared)
                    ))
                    .bind::<Text, _>(name.as_str())
                    .execute(&mut session.connection)
                    .await?;
                }
                bump(session, shared).await?;
                session.run("COMMIT").await
            };
            match changed.await {
                // Another operation changed the registry at the same moment.
                Err(error) if is_deadlock(&error) => session.run("ROLLBACK").await?,
                Err(error) => {
                    // If it fails, the connection is gone, and the transaction with it.
                    let _ = session.run("ROLLBACK").await;
                    return Err(error);
                }
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Fails if the directory would refuse, at the end of an operation, what is to be written then: before anything is
    /// done that can't be undone.
    pub(crate) async fn rehearse(
        session: &mut Session,
        shared: &SchemaName,
        written: &[&Self],
        directory: Option<&str>,
    ) -> Result<(), Rehearsed> {
        let Some(sql) = directory else {
            return Ok(());
        };
        loop {
            session.run("START TRANSACTION").await.map_err(Rehearsed::Failed)?;
            let written = async {
                for entry in written {
                    entry.write(session, shared).await?;
                }
                Ok(())
            };
            let outcome = match written.await {
                Ok(()) => session.run(sql).await.map_err(Rehearsed::Refused),
                Err(error) => Err(Rehearsed::Failed(error)),
            };
            session.run("ROLLBACK").await.map_err(Rehearsed::Failed)?;
            match outcome {
                Err(Rehearsed::Refused(error) | Rehearsed::Failed(error)) if is_deadlock(&error) => {}
                outcome => return outcome,
            }
        }
    }

    async fn write(&self, session: &mut Session, shared: &SchemaName) -> QueryResult<()> {
        let Self {
            name,
            status,
            operation,
            archive,
            placed_by,
        } = self;
        let (operation, step, other, after) = match operation {
            None => (None, None, None, None),
            Some(Operation::Make { step }) => (Some("make"), Some(step.word()), None, None),
            Some(Operation::Drop) => (Some("drop"), None, None, None),
            Some(Operation::MoveTo { to, step, status }) => {
                (Some("move to"), Some(step.word()), Some(to), Some(status.word()))
            }
            Some(Operation::MoveFrom { from }) => (Some("move from"), None, Some(from), None),
        };
        let changed = COLUMNS.split(", ").map(|column| format!("{column} = VALUES({column})"));
        let changed: Vec<String> = changed.collect();
        // A database that was just made, or filled, is another tenant's than the one before under its name.
        diesel::sql_query(format!(
            "INSERT INTO {shared}.{TENANTS} ({COLUMNS}, number) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, version + 1 \
             FROM {shared}.{VERSION} WHERE id = 1 ON DUPLICATE KEY UPDATE \
             number = IF(operation IN ('make', 'move from'), VALUES(number), number), {}",
            changed.join(", "),
            shared = quote::database(shared),
        ))
        .bind::<Text, _>(name.as_str())
        .bind::<Text, _>(status.word())
        .bind::<Nullable<Text>, _>(operation)
        .bind::<Nullable<Text>, _>(step)
        .bind::<Nullable<Text>, _>(other.map(SchemaName::as_str))
        .bind::<Nullable<Text>, _>(after)
        .bind::<Nullable<Text>, _>(archive.as_ref().map(|archive| archive.tenant.as_str()))
        .bind::<Nullable<BigInt>, _>(archive.as_ref().map(|archive| archive.since))
        .bind::<Nullable<BigInt>, _>(archive.as_ref().map(|archive| i64::from(archive.suspended)))
        .bind::<Nullable<Text>, _>(placed_by.as_ref().map(DirectoryId::as_str))
        .execute(&mut session.connection)
        .await
        .map(drop)
    }
}

impl Archive {
    /// The status that the tenant gets when it is restored.
    pub(crate) fn status(&self) -> TenantStatus {
        match self.suspended {
            true => TenantStatus::Suspended,
            false => TenantStatus::Active,
        }
    }
}
