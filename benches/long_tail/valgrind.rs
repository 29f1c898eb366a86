//! Counts the instructions of a process, by valgrind.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

pub fn is_installed() -> bool {
    Command::new("valgrind").arg("--version").output().is_ok()
}

/// The instructions that a program needs with these arguments.
pub fn count(program: &Path, arguments: &[impl AsRef<OsStr>]) -> f64 {
    let process = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("valgrind starts");
    let printed = String::from_utf8_lossy(&process.stderr);
    assert!(process.status.success(), "{}: {printed}", program.display());
    let collected = printed.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.and_then(|(_, count)| count.trim().parse().ok());
    collected.unwrap_or_else(|| panic!("no count in what valgrind prints: {printed}"))
}
