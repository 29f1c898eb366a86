use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::project::{Project, send};

/// With tables that have keys, and an enum.
fn project() -> Project {
    let project = Project::new();
    project.migration(
        "migrations/1_users",
        "CREATE TABLE users (id int PRIMARY KEY)",
        "DROP TABLE users",
    );
    let orders = "CREATE TYPE state AS ENUM ('new');
        CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES public.users, state state, document tsvector)";
    project.migration("tenant_migrations/1_items", orders, "DROP TABLE orders");
    project
}

#[test]
fn files_are_generated_checked_and_shown_to_be_behind() {
    let project = project();
    let out = project.run(&["schema", "generate"]).well();
    let wrote = ["shared.rs", "tenant.rs", "mod.rs"].map(|file| format!("wrote src/schema/{file}\n"));
    assert_eq!(out, wrote.concat());
    let tenant = fs::read_to_string(project.path().join("src/schema/tenant.rs")).unwrap();
    assert!(
        tenant.contains("    orders (id) {\n") && tenant.contains("diesel::joinable!(orders -> users (user_id));"),
        "{tenant}"
    );
    assert_eq!(
        project.run(&["schema", "generate"]).well(),
        "nothing to write: all files are up to date\n"
    );
    project.run(&["schema", "check"]).well();

    project.migration(
        "tenant_migrations/2_note",
        "ALTER TABLE orders ADD COLUMN note text",
        "SELECT 1",
    );
    let ended = project.run(&["schema", "check"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.out.contains("\n+        note -> Nullable<Text>,\n"),
        "{}",
        ended.out
    );
    let (code, document) = project.json(&["schema", "check"]);
    assert_eq!(code, Some(1));
    assert_eq!(document["outdated"].as_array().unwrap().len(), 1);
    assert_eq!(document["outdated"][0]["is_missing"], json!(false));
    let (_, document) = project.json(&["schema", "generate"]);
    assert_eq!(
        document["written"].as_array().unwrap().len(),
        1,
        "only what changed: {document}"
    );
    assert_eq!(project.schemas_with("users"), "", "the database itself is not migrated");
}

#[test]
fn a_live_tenant_stands_for_all_and_its_namesakes_in_public_are_warned_of() {
    let project = project();
    project.run(&["shared", "migrate"]).well();
    project.run(&["tenant", "create", "client1"]).well();
    project.run(&["schema", "generate"]).well();
    project.run(&["schema", "check", "--tenant", "client1"]).well();
    project.database.run("CREATE TABLE public.orders (id int PRIMARY KEY)");
    let ended = project.run(&["schema", "check", "--tenant", "client1"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .err
            .starts_with("warning: the table \"orders\" is in the shared schema and in the tenants'"),
        "{}",
        ended.err
    );
    let err = project.run(&["schema", "check", "--tenant", "nobody"]).failed();
    assert!(err.contains("\"nobody\""), "{err}");
}

#[test]
fn the_file_of_settings_says_what_and_where() {
    let project = project();
    project.write(
        "diesel-tenants.toml",
        "symbolic_schema = \"tenant\"\n[schema]\nfolder = \"tables\"\nexcept = [\"users\"]\nallow_together = \"related\"\n\
         set_up = \"CREATE SCHEMA more\"\ntemplate = \"template1\"\n[schema.sql_types]\ntsvector = \"search::TsVector\"\n",
    );
    project.migration("migrations/2_more", "CREATE TABLE more.things (id int)", "SELECT 1");
    project.run(&["schema", "generate"]).well();
    let tenant = fs::read_to_string(project.path().join("tables/tenant.rs")).unwrap();
    assert!(
        tenant.contains("    use search::TsVector;\n") && tenant.contains("    tenant.orders (id) {\n"),
        "{tenant}"
    );
    assert!(!tenant.contains("allow_tables"), "{tenant}");
    project.run(&["schema", "check"]).well();
    assert_eq!(project.run(&["schema", "check", "--folder", "elsewhere"]).code, Some(1));

    project.write("diesel-tenants.toml", "[schema]\nallow_together = \"most\"\n");
    let err = project.run(&["schema", "check"]).failed();
    assert!(err.contains("most") && err.contains("related"), "{err}");
}

#[test]
fn ctrl_c_gives_up_and_leaves_no_database_behind() {
    let project = project();
    project.migration("tenant_migrations/2_slow", "SELECT pg_sleep(30)", "SELECT 1");
    // The name by which the server knows this run of the command.
    let mark = project.database.name();
    let running = || {
        project.value(&format!(
            "SELECT datname FROM pg_stat_activity WHERE application_name = '{mark}' AND wait_event = 'PgSleep'"
        ))
    };
    let url = project.database.url();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}application_name={mark}");
    let mut command = project.command(&["schema", "generate", "--database-url", &url]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let scratch = loop {
        let found = running();
        if !found.is_empty() {
            break found;
        }
        assert!(
            Instant::now() < until && child.try_wait().unwrap().is_none(),
            "it never came to the migration"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(scratch.starts_with("diesel_tenants_scratch_"), "{scratch}");
    send("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(
        project.value(&format!("SELECT count(*) FROM pg_database WHERE datname = '{scratch}'")),
        "0"
    );
    assert!(!project.path().join("src").exists());
}
