//! Other processes: this test binary, told by environment variables to do one thing.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use super::*;
use crate::{
    backend::sqlite::files::{FileError, failpoint, opening},
    tenancy::TenantStatus,
};

const JOB: &str = "DIESEL_TENANTS_JOB";
const ROOT: &str = "DIESEL_TENANTS_ROOT";

pub(super) const THREE: &[(&str, &str)] = &[ORDERS[0], ORDERS[1], ("03_items", "CREATE TABLE items (id INTEGER)")];

/// A process that does a job in a folder, and ends at a step, if one is given.
pub(super) fn process(folder: &Folder, job: &str, step: Option<&str>) -> Command {
    let (_, test) = concat!(module_path!(), "::works").split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(JOB, job).env(ROOT, folder.root());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    match step {
        Some(step) => command.env(failpoint::VARIABLE, step),
        None => command.env_remove(failpoint::VARIABLE),
    };
    command
}

/// What a process says about its job.
pub(super) fn said(mut child: Child) -> String {
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    child.wait().unwrap();
    output
        .lines()
        .find_map(|line| Some(line.split_once("said: ")?.1.to_owned()))
        .unwrap_or(output)
}

/// Not a test of its own: what another process does.
#[test]
fn works() {
    let Ok(job) = std::env::var(JOB) else { return };
    let root = std::env::var_os(ROOT).unwrap();
    if job == "open" {
        let opened = Folder::open(root, name("public"));
        println!(
            "said: {}",
            opened.map_or_else(|error| error.to_string(), |_| "opened".to_owned())
        );
        return;
    }
    let folder = at(Path::new(&root));
    let (one, two, archive) = (name("client1"), name("client2"), name("archived_1_client1"));
    let done = match &*job {
        "create" => folder
            .create(&one, &plan(ORDERS), TenantStatus::Active, WAIT)
            .map(|_| ()),
        "migrate" => folder
            .migrate(&one, &plan(THREE), WAIT)
            .map(|versions| println!("said: {versions:?}")),
        "suspend" => folder.set_status(&one, TenantStatus::Suspended, WAIT),
        "try to rename" => folder.rename(&one, &two, Duration::from_millis(50)),
        "rename" => folder.rename(&one, &two, WAIT),
        "drop" => folder.drop(&one, WAIT),
        "archive" => folder.archive(&one, &archive, 1, WAIT),
        "restore" => folder.restore(&archive, &two, WAIT),
        "clone" => folder.clone_tenant(&one, &two, true, WAIT),
        "hold" | "hold on" => hold(&folder, job == "hold on"),
        "write" => write(&folder),
        "survey" => {
            let names = folder.names().unwrap();
            let surveyed = folder.survey(&names, 4);
            assert!(
                surveyed
                    .iter()
                    .all(|surveyed| surveyed.as_ref().is_ok_and(Option::is_some))
            );
            println!("said: {}", surveyed.len());
            Ok(())
        }
        "live" => live(&folder),
        job => panic!("no such job: {job}"),
    };
    match done {
        Ok(()) => println!("said: done"),
        Err(FileError::Exists { .. }) => println!("said: exists"),
        Err(error) => println!("said: {error}"),
    }
}

/// Whether the test still wants something: a test that has ended, in whatever way, has removed its folder.
fn is_there(folder: &Folder) -> bool {
    folder.root().exists()
}

/// Keeps an idle connection until somebody wants the file, or for ever.
fn hold(folder: &Folder, forever: bool) -> Result<(), FileError> {
    let mut connection = open(&folder.path_of(&name("client1"))?, Access::Write, WAIT)?;
    connection
        .batch_execute("INSERT INTO orders (note) VALUES ('held')")
        .unwrap();
    println!("said: held");
    while is_there(folder) && (forever || folder.wanted()?.is_empty()) {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Writes rows into whichever of two files is there, each by a new connection, until there is a file `stop`. Says how
/// many rows were written.
fn write(folder: &Folder) -> Result<(), FileError> {
    let paths = [folder.path_of(&name("client1"))?, folder.path_of(&name("client2"))?];
    let mut written = 0;
    for round in 0.. {
        if folder.root().join("stop").exists() || !is_there(folder) {
            break;
        }
        let path = &paths[round % 2];
        let opening = opening(path, WAIT).unwrap();
        let Ok(mut connection) = open(path, Access::Write, WAIT) else {
            continue;
        };
        let is_open = connection.batch_execute("SELECT * FROM orders").is_ok();
        drop(opening);
        let insert = "INSERT INTO orders (note) VALUES ('written')";
        written += usize::from(is_open && connection.batch_execute(insert).is_ok());
    }
    println!("said: {written}");
    Ok(())
}

/// Does everything over and over, until it is killed.
fn live(folder: &Folder) -> Result<(), FileError> {
    let names: Vec<_> = (0..4).map(|index| name(&format!("client{index}"))).collect();
    let two = plan(ORDERS);
    let three = plan(THREE);
    println!("said: alive");
    for round in 0.. {
        if !is_there(folder) {
            break;
        }
        let (one, other) = (&names[round % 4], &names[(round + 1) % 4]);
        let archive = name(&format!("archived_{round}"));
        // What an earlier process left may be in the way.
        drop(folder.sweep());
        drop(folder.create(one, &two, TenantStatus::Active, WAIT));
        drop(folder.migrate(one, &three, WAIT));
        drop(folder.rename(one, other, WAIT));
        drop(folder.archive(other, &archive, 1, WAIT));
        drop(folder.restore(&archive, one, WAIT));
        drop(folder.clone_tenant(one, other, round % 8 < 4, WAIT));
        drop(folder.set_status(other, TenantStatus::Suspended, WAIT));
        if round % 3 == 0 {
            for name in folder.names()? {
                drop(folder.drop(&name, WAIT));
            }
        }
    }
    Ok(())
}

#[test]
fn of_many_processes_that_create_a_tenant_one_wins() {
    let (_guard, folder) = folder();
    let children: Vec<_> = (0..6)
        .map(|_| process(&folder, "create", None).spawn().unwrap())
        .collect();
    let mut said: Vec<_> = children.into_iter().map(said).collect();
    said.sort();
    assert_eq!(said, ["done", "exists", "exists", "exists", "exists", "exists"]);
    assert_eq!(files(&folder), ["client1.db"]);
}

#[test]
fn of_two_processes_that_migrate_a_tenant_each_migration_runs_once() {
    let (_guard, folder) = folder();
    folder
        .create(&name("client1"), &plan(&ORDERS[..1]), TenantStatus::Active, WAIT)
        .unwrap();
    let children: Vec<_> = (0..2)
        .map(|_| process(&folder, "migrate", None).spawn().unwrap())
        .collect();
    let mut said: Vec<_> = children.into_iter().map(said).collect();
    said.sort();
    assert_eq!(said, [r#"["02", "03"]"#, "[]"]);
}

#[test]
fn a_process_gives_its_idle_connection_up_when_somebody_wants_the_file() {
    let (_guard, folder) = folder();
    let tenant = name("client1");
    folder
        .create(&tenant, &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    let mut stubborn = process(&folder, "hold on", None).spawn().unwrap();
    await_word(&mut stubborn);
    let error = folder.drop(&tenant, Duration::from_millis(80)).unwrap_err();
    assert!(matches!(error, FileError::InUse { .. }), "{error}");
    stubborn.kill().unwrap();
    stubborn.wait().unwrap();

    let mut child = process(&folder, "hold", None).spawn().unwrap();
    await_word(&mut child);
    let begun = Instant::now();
    folder.rename(&tenant, &name("client2"), WAIT).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    child.wait().unwrap();
    let rows = texts(
        &folder.path_of(&name("client2")).unwrap(),
        "SELECT note AS text FROM orders",
    );
    assert_eq!(rows, ["held", "held"], "the row of the killed process too");
}

#[test]
fn no_row_is_lost_while_a_tenant_is_renamed_to_and_fro_and_written_by_others() {
    let (_guard, folder) = folder();
    let names = [name("client1"), name("client2")];
    folder
        .create(&names[0], &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    let writers: Vec<_> = (0..3)
        .map(|_| process(&folder, "write", None).spawn().unwrap())
        .collect();
    let rows = |tenant| {
        texts(
            &folder.path_of(tenant).unwrap(),
            "SELECT count(*) || '' AS text FROM orders",
        )
        .concat()
    };
    let mut renamed = 0;
    // The writers may take a while to start.
    while renamed < 6 || rows(&names[renamed % 2]).len() < 2 {
        let (from, to) = (&names[renamed % 2], &names[(renamed + 1) % 2]);
        folder.rename(from, to, WAIT).unwrap();
        renamed += 1;
    }
    std::fs::write(folder.root().join("stop"), "").unwrap();
    let written: usize = writers
        .into_iter()
        .map(|writer| said(writer).parse::<usize>().unwrap())
        .sum();
    let tenant = &names[renamed % 2];
    assert_eq!(rows(tenant), written.to_string());
    let check = "SELECT integrity_check AS text FROM pragma_integrity_check";
    assert_eq!(texts(&folder.path_of(tenant).unwrap(), check), ["ok"]);
}

/// Waits until a process has said something.
pub(super) fn await_word(child: &mut Child) {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("said: ") {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the process ended");
    }
}

#[test]
fn a_thousand_tenants_need_no_more_than_256_handles() {
    let (_guard, folder) = folder();
    folder
        .create(&name("client0"), &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    let content = std::fs::read(folder.path_of(&name("client0")).unwrap()).unwrap();
    for index in 1..1_000 {
        std::fs::write(folder.path_of(&name(&format!("client{index}"))).unwrap(), &content).unwrap();
    }
    let child = process(&folder, "survey", None);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""])
        .arg(child.get_program())
        .args(child.get_args());
    limited.envs(child.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let limited = limited.stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(said(limited), "1000");
}

#[cfg(unix)]
#[test]
fn an_account_without_rights_is_told_the_folder() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};

    let (guard, folder) = folder();
    std::fs::set_permissions(guard.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut nobody = process(&folder, "open", None);
    let Ok(child) = nobody.uid(65_534).spawn() else {
        println!("skipped: this user may not become another one");
        return;
    };
    let said = said(child);
    let expected = format!("no files can be made in the folder {}: ", guard.path().display());
    assert!(said.starts_with(&expected), "{said}");
}
