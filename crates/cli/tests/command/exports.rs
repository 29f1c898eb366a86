//! The files that `tenant export` writes.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, PermissionsExt, symlink},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::project::{Ended, Project, send};

fn project() -> Project {
    let project = Project::with_tenants(&["a", "b"]);
    project
        .database
        .run("INSERT INTO a.items SELECT g FROM generate_series(1, 1000) g; INSERT INTO b.items VALUES (7)");
    project
}

/// Everything in the project's folder that is no migration or setting.
fn files(project: &Project) -> Vec<String> {
    let entries = fs::read_dir(project.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["diesel.toml", "migrations", "tenant_migrations"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// A session that keeps others from going on, until it is dropped.
struct Holder {
    _runtime: tokio::runtime::Runtime,
    _client: tokio_postgres::Client,
}

impl Holder {
    fn of(project: &Project, sql: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(project.database.url(), tokio_postgres::NoTls)
                .await
                .unwrap();
            tokio::spawn(connection);
            client.batch_execute(sql).await.unwrap();
            client
        });
        Self {
            _runtime: runtime,
            _client: client,
        }
    }
}

fn wait_for_partial(project: &Project) {
    let started = Instant::now();
    while !files(project).iter().any(|name| name.ends_with(".partial")) {
        assert!(started.elapsed() < Duration::from_secs(60), "it never began");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn exports_to_one_file_at_once_leave_one_of_them_whole() {
    let project = project();
    for round in 0..5 {
        let export = |tenant: &str| {
            let mut command = project.command(&["tenant", "export", tenant, "out", "--force"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let (one, other) = (export("a"), export("b"));
        for child in [one, other] {
            Ended::of(child.wait_with_output().unwrap()).well();
        }
        assert_eq!(files(&project), ["out"], "nothing else is left");
        let copy = format!("copy{round}");
        let out = project.run(&["tenant", "import", &copy, "out"]).well();
        let rows = project.value(&format!("SELECT count(*) FROM {copy}.items"));
        let is_a = out.contains("exported as a");
        assert_eq!(rows, if is_a { "1000" } else { "1" }, "{out}");
    }

    // Without --force the second one to end leaves the first one's alone.
    let export = |tenant: &str| {
        let mut command = project.command(&["tenant", "export", tenant, "new"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let ended = [export("a"), export("b")].map(|child| Ended::of(child.wait_with_output().unwrap()));
    let failed: Vec<&Ended> = ended.iter().filter(|ended| ended.code == Some(1)).collect();
    assert_eq!(failed.len(), 1, "one of them has the name");
    let err = &failed[0].err;
    assert!(
        err.contains("the file new exists already")
            || err.contains("another process has created a file of that name meanwhile"),
        "{err}"
    );
    project.run(&["tenant", "import", "of_new", "new"]).well();
    assert_eq!(files(&project), ["new", "out"]);
}

#[test]
fn an_export_that_ends_half_way_leaves_the_file_as_it_was() {
    let project = project();
    project.run(&["tenant", "export", "b", "out"]).well();
    let before = fs::read(project.path().join("out")).unwrap();

    for signal in ["INT", "TERM", "KILL"] {
        let holder = Holder::of(&project, "BEGIN; LOCK a.items IN ACCESS EXCLUSIVE MODE");
        let mut command = project.command(&["tenant", "export", "a", "out", "--force"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for_partial(&project);
        send(signal, &child);
        let code = child.wait().unwrap().code();
        drop(holder);
        assert_eq!(fs::read(project.path().join("out")).unwrap(), before, "{signal}");
        let left: Vec<String> = files(&project).into_iter().filter(|name| name != "out").collect();
        match signal {
            "KILL" => assert!(left.len() == 1 && left[0].ends_with(".partial"), "{left:?}"),
            _ => {
                assert_eq!(code, Some(if signal == "INT" { 130 } else { 143 }));
                assert_eq!(left, [""; 0], "{signal}");
            }
        }
    }

    let err = project.run(&["tenant", "export", "nobody", "out", "--force"]).failed();
    assert!(err.contains("`diesel-tenants tenant list` lists"), "{err}");
    assert_eq!(fs::read(project.path().join("out")).unwrap(), before);
    let err = project.run(&["tenant", "export", "a", "no/such/folder"]).failed();
    assert!(err.contains("can't write to no/such/folder"), "{err}");
}

#[test]
fn only_a_regular_file_is_replaced() {
    let project = project();
    project.write("kept", "mine");
    symlink("kept", project.path().join("link")).unwrap();
    symlink("nothing", project.path().join("dangling")).unwrap();
    fs::create_dir(project.path().join("folder")).unwrap();
    let made = Command::new("mkfifo").arg(project.path().join("pipe")).status();
    assert!(made.unwrap().success());
    for (target, kind) in [
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("folder", "a directory"),
        ("pipe", "a device, a pipe or a socket"),
        ("/dev/full", "a device, a pipe or a socket"),
        ("/dev/stdout", "a symbolic link"),
    ] {
        for arguments in [
            &["tenant", "export", "a", target][..],
            &["tenant", "export", "a", target, "--force"],
        ] {
            let err = project.run(arguments).failed();
            assert!(
                err.contains(&format!(
                    "{target} is {kind}, and only a regular file can be written or replaced"
                )),
                "{err}"
            );
        }
    }
    assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    assert_eq!(fs::read_to_string(project.path().join("kept")).unwrap(), "mine");
    assert_eq!(files(&project), ["dangling", "folder", "kept", "link", "pipe"]);

    let err = project.run(&["tenant", "export", "a", "kept"]).failed();
    assert!(
        err.contains("the file kept exists already: name another file, or replace it by --force"),
        "{err}"
    );
    let kept = project.path().join("kept");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
    project.run(&["tenant", "export", "a", "kept", "--force"]).well();
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    project.run(&["tenant", "import", "copy", "kept"]).well();
}
