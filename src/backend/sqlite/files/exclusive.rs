use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Integer,
};
use diesel_tenants_translate::SchemaName;

use super::{
    Access, FileError, Folder, durable, failpoint,
    file_error::is_busy,
    open::open,
    path_locks::{Moving, opening},
    patience::Patience,
};

/// Between two attempts. Each opens the file, which costs half a millisecond.
const PAUSE: Duration = Duration::from_millis(5);

/// The only connection to a file, in all processes.
///
/// As long as a connection has a file in WAL mode open, it holds a shared lock on it, idle or not. SQLite's exclusive
/// lock is refused until there is no other connection, and keeps new ones away. Checkouts have no files in other modes
/// (`connection/attach.rs`).
pub(super) struct Exclusive {
    connection: SqliteConnection,
    path: PathBuf,
    /// Nobody has the file open, and nobody is about to.
    moving: Moving,
}

impl Folder {
    /// Waits until nobody else has the file open. The caller has the tenant's lock.
    pub(super) fn exclusive(&self, name: &SchemaName, wait: Duration) -> Result<Exclusive, FileError> {
        let path = self.path_of(name)?;
        self.until(name, wait, || self.try_exclusive(&path))
    }

    /// The same, for a file that keeps its rows: most of its log is copied into it before it is kept from others. With a
    /// large log that takes long, and the lock that keeps others away is one for several files.
    pub(super) fn exclusive_to_move(&self, name: &SchemaName, wait: Duration) -> Result<Exclusive, FileError> {
        let path = self.path_of(name)?;
        let opening = opening(&path, wait).map_err(|error| FileError::io("open", &path, error))?;
        let mut connection = open(&path, Access::Write, wait)?;
        drop(opening);
        // Waits for nobody. What can't be copied now is copied when nobody else has the file.
        connection
            .batch_execute("PRAGMA main.wal_checkpoint(PASSIVE)")
            .map_err(FileError::sqlite("empty the log of", &path))?;
        drop(connection);
        self.exclusive(name, wait)
    }

    /// Tries something again and again that fails while others use the file.
    pub(super) fn until<T>(
        &self,
        name: &SchemaName,
        wait: Duration,
        attempt: impl Fn() -> Result<Option<T>, FileError>,
    ) -> Result<T, FileError> {
        let patience = Patience::of(wait);
        let mut wanted = None;
        loop {
            if let Some(done) = attempt()? {
                return Ok(done);
            }
            if wanted.is_none() {
                wanted = Some(self.want(&self.stem_of(name)?)?);
            }
            if patience.is_over() {
                return Err(FileError::InUse {
                    path: self.path_of(name)?,
                    waited: wait,
                });
            }
            patience.pause(PAUSE);
        }
    }

    fn try_exclusive(&self, path: &Path) -> Result<Option<Exclusive>, FileError> {
        let Some(moving) = self.try_moving(path)? else {
            return Ok(None);
        };
        let mut connection = open(path, Access::Write, Duration::ZERO)?;
        match connection.batch_execute(ALONE) {
            Ok(()) => Ok(Some(Exclusive {
                connection,
                path: path.to_owned(),
                moving,
            })),
            Err(error) if is_busy(&error) => Ok(None),
            Err(error) => Err(FileError::sqlite("have alone", path)(error)),
        }
    }
}

/// Takes SQLite's exclusive lock, and keeps it after the transaction.
const ALONE: &str = "PRAGMA main.locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";

/// Copies what is in the log into the file. False if that is not possible now.
fn empty_log(connection: &mut SqliteConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = Integer)]
        busy: i32,
    }

    // Without a log, the answer is "not busy" too.
    let checkpoint: Checkpoint = diesel::sql_query("PRAGMA main.wal_checkpoint(TRUNCATE)").get_result(connection)?;
    Ok(checkpoint.busy == 0)
}

impl Exclusive {
    /// Changes the file, and keeps it alone.
    pub(super) fn change(
        &mut self,
        change: impl FnOnce(&mut SqliteConnection) -> QueryResult<()>,
    ) -> Result<(), FileError> {
        change(&mut self.connection).map_err(FileError::sqlite("change", &self.path))
    }

    /// Gives the file another path, with all that is in its log. See [`take_away`](Self::take_away).
    pub(super) fn move_to(mut self, path: &Path) -> Result<(), FileError> {
        let emptied = empty_log(&mut self.connection).map_err(FileError::sqlite("empty the log of", &self.path))?;
        match emptied && !durable::has_log(&self.path) {
            true => self.take_away(path),
            false => Err(FileError::Log { path: self.path }),
        }
    }

    /// Gives the file another path, without its log. No other file has that path: the caller has the locks of both names.
    pub(super) fn take_away(self, path: &Path) -> Result<(), FileError> {
        durable::remove_companions(path)?;
        failpoint::reach("move: alone");
        fs::rename(&self.path, path).map_err(|error| FileError::io("rename", &self.path, error))?;
        failpoint::reach("move: renamed");
        // SQLite sees that the file is elsewhere, and leaves all files alone.
        drop(self.connection);
        drop(self.moving);
        durable::remove_companions(&self.path)?;
        let folder = path.parent().expect("a file is in a folder");
        durable::sync_folder(folder)?;
        failpoint::reach("move: on disk");
        Ok(())
    }
}
