use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{Identity, durable, identity};

/// The coarsest clock of a file system (FAT's) ticks every two seconds. A file that was written earlier than this shows
/// by its time when it is written again.
const SETTLED: Duration = Duration::from_secs(3);

/// A file that nobody is writing, and that has no log.
///
/// Such a file can be read without locks, and without the two files that SQLite puts beside one that it opens in WAL
/// mode, which are most of the cost of a look at a file. If the file is still the same [at rest](at_rest) afterwards,
/// nobody has written it in between: a writer would have left a log, or a newer time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AtRest {
    pub(super) identity: Identity,
    modified: SystemTime,
    length: u64,
}

pub(super) fn at_rest(path: &Path) -> Option<AtRest> {
    let metadata = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    let modified = metadata.modified().ok()?;
    // A time in the future tells nothing.
    let is_settled = SystemTime::now()
        .duration_since(modified)
        .is_ok_and(|age| age > SETTLED);
    let has_no_log = || {
        durable::LOGS
            .iter()
            .all(|ending| matches!(durable::companion(path, ending).try_exists(), Ok(false)))
    };
    (is_settled && has_no_log()).then(|| AtRest {
        identity: identity::of(&metadata),
        modified,
        length: metadata.len(),
    })
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::{
        super::{Access, open, testing::folder},
        *,
    };

    #[test]
    fn a_file_is_at_rest_until_it_is_opened_or_written() {
        let (_guard, folder) = folder();
        let path = folder.root().join("a.db");
        assert_eq!(at_rest(&path), None);
        let mut connection = open(&path, Access::Create, Duration::ZERO).unwrap();
        connection
            .batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE a (b)")
            .unwrap();
        drop(connection);
        assert_eq!(at_rest(&path), None, "it was written a moment ago");
        let settle = || {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(9)).unwrap();
        };
        settle();
        let before = at_rest(&path);
        assert!(before.is_some());

        let mut connection = open(&path, Access::Write, Duration::ZERO).unwrap();
        connection.batch_execute("SELECT * FROM a").unwrap();
        assert_eq!(at_rest(&path), None, "a connection has it open");
        connection.batch_execute("INSERT INTO a VALUES (1)").unwrap();
        drop(connection);
        assert_ne!(at_rest(&path), before);
        settle();
        assert_ne!(at_rest(&path), before, "by its time");
    }
}
