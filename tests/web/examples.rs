//! The examples answer as their READMEs say.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use diesel_tenants_test_support::Server;

/// Not left behind by a test that fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers_as_its_readme_says(example: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("examples").join(example).join("README.md")).unwrap();
    let (_, console) = readme.split_once("```console\n").unwrap();
    let (console, _) = console.split_once("```").unwrap();

    let database = Server::shared().database();
    let tests = env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples").join(example);
    let started = Command::new(&program)
        .env("DATABASE_URL", database.url())
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

#[test]
fn products() {
    answers_as_its_readme_says("products");
}

#[test]
fn sign_up() {
    answers_as_its_readme_says("sign-up");
}

#[test]
fn store_actix() {
    answers_as_its_readme_says("store-actix");
}

#[test]
fn store_axum() {
    answers_as_its_readme_says("store-axum");
}

#[test]
fn store_rocket() {
    answers_as_its_readme_says("store-rocket");
}
