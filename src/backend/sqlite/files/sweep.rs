use super::{
    FileError, Folder,
    create::UNFINISHED,
    drop::DROPPED,
    durable::{self, COMPANIONS},
    file_name::{self, DATABASE},
};

impl Folder {
    /// Removes what killed processes left behind, and returns how many files that were. Whatever an operation still
    /// works on stays: its process has the tenant's lock.
    pub(crate) fn sweep(&self) -> Result<usize, FileError> {
        let mut swept = 0;
        for ending in [UNFINISHED, DROPPED] {
            // Also if only its log is left.
            for companion in [""].iter().chain(&COMPANIONS) {
                for entry in self.entries(&[ending, companion].concat())? {
                    swept += usize::from(self.sweep_one(&entry, ending)?);
                }
            }
        }
        for companion in COMPANIONS {
            for stem in self.entries(&[DATABASE, companion].concat())? {
                swept += usize::from(self.sweep_orphan(&stem)?);
            }
        }
        self.sweep_wanted()?;
        self.sweep_locks()?;
        Ok(swept)
    }

    /// What killed processes left behind: files that are half made or half dropped, on which nobody works any more.
    pub(crate) fn left(&self) -> Result<Vec<String>, FileError> {
        let mut left = Vec::new();
        for ending in [UNFINISHED, DROPPED] {
            for entry in self.entries(ending)? {
                if let Some((stem, _)) = entry.rsplit_once('.')
                    && self.try_lock_stem(stem)?.is_some()
                {
                    left.push([&entry, ending].concat());
                }
            }
        }
        left.sort();
        Ok(left)
    }

    /// Removes a file that has the tenant's name, a dot and a number before its ending.
    fn sweep_one(&self, entry: &str, ending: &str) -> Result<bool, FileError> {
        let Some((stem, _)) = entry.rsplit_once('.') else {
            return Ok(false);
        };
        let Some(_lock) = self.try_lock_stem(stem)? else {
            return Ok(false);
        };
        let path = self.path(entry, ending);
        durable::remove(&path)?;
        durable::remove_companions(&path)?;
        Ok(true)
    }

    /// Removes the empty log of a tenant that is gone. One that is not empty stays, and is removed when a tenant of
    /// that name is created: perhaps somebody has moved the file away, and forgotten the log.
    fn sweep_orphan(&self, stem: &str) -> Result<bool, FileError> {
        let path = self.path(stem, DATABASE);
        if file_name::schema(stem).is_none() || path.exists() || durable::has_log(&path) {
            return Ok(false);
        }
        match self.try_lock_stem(stem)? {
            Some(_lock) if !path.exists() => {
                durable::remove_companions(&path)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Removes the lock files that nobody has locked: an archive's name, for one, never comes again.
    fn sweep_locks(&self) -> Result<(), FileError> {
        for stem in self.lock_files()? {
            drop(self.try_lock_stem(&stem)?);
        }
        Ok(())
    }

    /// Withdraws what killed processes had asked for.
    fn sweep_wanted(&self) -> Result<(), FileError> {
        for name in self.wanted()? {
            let stem = self.stem_of(&name)?;
            if let Some(_lock) = self.try_lock_stem(&stem)? {
                drop(self.want(&stem)?);
            }
        }
        Ok(())
    }
}
