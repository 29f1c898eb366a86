use std::{
    env,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use crate::{StartError, random};

const MEMORY: &str = "/dev/shm";

/// A fresh cluster takes 40 MB and a database 8, so that a container's usual 64 MB of shared memory is too little.
const ROOM_KIB: u64 = 1024 * 1024;

/// Makes a fresh directory, only for its owner: in memory when there is room, else among the temporary files.
pub(crate) fn create() -> Result<PathBuf, StartError> {
    // The process id in the name tells whose it was, if one should ever be left behind.
    let name = format!("diesel-tenants-{}-{}", process::id(), random::hex(4)?);
    let room = free_kib(Path::new(MEMORY)).is_some_and(|free| free >= ROOM_KIB);
    let parents = room.then(|| PathBuf::from(MEMORY)).into_iter().chain([env::temp_dir()]);

    let mut refused = None;
    for parent in parents {
        match create_in(&parent, &name) {
            Ok(directory) => return Ok(directory),
            Err(error) => {
                refused = Some(StartError::io(format!("make a directory in {}", parent.display()))(
                    error,
                ))
            }
        }
    }
    Err(refused.expect("there is always the folder of temporary files"))
}

fn create_in(parent: &Path, name: &str) -> io::Result<PathBuf> {
    let directory = parent.join(name);
    DirBuilder::new().mode(0o700).create(&directory)?;
    Ok(directory)
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
