//! What a database has goes to a database of another name: a rename, an archiving, a restoring.
//!
//! No statement renames a database. Tables are moved by `RENAME TABLE`, all in one statement where the server can. It
//! refuses tables with triggers, and can't move views; routines and events stay as well. So those are read first and
//! written down, and made anew in the new database, with the new name where their texts have the former one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::{
    OperationError, create, database,
    definers::foreign_definers,
    moving::Move,
    objects::{self, Object, SCHEMA_OF_TRIGGER},
    placed::require_own,
};
use crate::{
    backend::{
        archive_name,
        mysql::{
            DefinitionKind, Server, Session, is_wait_timeout,
            locks::{LOCK_TIMEOUT, Lock},
            quote,
            registry::{Archive, Entry, Operation, Step},
        },
    },
    tenancy::TenantStatus,
};

/// Renames a tenant with all that it has. Waits for transactions that use its tables for at most `wait`.
pub(crate) async fn rename(
    server: &Server,
    from: &SchemaName,
    to: &SchemaName,
    wait: Duration,
) -> Result<(), OperationError> {
    let missing = || OperationError::Missing { database: from.clone() };
    let decide = |entry: &Entry| match entry.status.is_tenant() {
        true => Ok((to.clone(), entry.status, None)),
        false => Err(missing()),
    };
    run(server, from, Some(to), wait, missing, decide).await.map(drop)
}

/// Archives a tenant, and returns the archive's name.
pub(crate) async fn archive(
    server: &Server,
    tenant: &SchemaName,
    wait: Duration,
) -> Result<SchemaName, OperationError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let missing = || OperationError::Missing {
        database: tenant.clone(),
    };
    let name = archive_name::for_file_or_database(tenant, since).map_err(|_| missing())?;
    let decide = |entry: &Entry| match entry.status.is_tenant() {
        true => {
            let archive = Archive {
                tenant: tenant.clone(),
                since: since.as_secs().try_into().unwrap_or_default(),
                suspended: entry.status == TenantStatus::Suspended,
            };
            Ok((name.clone(), TenantStatus::Archived, Some(archive)))
        }
        false => Err(missing()),
    };
    run(server, tenant, None, wait, missing, decide).await
}

/// Turns an archive into a tenant again, under any free name.
pub(crate) async fn restore(
    server: &Server,
    archive: &SchemaName,
    tenant: &SchemaName,
    wait: Duration,
) -> Result<(), OperationError> {
    let missing = || OperationError::NotArchived {
        database: archive.clone(),
    };
    let decide = |entry: &Entry| match (entry.status, &entry.archive) {
        (TenantStatus::Archived, Some(note)) => Ok((tenant.clone(), note.status(), Some(note.clone()))),
        _ => Err(missing()),
    };
    run(server, archive, Some(tenant), wait, missing, decide)
        .await
        .map(drop)
}

/// Begins a move as `decide` says, or goes on with the one that was begun. Returns the new name.
async fn run(
    server: &Server,
    from: &SchemaName,
    to: Option<&SchemaName>,
    wait: Duration,
    missing: impl Fn() -> OperationError,
    decide: impl FnOnce(&Entry) -> Result<(SchemaName, TenantStatus, Option<Archive>), OperationError>,
) -> Result<SchemaName, OperationError> {
    let lock = Lock::acquire(server, &[from], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    let entry = Entry::find(&mut session, server.shared(), from)
        .await?
        .ok_or_else(&missing)?;
    require_own(server, &entry)?;
    let (mut moving, is_new) = match &entry.operation {
        None => {
            let (to, status, archive) = decide(&entry)?;
            let moving = Move {
                from: from.clone(),
                to,
                step: Step::Begun,
                status,
                archive,
            };
            (moving, true)
        }
        Some(_) => {
            let moving = Move::of(&entry).filter(|moving| to.is_none_or(|to| *to == moving.to));
            // An archiving is finished by an archiving, and by nothing else.
            let is_same = |moving: &Move| to.is_none() == (moving.status == TenantStatus::Archived);
            (
                moving.filter(is_same).ok_or_else(|| super::sweep::unfinished(&entry))?,
                false,
            )
        }
    };
    let _locks = moving.lock(server, lock).await?;
    session.hold(from, LOCK_TIMEOUT).await?;
    session.hold(&moving.to, LOCK_TIMEOUT).await?;
    // Another process may have changed it before both locks were there.
    if Entry::find(&mut session, server.shared(), from).await? != Some(entry) {
        return Err(missing());
    }
    if is_new {
        moving.begin(&mut session, server).await?;
    }
    session.wait_at_most(wait).await?;
    moving.go_on(&mut session, server, wait).await?;
    Ok(moving.to)
}

/// Finishes a move that was interrupted. The caller has the lock on the database that it comes from.
pub(super) async fn finish(server: &Server, entry: &Entry, lock: Lock, wait: Duration) -> Result<(), OperationError> {
    let Some(mut moving) = Move::of(entry) else {
        return Ok(());
    };
    let _locks = moving.lock(server, lock).await?;
    let mut session = server.open().await?;
    session.hold(&moving.from, LOCK_TIMEOUT).await?;
    session.hold(&moving.to, LOCK_TIMEOUT).await?;
    // Another process may have finished it before both locks were there.
    if Entry::find(&mut session, server.shared(), &moving.from).await?.as_ref() != Some(entry) {
        return Ok(());
    }
    session.wait_at_most(wait).await?;
    moving.go_on(&mut session, server, wait).await
}

impl Move {
    async fn begin(&self, session: &mut Session, server: &Server) -> Result<(), OperationError> {
        let shared = server.shared();
        if Entry::find(session, shared, &self.to).await?.is_some() || database::exists(session, &self.to).await? {
            return Err(OperationError::Exists {
                database: self.to.clone(),
            });
        }
        let others = database::others_with_its_events(session, &self.from).await?;
        if !others.is_empty() {
            return Err(OperationError::SharesEvents {
                database: self.from.clone(),
                what: "moved to another name",
                others,
            });
        }
        create::require_own_letters(session, server, &self.to).await?;
        let change = server.record(&self.directory_change());
        Entry::rehearse(session, shared, &[&self.entry_afterwards()], change.as_deref()).await?;
        let other = Entry::under(
            &self.to,
            Operation::MoveFrom {
                from: self.from.clone(),
            },
        );
        Ok(Entry::change(session, shared, &[&self.entry(), &other], &[]).await?)
    }

    /// Everything behind [`begin`](Self::begin), each step of which can be repeated.
    async fn go_on(&mut self, session: &mut Session, server: &Server, wait: Duration) -> Result<(), OperationError> {
        let shared = server.shared();
        if self.step == Step::Begun {
            if let Err(error) = self.prepare(session, server).await {
                self.give_up(session, server, &error).await?;
                return Err(error);
            }
            self.step = Step::Made;
        }
        let saved = objects::saved(session, shared, &self.from).await?;
        if let Err(error) = self.move_tables(session, &saved).await {
            if !is_wait_timeout(&error) {
                return Err(error.into());
            }
            // Somebody used a table for too long. If nothing was moved yet, all can stay.
            session.run("UNLOCK TABLES").await?;
            if database::tables(session, &self.to).await?.is_empty() && self.has_triggers(session, &saved).await? {
                self.restore(session, server).await?;
            }
            return Err(OperationError::InUse {
                database: self.from.clone(),
                waited: wait,
            });
        }
        objects::make_all(session, &saved, &self.from, &self.to).await?;
        let left = database::tables(session, &self.from).await?;
        if !left.is_empty() {
            // A checkout from before has made a table meanwhile.
            return Box::pin(self.go_on(session, server, wait)).await;
        }
        database::remove(session, &self.from).await?;
        let done = self.entry_afterwards();
        let change = server.record(&self.directory_change());
        Entry::change_and(session, shared, &[&done], &[&self.from], change).await?;
        Ok(objects::forget(session, shared, &self.from).await?)
    }

    /// Makes the new database, and writes down what has to be made anew in it.
    async fn prepare(&self, session: &mut Session, server: &Server) -> Result<(), OperationError> {
        let found = objects::read(session, &self.from).await?;
        let moved = found.iter().map(|object| object.moved(&self.from, &self.to));
        let mut reasons: Vec<String> = moved.filter_map(Result::err).collect();
        reasons.extend(foreign_definers(session, &self.from).await?);
        if !reasons.is_empty() {
            return Err(OperationError::Unmovable {
                database: self.from.clone(),
                what: "moved to another name",
                reasons,
            });
        }
        database::make(session, &self.to, Some(&self.from)).await?;
        session.run("START TRANSACTION").await?;
        objects::save(session, server.shared(), &self.from, &found).await?;
        session.run("COMMIT").await?;
        let made = Self {
            step: Step::Made,
            from: self.from.clone(),
            to: self.to.clone(),
            status: self.status,
            archive: self.archive.clone(),
        };
        Ok(Entry::change(session, server.shared(), &[&made.entry()], &[]).await?)
    }

    /// Leaves everything as it was, because the move is not possible.
    async fn give_up(
        &self,
        session: &mut Session,
        server: &Server,
        error: &OperationError,
    ) -> Result<(), OperationError> {
        match error {
            // That database is somebody else's.
            OperationError::Exists { .. } => {
                let before = self.entry_before();
                Ok(Entry::change(session, server.shared(), &[&before], &[&self.to]).await?)
            }
            OperationError::Unmovable { .. } => self.restore(session, server).await,
            // The server has an error, or is gone: the same call tries again.
            _ => Ok(()),
        }
    }

    /// Removes the new database, which is empty, and gives the tenant its entry back.
    async fn restore(&self, session: &mut Session, server: &Server) -> Result<(), OperationError> {
        let shared = server.shared();
        if database::exists(session, &self.to).await? && database::is_empty(session, &self.to).await? {
            database::remove(session, &self.to).await?;
        }
        objects::forget(session, shared, &self.from).await?;
        Ok(Entry::change(session, shared, &[&self.entry_before()], &[&self.to]).await?)
    }

    /// Whether the triggers are where they were. Those that were dropped before an earlier attempt was interrupted can't
    /// be made again while somebody uses their tables.
    async fn has_triggers(&self, session: &mut Session, saved: &[Object]) -> QueryResult<bool> {
        let triggers = session
            .number(&format!(
                "SELECT COUNT(*) AS number FROM information_schema.TRIGGERS WHERE {}",
                quote::is_database(SCHEMA_OF_TRIGGER, &self.from)
            ))
            .await?;
        Ok(usize::try_from(triggers) == Ok(of_kind(saved, DefinitionKind::Trigger).count()))
    }

    async fn move_tables(&self, session: &mut Session, saved: &[Object]) -> QueryResult<()> {
        let tables = database::tables(session, &self.from).await?;
        if tables.is_empty() {
            return Ok(());
        }
        let (from, to) = (quote::database(&self.from), quote::database(&self.to));
        let names: Vec<String> = tables.iter().map(|table| quote::identifier(&table.name)).collect();
        let mut triggers = of_kind(saved, DefinitionKind::Trigger).peekable();
        if triggers.peek().is_none() {
            let pairs: Vec<String> = names
                .iter()
                .map(|name| format!("{from}.{name} TO {to}.{name}"))
                .collect();
            return session.run(&format!("RENAME TABLE {}", pairs.join(", "))).await;
        }
        // A table with triggers can't be moved. Nobody may write into it while it has none.
        let locks: Vec<String> = names.iter().map(|name| format!("{from}.{name} WRITE")).collect();
        session.run(&format!("LOCK TABLES {}", locks.join(", "))).await?;
        for trigger in triggers {
            trigger.drop_in(session, &self.from).await?;
        }
        for name in &names {
            let sql = format!("ALTER TABLE {from}.{name} RENAME TO {to}.{name}");
            session.run(&sql).await?;
        }
        session.run("UNLOCK TABLES").await
    }
}

fn of_kind(objects: &[Object], kind: DefinitionKind) -> impl Iterator<Item = &Object> {
    objects.iter().filter(move |object| object.kind == kind)
}
