use std::{
    env,
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{self, Path, PathBuf},
    process::{self, Command, Stdio},
};

use crate::{StartError, random, watchdog::Watchdog};

const MEMORY: &str = "/dev/shm";

/// A fresh cluster takes 40 MB and a database 8, so that a container's usual 64 MB of shared memory is too little.
const ROOM_KIB: u64 = 1024 * 1024;

/// A fresh directory, only for its owner, and the watchdog that removes it in the end.
///
/// In memory when there is room, else among the temporary files.
pub(crate) fn create() -> Result<(PathBuf, Watchdog), StartError> {
    // The process id in the name tells whose it was, if one should ever be left behind.
    let name = format!("diesel-tenants-{}-{}", process::id(), random::hex(4)?);
    let room = free_kib(Path::new(MEMORY)).is_some_and(|free| free >= ROOM_KIB);
    let in_memory = room.then(|| create_in(Path::new(MEMORY), &name).ok()).flatten();
    if let Some(created) = in_memory {
        return Ok(created);
    }
    // TMPDIR may be relative, and neither server nor watchdog run in our folder.
    let parent = path::absolute(env::temp_dir()).map_err(StartError::io("see where temporary files go"))?;
    create_in(&parent, &name)
}

fn create_in(parent: &Path, name: &str) -> Result<(PathBuf, Watchdog), StartError> {
    let directory = parent.join(name);
    // First, so that there is no moment in which a killed process leaves a directory.
    let watchdog = Watchdog::new(&directory)?;
    let attempt = format!("make a directory in {}", parent.display());
    DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .map_err(StartError::io(attempt))?;
    Ok((directory, watchdog))
}

/// From `df`, since the standard library cannot ask.
fn free_kib(folder: &Path) -> Option<u64> {
    let output = Command::new("df")
        .arg("-Pk")
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let table = String::from_utf8(output.stdout).ok()?;
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
