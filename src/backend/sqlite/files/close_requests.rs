use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel_tenants_translate::SchemaName;

use super::{FileError, Folder, file_name, path_locks, patience::Patience};

const ENDING: &str = ".wanted";

/// How long whoever opens a file lets somebody go first who needs it alone. Those who open it again and again would
/// otherwise keep it from him for ever.
const TURN: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(1);

/// A sign to all processes: close your idle connections to this file, somebody needs it alone.
#[derive(Debug)]
pub(super) struct Wanted {
    path: PathBuf,
    /// Locked as long as somebody needs the tenant's file. What a killed process left is not.
    _file: File,
}

/// Waits while somebody needs a tenant's file alone, and not longer than for a turn.
pub(super) fn let_others_first(file: &Path, patience: Patience) {
    let Some(stem) = file.file_stem().and_then(|stem| stem.to_str()) else {
        return;
    };
    let path = file.with_file_name(path_locks::LOCKS).join([stem, ENDING].concat());
    let turn = Patience::of(TURN);
    while is_asked_for(&path) && !turn.is_over() && !patience.is_over() {
        turn.pause(PAUSE);
    }
}

fn is_asked_for(path: &Path) -> bool {
    // Nearly always there is no such file.
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl Folder {
    /// How often a process should look for [wanted](Self::wanted) files while it keeps idle connections.
    pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(200);

    /// The tenants and archives whose files somebody needs alone, to rename, archive or drop them. Whoever keeps idle
    /// connections to one of them should close these: a file with connections stays as it is, and the operation fails.
    ///
    /// Costs one look at a folder that is empty nearly always.
    pub(crate) fn wanted(&self) -> Result<Vec<SchemaName>, FileError> {
        let folder = self.lock_folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::io("list", &folder, error)),
        };
        let mut wanted = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(|error| FileError::io("list", &folder, error))?
                .file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(ENDING));
            wanted.extend(stem.and_then(file_name::schema));
        }
        Ok(wanted)
    }

    /// Asks for a file. The caller has the tenant's lock.
    pub(super) fn want(&self, stem: &str) -> Result<Wanted, FileError> {
        let path = self.lock_folder().join([stem, ENDING].concat());
        // Those who look whether it is locked have it locked for a moment.
        let asked = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let file = asked.map_err(|error| FileError::io("make", &path, error))?;
        Ok(Wanted { path, _file: file })
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        // If it stays, connections to the file are closed too often, until it is swept.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::{
        super::{path_locks::opening, testing::folder},
        *,
    };

    #[test]
    fn whoever_opens_a_file_lets_somebody_go_first_for_a_turn() {
        const LONG: Duration = Duration::from_secs(60);
        let (_guard, folder) = folder();
        let [one, other] = ["client1", "client2"].map(|stem| folder.root().join(stem).with_extension("db"));
        let took = |file: &Path, wait| {
            let begun = Instant::now();
            drop(opening(file, wait).unwrap());
            begun.elapsed()
        };
        let wanted = folder.want("client1").unwrap();
        assert!(took(&one, LONG) >= TURN);
        assert!(
            took(&one, Duration::from_millis(20)) < TURN,
            "nobody waits for longer than asked to"
        );
        assert!(took(&other, LONG) < TURN, "another tenant");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| took(&one, LONG));
            thread::sleep(Duration::from_millis(20));
            drop(wanted);
            assert!(waiting.join().unwrap() < TURN);
        });
        fs::write(folder.lock_folder().join("client1.wanted"), "").unwrap();
        assert!(took(&one, LONG) < TURN, "a killed process has left it");
    }
}
