//! Several databases that `diesel-tenants.toml` names, on several clusters.

use std::{process::Command, sync::LazyLock};

use diesel_tenants_test_support::{Database, Server};
use serde_json::Value;

use crate::project::{Ended, Project};

/// Other clusters than the one that all tests share.
static SECOND_SERVER: LazyLock<Server> = LazyLock::new(Server::start);
static THIRD_SERVER: LazyLock<Server> = LazyLock::new(Server::start);

pub struct Shards {
    pub project: Project,
    pub one: Database,
    pub two: Database,
}

const FILE: &str = "[databases.one]\nurl_variable = \"ONE\"\n[databases.two]\nurl_variable = \"TWO\"\n";

impl Shards {
    /// With a directory, and a tenant in each database.
    pub fn new() -> Self {
        let project = Project::new();
        project.write("diesel-tenants.toml", FILE);
        let shards = Self {
            project,
            one: SECOND_SERVER.database(),
            two: THIRD_SERVER.database(),
        };
        shards.run(&["shared", "migrate"]).well();
        shards.run(&["directory", "prepare"]).well();
        for (tenant, place) in [("a", "main"), ("b", "one"), ("c", "two")] {
            shards.run(&["tenant", "create", tenant, "--place", place]).well();
        }
        shards
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command.env("ONE", self.one.url()).env("TWO", self.two.url());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    pub fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let ended = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&ended.out);
        let document = document.unwrap_or_else(|error| panic!("{error} in: {}\n{}", ended.out, ended.err));
        (ended.code, document)
    }

    fn add_migrations(&self) {
        let project = &self.project;
        project.migration(
            "migrations/2_more",
            "CREATE TABLE more (id int PRIMARY KEY)",
            "DROP TABLE more",
        );
        let refers = "CREATE TABLE two (id int REFERENCES public.more)";
        project.migration("tenant_migrations/2_two", refers, "DROP TABLE two");
    }
}

#[test]
fn one_command_migrates_every_database_and_its_json_is_by_database_and_tenant() {
    let shards = Shards::new();
    shards.add_migrations();
    let planned = shards.run(&["migrate", "--dry-run"]).well();
    assert!(
        planned.contains("one: the shared schema: would be applied: 2"),
        "{planned}"
    );
    assert!(planned.contains("one: b: would be applied: 2"), "{planned}");
    let (code, status) = shards.json(&["status", "--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(status["databases"][1]["tenants"][0]["pending"][0], "2");

    let (code, report) = shards.json(&["migrate"]);
    assert_eq!(code, Some(0), "{report}");
    for (index, (database, tenant)) in [("main", "a"), ("one", "b"), ("two", "c")].into_iter().enumerate() {
        let found = &report["databases"][index];
        assert_eq!(found["database"], database);
        assert_eq!(found["shared"]["versions"][0], "2");
        assert_eq!(found["tenants"][0]["tenant"], tenant);
        assert_eq!(found["tenants"][0]["outcome"], "migrated");
    }
    let out = shards.run(&["migrate"]).well();
    assert!(out.contains("3 up to date, in 3 databases"), "{out}");
    let out = shards.run(&["status", "--check"]).well();
    assert!(out.contains("3 tenants in 3 databases, all up to date"), "{out}");

    let out = shards
        .run(&["run", "INSERT INTO two SELECT 1 WHERE false; SELECT count(*) FROM two"])
        .well();
    assert!(out.contains('c'), "{out}");
    let out = shards.run(&["drift", "a"]).well();
    assert!(out.contains("database two"), "{out}");
    let (code, reverted) = shards.json(&["revert", "--yes", "--database", "two"]);
    assert_eq!(code, Some(0), "{reverted}");
    assert_eq!(reverted["databases"].as_array().unwrap().len(), 1);
    let (code, drift) = shards.json(&["drift", "a"]);
    assert_eq!(code, Some(1));
    assert_eq!(drift["databases"][2]["drifted"][0]["tenant"], "c");
}

#[test]
fn redo_applies_in_each_database_what_it_reverted_there() {
    let shards = Shards::new();
    shards.add_migrations();
    shards.run(&["migrate"]).well();
    // Tenant c is one migration behind.
    shards.run(&["revert", "--only", "c", "--yes"]).well();
    let (code, done) = shards.json(&["redo", "--dry-run"]);
    assert_eq!((code, &done["applied"]), (Some(0), &serde_json::json!([])));
    let (code, done) = shards.json(&["redo", "--yes"]);
    assert_eq!(code, Some(0), "{done}");
    let redone: Vec<(&str, &str, &str)> = done["applied"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| {
            let database = &report["databases"][0];
            let tenant = &database["tenants"][0];
            (
                database["database"].as_str().unwrap(),
                tenant["tenant"].as_str().unwrap(),
                tenant["versions"][0].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(redone, [("main", "a", "2"), ("one", "b", "2"), ("two", "c", "1")]);
    let out = shards.run(&["redo", "--yes", "--database", "one"]).well();
    assert!(
        out.contains("1 reverted, in 1 database") && out.contains("1 migrated, in 1 database"),
        "{out}"
    );
    let count = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'two' AND schemaname = 'b'";
    assert_eq!(shards.one.values(count), ["1"]);
}

#[test]
fn redo_leaves_no_tenant_without_what_it_reverted_even_if_a_database_fails() {
    let shards = Shards::new();
    shards.add_migrations();
    shards.run(&["migrate"]).well();
    shards.one.run("CREATE VIEW public.other AS SELECT id FROM b.two");
    for options in [&["redo", "--yes"][..], &["redo", "--yes", "--keep-going"]] {
        let (code, done) = shards.json(options);
        assert_eq!(code, Some(1), "{done}");
        shards.run(&["status", "--check"]).well();
    }
}

#[test]
fn shared_schemas_of_all_databases_are_shown_and_reverted() {
    let shards = Shards::new();
    shards.add_migrations();
    shards.run(&["shared", "migrate", "--database", "one"]).well();
    assert_eq!(shards.run(&["shared", "status", "--check"]).code, Some(1));
    shards.run(&["shared", "status", "--check", "--database", "one"]).well();
    let out = shards.run(&["shared", "status"]).well();
    assert!(
        out.contains("main      2          pending") && out.contains("one       2          applied"),
        "{out}"
    );
    let (_, status) = shards.json(&["shared", "status"]);
    assert_eq!(status["databases"][2]["database"], "two");
    assert_eq!(status["databases"][2]["shared"]["pending"], serde_json::json!(["2"]));

    let out = shards.run(&["shared", "revert", "--dry-run"]).well();
    assert_eq!(
        out,
        "main: would be reverted: 1\none: would be reverted: 2\ntwo: would be reverted: 1\n"
    );
    let err = shards.run(&["shared", "revert"]).failed();
    assert!(err.contains("--yes"), "{err}");
    let out = shards.run(&["shared", "revert", "--yes", "--database", "one"]).well();
    assert_eq!(out, "one: reverted 2\n");
    let tables = "SELECT tablename::text FROM pg_tables WHERE tablename IN ('more', 'users') ORDER BY 1";
    assert_eq!(shards.one.values(tables), ["users"]);
    // A failure in one leaves those after it as they are.
    shards.one.run("CREATE VIEW other AS SELECT id FROM users");
    let ended = shards.run(&["shared", "revert", "--yes"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.out.contains("main: reverted 1")
            && ended.out.contains("one: failed: ")
            && ended.out.contains("two: left as it is: 1"),
        "{}",
        ended.out
    );
    assert_eq!(shards.two.values(tables), ["users"]);
}

#[test]
fn a_database_that_is_down_stops_the_command_or_is_skipped_by_choice() {
    let shards = Shards::new();
    shards.add_migrations();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = format!("postgres://postgres:secret@127.0.0.1:{port}/none");
    let run = |arguments: &[&str]| {
        let mut command = shards.project.command(arguments);
        command.env("ONE", shards.one.url()).env("TWO", &nobody);
        Ended::of(command.output().unwrap())
    };
    let err = run(&["migrate"]).failed();
    assert!(
        err.contains("database \"two\", where 1 tenant lives") && !err.contains("secret"),
        "{err}"
    );
    assert_eq!(shards.project.schemas_with("more"), "");
    let ended = run(&["migrate", "--skip-unreachable"]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(
        ended
            .out
            .contains("2 migrated, 1 not reached, in 2 databases; 1 database could not be reached"),
        "{}",
        ended.out
    );
    let ended = run(&["status", "--skip-unreachable"]);
    assert_eq!(ended.code, Some(1), "a database was left out: {}", ended.out);
    let listed = run(&["database", "list"]).well();
    assert!(
        listed.contains("can't be reached") && !listed.contains("secret"),
        "{listed}"
    );
    assert_eq!(run(&["database", "check"]).code, Some(1));
    let ended = run(&["shared", "revert", "--dry-run", "--skip-unreachable", "--json"]);
    let reverted: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (ended.code, &reverted["databases"][2]["database"]),
        (Some(1), &"two".into())
    );
    let reason = reverted["databases"][2]["error"].as_str().unwrap();
    assert!(reason.contains("two"), "{reason}");

    // Taken out of the file, with its tenant still there.
    shards
        .project
        .write("diesel-tenants.toml", "[databases.one]\nurl_variable = \"ONE\"\n");
    let err = shards.run(&["migrate"]).failed();
    assert!(
        err.contains("database \"two\", where 1 tenant lives") && err.contains("is not declared"),
        "{err}"
    );
    let ended = shards.run(&["directory", "check"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .out
            .contains("two: tenant c lives in this database, which diesel-tenants.toml doesn't name"),
        "{}",
        ended.out
    );
}

#[test]
fn the_file_holds_no_urls_and_each_variable_must_be_set() {
    let project = Project::new();
    let url = project
        .database
        .url()
        .replace("postgres://", "postgres://user:hunter2@");
    project.write(
        "diesel-tenants.toml",
        format!("[databases.one]\nurl_variable = \"{url}\"\n"),
    );
    let err = project.run(&["migrate"]).failed();
    assert!(
        err.contains("write the name of the variable") && !err.contains("hunter2"),
        "{err}"
    );
    project.write("diesel-tenants.toml", FILE);
    let err = project.run(&["migrate"]).failed();
    assert!(
        err.contains("database one in diesel-tenants.toml: the variable ONE"),
        "{err}"
    );
    project.write(
        "diesel-tenants.toml",
        "[databases.main]\nurl_variable = \"DATABASE_URL\"\n",
    );
    let err = project.run(&["migrate"]).failed();
    assert!(err.contains("`main` is the name of the pool's own database"), "{err}");
    // A shard that is declared twice.
    project.write("diesel-tenants.toml", FILE);
    let mut command = project.command(&["migrate"]);
    let one = SECOND_SERVER.database();
    command.env("ONE", one.url()).env("TWO", one.url());
    let err = Ended::of(command.output().unwrap()).failed();
    assert!(err.contains("\"one\" and \"two\" are one database"), "{err}");
    project.write("diesel-tenants.toml", "");
    let err = project.run(&["migrate", "--database", "one"]).failed();
    assert!(err.contains("under [databases] in diesel-tenants.toml"), "{err}");
}

#[test]
fn a_tenant_is_placed_shown_and_moved() {
    let shards = Shards::new();
    shards.run(&["domain", "add", "b", "shop.example.org"]).well();
    shards
        .one
        .run("ALTER TABLE b.items ADD PRIMARY KEY (id); INSERT INTO b.items VALUES (7)");
    let (_, shown) = shards.json(&["tenant", "show", "b"]);
    assert_eq!(shown["database"], "one");
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["domains"][0]["domain"], "shop.example.org");
    assert_eq!(shown["applied"][0], "1");
    let out = shards.run(&["tenant", "move", "b", "two", "--dry-run"]).well();
    assert!(
        out.contains("b: would be moved from schema \"b\" of database \"one\" to schema \"b\" of database \"two\""),
        "{out}"
    );
    let (code, moved) = shards.json(&["tenant", "move", "b", "two"]);
    assert_eq!(code, Some(0), "{moved}");
    assert_eq!(moved["rows"], 2, "with the row of its version");
    assert_eq!(shards.two.values("SELECT id::text FROM b.items"), ["7"]);
    let (_, shown) = shards.json(&["tenant", "show", "b"]);
    assert_eq!(
        (&shown["database"], &shown["domains"][0]["domain"]),
        (&"two".into(), &"shop.example.org".into())
    );
    shards.run(&["tenant", "place", "d", "one:schema of d"]).well();
    assert_eq!(shards.json(&["tenant", "show", "d"]).1["schema"], "schema of d");
    let err = shards.run(&["tenant", "show", "nobody"]).failed();
    assert!(err.contains("there is no tenant \"nobody\""), "{err}");
    let err = shards.run(&["tenant", "move", "nobody", "one"]).failed();
    assert!(err.contains("there is no tenant \"nobody\""), "{err}");
}

#[test]
fn schemas_that_were_there_before_the_directory_are_adopted() {
    let project = Project::with_tenants(&["a", "b"]);
    project.run(&["tenant", "suspend", "b"]).well();
    let err = project.run(&["directory", "check"]).failed();
    assert!(
        err.contains("`diesel-tenants directory prepare` creates its tables"),
        "{err}"
    );
    project.run(&["directory", "prepare"]).well();
    let ended = project.run(&["directory", "check"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.out.contains("main: schema a is not in the directory"),
        "{}",
        ended.out
    );
    let out = project.run(&["directory", "adopt", "--all", "--dry-run"]).well();
    assert!(out.contains("a: would be adopted"), "{out}");
    project.run(&["directory", "adopt", "--all"]).well();
    let rows = "SELECT name || ' ' || status FROM public.tenants ORDER BY 1";
    assert_eq!(project.database.values(rows), ["a active", "b suspended"]);
    let out = project.run(&["directory", "check"]).well();
    assert!(out.contains("the directory and the schemas agree"), "{out}");
    let err = project.run(&["directory", "adopt", "nobody"]).failed();
    assert!(err.contains("nobody: failed"), "{err}");
}

#[test]
fn the_shared_schemas_do_not_depend_on_the_state_of_tenants() {
    let shards = Shards::new();
    shards.add_migrations();
    shards.two.run("DROP SCHEMA c CASCADE");
    shards
        .one
        .run("ALTER TABLE b.__diesel_schema_migrations RENAME version TO other");
    shards.run(&["shared", "migrate"]).well();
    shards.run(&["shared", "status", "--check"]).well();
    shards.run(&["shared", "revert", "--yes"]).well();
    let more = "SELECT tablename::text FROM pg_tables WHERE tablename = 'more'";
    assert!(shards.one.values(more).is_empty() && shards.two.values(more).is_empty());
}

#[test]
fn no_shared_schema_is_reverted_if_a_database_would_refuse() {
    let shards = Shards::new();
    let users = "SELECT tablename::text FROM pg_tables WHERE tablename = 'users'";
    shards.add_migrations();
    shards.run(&["shared", "migrate", "--database", "two"]).well();
    std::fs::remove_dir_all(shards.project.path().join("migrations/2_more")).unwrap();
    let err = shards.run(&["shared", "revert", "--yes"]).failed();
    assert!(
        err.contains("can't revert 2 in database \"two\"") && err.contains("nothing was reverted"),
        "{err}"
    );
    assert_eq!(shards.project.database.values(users), ["users"]);

    let server = Server::builder()
        .setting("wal_level", "replica")
        .setting("max_wal_senders", 4);
    let primary = server.start().unwrap();
    let shard = primary.database();
    let run_at = |two: &str, arguments: &[&str]| {
        let mut command = shards.project.command(arguments);
        command.env("ONE", shards.one.url()).env("TWO", two);
        Ended::of(command.output().unwrap())
    };
    run_at(shard.url(), &["shared", "migrate"]).well();
    let standby = primary.replica();
    let url = standby.url_for(shard.name());
    let begun = std::time::Instant::now();
    while run_at(&url, &["shared", "status", "--check"]).code != Some(0) {
        assert!(begun.elapsed().as_secs() < 20, "the standby doesn't follow");
    }
    let err = run_at(&url, &["shared", "revert", "--yes"]).failed();
    assert!(
        err.contains("can't revert in database \"two\"") && err.contains("a standby"),
        "{err}"
    );
    assert_eq!(shards.project.database.values(users), ["users"]);
}
