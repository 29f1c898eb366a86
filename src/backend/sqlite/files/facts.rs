use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use diesel::{QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::BigInt};
use diesel_tenants_translate::SchemaName;

use super::{
    Access, FileError, Folder, Identity, at_rest::at_rest, durable, identity_of, note, open::open, path_locks::opening,
};
use crate::{
    backend::sqlite::{
        migrations::{AppliedVersion, VersionTable, applied_with_checksums},
        structure::{self, Structure},
    },
    tenancy::{ArchiveNote, TenantStatus},
};

/// How long a look at a file waits for whoever has it alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a tenant's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) status: TenantStatus,
    /// The tenant that an archive was.
    pub(crate) archive: Option<ArchiveNote>,
    /// The file to which this applies.
    pub(crate) identity: Identity,
}

/// What migrations need to know of a tenant's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Surveyed {
    pub(crate) facts: Facts,
    pub(crate) table: VersionTable,
    /// The versions applied, oldest first.
    pub(crate) applied: Vec<AppliedVersion>,
}

impl Folder {
    /// What the file of this name says. `None` if there is no file, or it has no version table and so is no tenant's.
    pub(crate) fn facts(&self, name: &SchemaName) -> Result<Option<Facts>, FileError> {
        let path = self.path_of(name)?;
        Ok(look(&path, |_, _| Ok(()))?.map(|(facts, _, ())| facts))
    }

    /// What the files of many tenants say, in the order of the names. Several threads look, each at one file at a time.
    pub(crate) fn survey(&self, names: &[SchemaName], threads: usize) -> Vec<Result<Option<Surveyed>, FileError>> {
        each(names, threads, |name| self.survey_one(name))
    }

    /// The structures of many tenants' files, like [`survey`](Self::survey).
    pub(crate) fn structures(
        &self,
        names: &[SchemaName],
        threads: usize,
    ) -> Vec<Result<Option<(Facts, Structure)>, FileError>> {
        each(names, threads, |name| {
            let looked = look(&self.path_of(name)?, |connection, _| structure::read(connection))?;
            Ok(looked.map(|(facts, _, structure)| (facts, structure)))
        })
    }

    /// The archives, and the tenants that they were, sorted by name. What can't be read is left out.
    pub(crate) fn archives(&self) -> Result<Vec<(SchemaName, ArchiveNote)>, FileError> {
        let names = self.names()?;
        let surveyed = self.survey(&names, 2);
        let archive = |(name, surveyed): (_, Result<Option<Surveyed>, _>)| Some((name, surveyed.ok()??.facts.archive?));
        Ok(names.into_iter().zip(surveyed).filter_map(archive).collect())
    }

    /// A file without a version table, as what it is to its first migration. `None` if there is no file.
    pub(crate) fn never_migrated(&self, name: &SchemaName) -> Result<Option<Surveyed>, FileError> {
        let path = self.path_of(name)?;
        let identity = identity_of(&path).map_err(|error| FileError::io("look for", &path, error))?;
        Ok(identity.map(|identity| Surveyed {
            facts: Facts {
                status: TenantStatus::Active,
                archive: None,
                identity,
            },
            table: VersionTable::Missing,
            applied: Vec::new(),
        }))
    }

    /// The versions applied to the shared schema, oldest first; none if there is no file.
    pub(crate) fn shared_versions(&self) -> Result<Vec<String>, FileError> {
        let looked = look(self.shared_path(), applied_with_checksums)?;
        let applied = looked.map(|(_, _, applied)| applied).unwrap_or_default();
        Ok(applied.into_iter().map(|(version, _)| version).collect())
    }

    fn survey_one(&self, name: &SchemaName) -> Result<Option<Surveyed>, FileError> {
        let path = self.path_of(name)?;
        let looked = look(&path, applied_with_checksums)?;
        Ok(looked.map(|(facts, table, applied)| Surveyed { facts, table, applied }))
    }

    /// How many tables a tenant's or an archive's file has, without the one of the note, and the bytes that it takes,
    /// with those that are still in its log. A file that is no database has none. `None` if there is no file, or it has no
    /// version table.
    pub(crate) fn size(&self, name: &SchemaName) -> Result<Option<(u64, u64)>, FileError> {
        #[derive(QueryableByName)]
        struct Tables {
            #[diesel(sql_type = BigInt)]
            tables: i64,
        }

        let path = self.path_of(name)?;
        let count = format!(
            "SELECT count(*) AS tables FROM main.sqlite_schema WHERE type = 'table' AND name <> '{}'",
            note::NOTE_TABLE
        );
        let looked = look(&path, |connection, _| {
            diesel::sql_query(&count).get_result::<Tables>(connection)
        });
        let tables = match looked {
            Ok(Some((_, _, Tables { tables }))) => tables,
            Ok(None) => return Ok(None),
            // It can be dropped.
            Err(FileError::NotADatabase { .. }) => 0,
            Err(error) => return Err(error),
        };
        let metadata = fs::metadata(&path).map_err(|error| FileError::io("measure", &path, error))?;
        let log = fs::metadata(durable::companion(&path, "-wal")).map_or(0, |log| log.len());
        Ok(Some((tables.unsigned_abs(), metadata.len() + log)))
    }
}

/// Looks at each of these, in their order; several threads do so.
pub(crate) fn each<T: Send>(names: &[SchemaName], threads: usize, look: impl Fn(&SchemaName) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((index, name)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|index| Some((index, names.get(index)?)))
        {
            found.push((index, look(name)));
        }
        found
    };
    let mut found = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads.min(names.len())).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for worker in workers {
            found.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        found
    });
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, found)| found).collect()
}

/// What is found in a tenant's file.
type Found<T> = Option<(Facts, VersionTable, T)>;

/// Opens a file, reads its note and more, and closes it.
pub(crate) fn look<T>(
    path: &Path,
    more: impl Fn(&mut SqliteConnection, VersionTable) -> QueryResult<T>,
) -> Result<Found<T>, FileError> {
    if let Some(rest) = at_rest(path)
        && let Ok(found) = read(path, Access::AtRest, rest.identity, &more)
        && at_rest(path).as_ref() == Some(&rest)
    {
        return Ok(found);
    }
    look_with_locks(path, more)
}

/// Like [`look`], and also takes SQLite's locks if nobody writes the file: without them SQLite doesn't tell in which
/// journal mode the file is.
pub(crate) fn look_with_locks<T>(
    path: &Path,
    more: impl Fn(&mut SqliteConnection, VersionTable) -> QueryResult<T>,
) -> Result<Found<T>, FileError> {
    let identity = || identity_of(path).map_err(|error| FileError::io("look for", path, error));
    let Some(before) = identity()? else {
        return Ok(None);
    };
    let opening = opening(path, PATIENCE).map_err(|error| FileError::io("open", path, error))?;
    let found = match read(path, Access::Write, before, &more) {
        Err(FileError::Missing { .. }) => return Ok(None),
        found => found?,
    };
    drop(opening);
    // Another file may have been put there between the look and the opening.
    Ok(found.filter(|_| matches!(identity(), Ok(Some(after)) if after == before)))
}

/// Reads a note and more from a file that is at this path.
pub(super) fn read<T>(
    path: &Path,
    access: Access,
    identity: Identity,
    more: impl Fn(&mut SqliteConnection, VersionTable) -> QueryResult<T>,
) -> Result<Found<T>, FileError> {
    let failed = FileError::sqlite("read", path);
    let mut connection = open(path, access, PATIENCE)?;
    let noted = note::read(&mut connection).map_err(&failed)?;
    if noted.table == VersionTable::Missing {
        return Ok(None);
    }
    let comment = noted.note.as_deref();
    let facts = Facts {
        status: TenantStatus::of_comment(comment),
        archive: comment.and_then(ArchiveNote::of_comment),
        identity,
    };
    let more = more(&mut connection, noted.table).map_err(&failed)?;
    Ok(Some((facts, noted.table, more)))
}
