//! The directory, domains and several servers of MySQL that `diesel-tenants.toml` names.

use std::sync::LazyLock;

use diesel_tenants_test_support::{MariaDb, chain};
use serde_json::Value;

use crate::project::{Databases, Ended, Site};

/// Another server than the one that all tests share.
static SECOND: LazyLock<MariaDb> =
    LazyLock::new(|| MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error))));

/// A project whose file names the second server. No other test uses either server meanwhile.
pub struct Servers {
    pub project: Site<Databases>,
}

impl Servers {
    pub fn second() -> &'static MariaDb {
        &SECOND
    }

    fn new() -> Self {
        let servers = Self::without_a_file();
        let file = "[databases.shard1]\nurl_variable = \"SHARD1\"\n";
        servers.project.write("diesel-tenants.toml", file);
        servers
    }

    /// Two empty servers, and a project that knows one of them.
    pub fn without_a_file() -> Self {
        let servers = Self {
            project: Site::<Databases>::new(),
        };
        let databases = servers.on_second(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN \
             ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY SCHEMA_NAME = 'public'",
        );
        for database in databases.into_iter().flatten() {
            servers.on_second(&format!("DROP DATABASE `{database}`"));
        }
        servers
    }

    /// With a directory, and both servers' shared tables.
    fn with_directory() -> Self {
        let servers = Self::new();
        for server in ["main", "shard1"] {
            servers.run(&["shared", "migrate", "--database", server]).well();
        }
        servers.run(&["directory", "prepare"]).well();
        servers
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.project.command(arguments);
        command.env("SHARD1", SECOND.url());
        Ended::of(command.output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&ended.out);
        document.unwrap_or_else(|error| panic!("{error} in: {}\n{}", ended.out, ended.err))
    }

    /// The same, by a program that knows only the second server.
    fn direct(&self, arguments: &[&str]) -> Ended {
        let mut command = self.project.command(arguments);
        command
            .env("DATABASE_URL", SECOND.url())
            .env("SHARD1", MariaDb::shared().url());
        Ended::of(command.output().unwrap())
    }

    fn on_second(&self, sql: &str) -> Vec<Vec<String>> {
        let mut session = SECOND.session().unwrap();
        session
            .run(sql)
            .unwrap_or_else(|(code, error)| panic!("{sql}: {code} {error}"))
    }

    fn rows(&self) -> Vec<String> {
        let rows = Databases::rows(
            "SELECT CONCAT_WS(' ', name, schema_name, database_name, status) FROM public.tenants ORDER BY name",
        );
        rows.into_iter().flatten().collect()
    }
}

#[test]
fn a_tenant_is_placed_on_another_server_shown_and_migrated_there() {
    let servers = Servers::with_directory();
    let out = servers.run(&["tenant", "create", "a"]).well();
    assert_eq!(out, "a: created, 1 migration applied\n");
    let out = servers.run(&["tenant", "create", "b", "--place", "shard1"]).well();
    assert_eq!(
        out,
        "b: created, in schema \"b\" of database \"shard1\", 1 migration applied\n"
    );
    servers.run(&["tenant", "place", "c", "shard1:home of c"]).well();
    assert_eq!(
        servers.rows(),
        ["a a active", "b b shard1 active", "c home of c shard1 active"]
    );
    servers.on_second("INSERT INTO b.items VALUES (7)");
    servers.run(&["domain", "add", "b", "shop.example.org"]).well();
    servers.run(&["domain", "primary", "shop.example.org"]).well();

    let shown = servers.json(&["tenant", "show", "b"]);
    assert_eq!(
        (&shown["database"], &shown["schema"], &shown["status"]),
        (&"shard1".into(), &"b".into(), &"active".into())
    );
    assert_eq!(shown["domains"][0]["domain"], "shop.example.org");
    assert_eq!(
        (&shown["applied"][0], &shown["pending"]),
        (&"1".into(), &serde_json::json!([]))
    );
    assert_eq!(servers.json(&["tenant", "show", "c"])["schema"], "home of c");
    let text = servers.run(&["tenant", "show", "a"]).well();
    assert!(text.contains("place") && text.contains("schema \"a\""), "{text}");
    let err = servers.run(&["tenant", "show", "nobody"]).failed();
    assert!(err.contains("there is no tenant \"nobody\""), "{err}");
    let err = servers.run(&["tenant", "place", "d", "shard9"]).failed();
    assert!(err.contains("shard9") && err.contains("shard1"), "{err}");
    let out = servers.run(&["directory", "check"]).well();
    assert_eq!(out, "the directory and the schemas agree\n");

    // Each call migrates one server.
    servers.project.migration(
        "tenant_migrations/2_notes",
        "CREATE TABLE notes (id INT)",
        "DROP TABLE notes",
    );
    for arguments in [
        &["migrate"][..],
        &["status"],
        &["shared", "migrate"],
        &["revert", "--yes"],
        &["migrate", "--database", "main", "--database", "shard1"],
    ] {
        let err = servers.run(arguments).failed();
        assert!(err.contains("name one by --database"), "{arguments:?}: {err}");
    }
    let out = servers.run(&["migrate", "--database", "shard1"]).well();
    assert!(out.starts_with("2 migrated"), "{out}");
    assert_eq!(servers.run(&["status", "--database", "main", "--check"]).code, Some(1));
    servers.run(&["migrate", "--database", "main"]).well();
    for server in ["main", "shard1"] {
        servers.run(&["status", "--database", server, "--check"]).well();
    }
    let shown = servers.json(&["tenant", "show", "b"]);
    assert_eq!(shown["applied"], serde_json::json!(["1", "2"]));
    let err = servers.run(&["migrate", "--database", "shard9"]).failed();
    assert!(err.contains("shard9"), "{err}");

    let out = servers.run(&["tenant", "drop", "b", "c", "--yes"]).well();
    assert!(
        out.contains("b: dropped, in schema \"b\" of database \"shard1\", "),
        "{out}"
    );
    assert_eq!(servers.rows(), ["a a active"]);
    let left = servers.on_second("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 'items'");
    assert_eq!(left, [["0"]]);
}

#[test]
fn one_page_shows_the_tenants_of_all_servers() {
    let servers = Servers::with_directory();
    servers.run(&["tenant", "create", "a"]).well();
    servers.run(&["tenant", "place", "c", "shard1:home of c"]).well();
    servers.run(&["domain", "add", "c", "shop.example.org"]).well();
    let page = servers.run(&["page"]).well();
    let row = |tenant: &str, page: &str| {
        let rows = page.lines().filter(|line| line.starts_with("<tr"));
        let mut rows = rows.filter(|line| line.contains(&format!(">{tenant}</th>")));
        rows.next().unwrap().to_owned()
    };
    let shown = row("c", &page);
    for told in [">active<", "shard1: home of c", "shop.example.org", "<td>1</td>"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(row("a", &page).contains("<td>main</td>"));

    let mut command = servers.project.command(&["page"]);
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    command.env("SHARD1", format!("mysql://root:hunter2@127.0.0.1:{port}"));
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let shown = row("c", &ended.out);
    assert!(
        shown.contains(">unknown<") && shown.contains("shop.example.org"),
        "{shown}"
    );
    assert!(row("shard1", &ended.out).contains("not reached"), "{}", ended.out);
    assert!(ended.err.contains("not reached: database \"shard1\""), "{}", ended.err);
    assert!(
        !ended.out.contains("hunter2") && !ended.err.contains("hunter2"),
        "{}",
        ended.err
    );
}

#[test]
fn tenants_that_were_there_before_the_directory_are_recorded() {
    let servers = Servers::new();
    servers.run(&["tenant", "create", "a", "b"]).well();
    servers.run(&["tenant", "suspend", "b"]).well();
    servers.direct(&["tenant", "create", "c", "d"]).well();
    servers.direct(&["tenant", "suspend", "d"]).well();
    let err = servers.run(&["directory", "check"]).failed();
    assert!(
        err.contains("`diesel-tenants directory prepare` creates its tables"),
        "{err}"
    );
    servers.run(&["directory", "prepare"]).well();
    assert_eq!(servers.rows(), ["a a active", "b b suspended"]);
    // Rows that were deleted by SQL.
    Databases::rows("DELETE FROM public.tenants");
    let ended = servers.run(&["directory", "check"]);
    assert_eq!(ended.code, Some(1));
    for told in [
        "main: schema a is not in the directory",
        "main: schema b is not",
        "shard1: schema c is not",
        "shard1: schema d is not",
    ] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    let out = servers.run(&["directory", "adopt", "--all", "--dry-run"]).well();
    assert!(out.contains("c: would be adopted"), "{out}");
    assert!(servers.rows().is_empty());
    let out = servers.run(&["directory", "adopt", "--all"]).well();
    assert!(
        out.contains("c: adopted, in schema \"c\" of database \"shard1\""),
        "{out}"
    );
    assert_eq!(
        servers.rows(),
        [
            "a a active",
            "b b suspended",
            "c c shard1 active",
            "d d shard1 suspended"
        ]
    );
    servers.run(&["directory", "check"]).well();
    servers.run(&["tenant", "resume", "b", "d"]).well();
    let out = servers
        .run(&["run", "SELECT COUNT(*) FROM items", "--only", "b"])
        .well();
    assert!(out.contains("b: 1 row"), "{out}");
    // From now on they are this directory's.
    for arguments in [
        &["tenant", "drop", "c", "--yes"][..],
        &["tenant", "suspend", "c"],
        &["tenant", "rename", "c", "x"],
    ] {
        let err = servers.direct(arguments).failed();
        assert!(
            err.contains("the directory of another database"),
            "{arguments:?}: {err}"
        );
    }
    for (arguments, told) in [
        (&["directory", "adopt", "a"][..], "a: failed"),
        (&["directory", "adopt", "nobody"], "there is no tenant"),
        (&["directory", "adopt", "c", "--database", "shard1"], "c: failed"),
        (
            &["directory", "adopt", "nobody", "--database", "shard1"],
            "there is no tenant",
        ),
    ] {
        let ended = servers.run(arguments);
        assert_eq!(ended.code, Some(1));
        let all = ended.out + &ended.err;
        assert!(all.contains(told), "{arguments:?}: {all}");
    }
    servers.run(&["tenant", "drop", "c", "d", "--yes"]).well();
    assert_eq!(servers.rows(), ["a a active", "b b active"]);
}

#[test]
fn a_tenant_gets_to_another_server_by_the_steps_that_a_refused_move_names() {
    let servers = Servers::with_directory();
    servers.run(&["tenant", "create", "a"]).well();
    servers.project.alter("a", "INSERT INTO items VALUES (7)");
    let err = servers.run(&["tenant", "move", "a", "shard1"]).failed();
    assert!(
        err.contains("`tenant move` needs PostgreSQL") && err.contains("directory adopt --database"),
        "{err}"
    );
    servers.run(&["tenant", "suspend", "a"]).well();
    servers.run(&["tenant", "export", "a", "a.tenant"]).well();
    servers.direct(&["tenant", "import", "a", "a.tenant"]).well();
    servers.run(&["tenant", "drop", "a", "--yes"]).well();
    servers.run(&["directory", "adopt", "a", "--database", "shard1"]).well();
    assert_eq!(servers.rows(), ["a a shard1 suspended"]);
    servers.run(&["tenant", "resume", "a"]).well();
    assert_eq!(servers.rows(), ["a a shard1 active"]);
    assert_eq!(servers.on_second("SELECT id FROM a.items"), [["7"]]);
    servers.run(&["directory", "check"]).well();
    servers.run(&["status", "--database", "shard1", "--check"]).well();

    for arguments in [&["database", "list"][..], &["database", "check"]] {
        let err = servers.run(arguments).failed();
        assert!(err.contains("`database` needs PostgreSQL"), "{err}");
    }
}

#[test]
fn what_a_crash_left_half_adopted_is_shown_and_finished_or_dropped() {
    let servers = Servers::with_directory();
    servers.direct(&["tenant", "create", "a", "b"]).well();
    for (tenant, schema) in [("a", "a"), ("gone", "never made")] {
        Databases::rows(&format!(
            "INSERT INTO public.tenants (name, schema_name, database_name, status)
             VALUES ('{tenant}', '{schema}', 'shard1', 'unfinished')"
        ));
    }
    let ended = servers.run(&["directory", "check"]);
    assert_eq!(ended.code, Some(1));
    for told in [
        "shard1: tenant a is unfinished, and can't be used",
        "shard1: tenant gone is unfinished",
        "shard1: schema b is not in the directory",
    ] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    let found = servers.json(&["directory", "check"]);
    assert_eq!(found["unfinished"][1]["tenant"], "gone");
    let out = servers.run(&["tenant", "drop", "gone", "--yes"]).well();
    assert!(out.contains("gone: dropped, in schema \"never made\" of"), "{out}");
    servers
        .run(&["directory", "adopt", "a", "b", "--database", "shard1"])
        .well();
    servers.run(&["directory", "check"]).well();
    assert_eq!(servers.rows(), ["a a shard1 active", "b b shard1 active"]);
}

#[test]
fn a_drop_asks_about_the_database_that_the_directory_names() {
    let servers = Servers::new();
    // A leftover without tables, which the directory doesn't know.
    servers.run(&["tenant", "create", "a"]).well();
    servers.project.alter("a", "DROP TABLE items");
    servers.run(&["directory", "prepare"]).well();
    Databases::rows("DELETE FROM public.tenants");
    servers.direct(&["tenant", "create", "a"]).well();
    servers.run(&["directory", "adopt", "a", "--database", "shard1"]).well();
    let out = servers.run(&["tenant", "drop", "a", "--dry-run"]).well();
    assert!(
        out.contains("a: would be dropped, in schema \"a\" of database \"shard1\", "),
        "{out}"
    );
    servers.run(&["tenant", "drop", "a", "--yes"]).well();
    let there = servers.on_second("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'a'");
    assert_eq!(there, [["0"]]);
    assert_eq!(
        Databases::rows("SELECT name FROM public.__diesel_tenants").concat(),
        ["a"]
    );
}

#[test]
fn a_directory_that_the_file_names_must_exist_and_is_used_where_there_is_one() {
    let project = Site::<Databases>::with_tenants(&["client1"]);
    project.write("diesel-tenants.toml", "directory = \"tables\"\n");
    let err = project.run(&["tenant", "create", "client2"]).failed();
    assert!(err.contains("tenants"), "{err}");
    assert_eq!(project.with_table("items"), "client1");
    // PostgreSQL leaves that to `directory adopt`.
    let said = project.run(&["directory", "prepare"]).well();
    assert!(said.contains("are recorded") && !said.contains("adopt"), "{said}");
    let rows = Databases::rows("SELECT name FROM public.tenants");
    assert_eq!(rows.concat(), ["client1"]);
    project.run(&["tenant", "create", "client2"]).well();
    // Without the setting, the tables are found.
    project.write("diesel-tenants.toml", "");
    project.run(&["tenant", "create", "client3"]).well();
    project.run(&["tenant", "drop", "client1", "--yes"]).well();
    let rows = Databases::rows("SELECT name FROM public.tenants ORDER BY 1");
    assert_eq!(rows.concat(), ["client2", "client3"]);
    project.run(&["directory", "check"]).well();
    project.write(
        "diesel-tenants.toml",
        "[databases.one]\nurl_variable = \"ONE\"\ntenants = false\n",
    );
    let mut command = project.command(&["tenant", "list"]);
    let ended = Ended::of(command.env("ONE", MariaDb::shared().url()).output().unwrap());
    assert!(ended.failed().contains("`tenants = false` is about PostgreSQL"));
}
