//! An example of a service, whose README shows commands and their answers.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Not left behind by a test that fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the example on this database, and repeats what its README shows.
pub fn answers_as_its_readme_says(example: &str, database_url: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("examples").join(example).join("README.md")).unwrap();
    let tests = env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples").join(example);
    let started = Command::new(&program)
        .env("DATABASE_URL", database_url)
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .spawn();
    let mut service =
        Killed(started.unwrap_or_else(|error| panic!("{error}: {program:?}; run `cargo build --examples`")));
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let (_, port) = line.trim().rsplit_once(':').unwrap();
    let (port, _) = port.split_once('/').unwrap();

    let consoles: Vec<&str> = readme.split("```console\n").skip(1).collect();
    assert!(!consoles.is_empty());
    for console in consoles {
        let (console, _) = console.split_once("```").unwrap();
        for transcript in console.split("$ ").filter(|transcript| !transcript.is_empty()) {
            let (command, expected) = transcript.split_once('\n').unwrap();
            let mut here = command.to_owned();
            for documented in [":3000/", ":8000/", ":8080/"] {
                here = here.replace(documented, &format!(":{port}/"));
            }
            let output = Command::new("sh").args(["-c", &here]).output().unwrap();
            assert!(output.status.success(), "{command}: {output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{command}");
        }
    }
}
