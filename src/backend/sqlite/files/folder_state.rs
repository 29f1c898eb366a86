use std::{
    fs::{File, Metadata},
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use super::identity;

/// The state of a folder. As long as it is the same, no file in the folder has been made, renamed, replaced or removed.
///
/// To ask for it takes a third of the time of asking for one file by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FolderState {
    /// When it was last changed, in nanoseconds. Nobody can set this time, other than that of the last modification.
    changed: i128,
}

/// An open folder.
#[derive(Debug)]
pub(super) struct OpenFolder {
    /// `None` if a folder's time doesn't tell what we need.
    handle: Option<File>,
    /// Another folder is at the path now.
    is_elsewhere: AtomicBool,
}

impl OpenFolder {
    pub(super) fn at(root: &Path) -> Self {
        Self {
            handle: File::open(root).ok().filter(|_| cfg!(unix)),
            is_elsewhere: AtomicBool::new(false),
        }
    }

    /// `None` if the folder was changed so lately that the next change may come with the same time.
    pub(super) fn state(&self) -> Option<FolderState> {
        if self.is_elsewhere.load(Relaxed) {
            return None;
        }
        let metadata = self.handle.as_ref()?.metadata().ok()?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let changed = changed(&metadata)?;
        let age = i128::try_from(now.as_nanos()).ok()? - changed;
        (age > i128::try_from(tick_of(changed).as_nanos()).ok()?).then_some(FolderState { changed })
    }

    /// Looks whether the folder is still at its path. The [state](Self::state) of a folder doesn't tell that it, or one
    /// above it, got another path.
    pub(super) fn look(&self, root: &Path) {
        let here = self.handle.as_ref().and_then(|handle| handle.metadata().ok());
        let there = std::fs::metadata(root).ok();
        let is_here = here
            .zip(there)
            .is_some_and(|(here, there)| identity::of(&here) == identity::of(&there));
        self.is_elsewhere.store(!is_here, Relaxed);
    }
}

/// How long two changes may have the same time. The clock of a file system that knows nanoseconds is the kernel's, which
/// ticks a hundred times per second or more often. The coarsest clock (FAT's) ticks every two seconds.
fn tick_of(changed: i128) -> Duration {
    match changed % 1_000_000 {
        0 => Duration::from_secs(3),
        _ => Duration::from_millis(100),
    }
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<i128> {
    use std::os::unix::fs::MetadataExt;

    Some(i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<i128> {
    None
}

#[cfg(test)]
mod tests {
    use super::{super::testing::folder, *};

    #[cfg(unix)]
    #[test]
    fn the_state_tells_whether_a_file_was_made_renamed_replaced_or_removed() {
        let (_guard, folder) = folder();
        let path = |name: &str| folder.root().join(name);
        let settled = || loop {
            match folder.state() {
                Some(state) => break state,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        std::fs::write(path("a"), "").unwrap();
        assert_eq!(folder.state(), None, "another change may come with the same time");
        let mut before = settled();
        let changes: [&dyn Fn() -> std::io::Result<()>; 5] = [
            &|| std::fs::write(path("b"), ""),
            &|| std::fs::rename(path("a"), path("b")),
            &|| std::fs::rename(path("b"), path("c")),
            &|| std::fs::hard_link(path("c"), path("d")),
            &|| std::fs::remove_file(path("c")),
        ];
        for change in changes {
            assert_eq!(folder.state(), Some(before));
            change().unwrap();
            assert_ne!(folder.state(), Some(before));
            // A time that is put back hides nothing.
            let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
            File::open(folder.root()).unwrap().set_modified(old).unwrap();
            let after = settled();
            assert_ne!(after, before);
            before = after;
        }
        std::fs::write(path("d"), "more").unwrap();
        assert_eq!(
            folder.state(),
            Some(before),
            "what is in a file is no matter of the folder"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_elsewhere_tells_nothing() {
        let root = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| root.path().join(name));
        std::fs::create_dir(&one).unwrap();
        let folder = OpenFolder::at(&one);
        folder.look(&one);
        std::thread::sleep(Duration::from_millis(200));
        assert!(folder.state().is_some());
        std::fs::rename(&one, &two).unwrap();
        folder.look(&one);
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(folder.state(), None);
        std::fs::rename(&two, &one).unwrap();
        folder.look(&one);
        std::thread::sleep(Duration::from_millis(200));
        assert!(folder.state().is_some());
    }
}
