use crate::{
    base::on_all,
    project::{Base, Project, Site},
};

on_all!(
    a_directory_without_a_script_is_an_error,
    metadata_that_cannot_be_read_is_an_error_that_names_the_file,
    wrong_usage_is_exit_code_2,
    tenants_that_are_not_there_are_named,
);

/// The project's own password, which nothing may show.
fn password(project: &Project) -> String {
    let url = project.database.url();
    let (_, rest) = url.split_once("://").unwrap();
    let (user, _) = rest.split_once('@').unwrap();
    user.split_once(':')
        .map(|(_, password)| password.to_owned())
        .unwrap_or_default()
}

fn metadata_that_cannot_be_read_is_an_error_that_names_the_file<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    for (text, reason) in [
        (&b"run_in_transaction = maybe"[..], "line 1"),
        (b"run_in_transaktion = false", "run_in_transaktion"),
        (b"", "run_in_transaction"),
        (b"run_in_transaction = \xff", "UTF-8"),
    ] {
        project.write("tenant_migrations/2_orders/metadata.toml", text);
        let err = project.run(&["migrate"]).failed();
        assert!(err.contains("tenant_migrations/2_orders/metadata.toml"), "{err}");
        assert!(err.contains(reason) && err.contains("nothing was done"), "{err}");
    }
    assert_eq!(project.with_table("orders"), "");
}

fn a_directory_without_a_script_is_an_error<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    project.write("tenant_migrations/2_orders/down.sql", "DROP TABLE orders");
    let err = project.run(&["status"]).failed();
    assert!(
        err.contains("tenant_migrations/2_orders is not a migration: it has no up.sql"),
        "{err}"
    );
}

fn tenants_that_are_not_there_are_named<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    for arguments in [
        &["migrate", "--only", "nobody"][..],
        &["migrate", "--canary", "nobody"],
        &["status", "--only", "nobody"],
        &["tenant", "rename", "nobody", "somebody"],
        &["tenant", "suspend", "nobody"],
        &["tenant", "archive", "nobody"],
        &["tenant", "restore", "nobody"],
        &["tenant", "drop", "nobody", "--yes"],
        &["tenant", "drop", "client1", "nobody", "--yes"],
        &["tenant", "clone", "nobody", "somebody"],
    ] {
        let err = project.run(arguments).failed();
        assert!(err.contains("\"nobody\""), "{arguments:?}: {err}");
    }
    assert_eq!(project.with_table("items"), "client1");
}

#[test]
fn a_template_that_is_not_there_is_named() {
    let project = Project::with_tenants(&["client1"]);
    let err = project.run(&["drift", "nobody"]).failed();
    assert!(err.contains("\"nobody\""), "{err}");
}

#[test]
fn a_wrong_url_is_told_without_its_password() {
    let project = Project::new();
    for (url, told) in [
        (
            "postgres://me:hush-hush@127.0.0.1:1/store",
            "can't connect to PostgreSQL at 127.0.0.1:1/store",
        ),
        ("postgres://me:hush-hush@[127.0.0.1/store", "can't be parsed"),
        ("hush-hush", "can't be parsed"),
        (
            "oracle://me:hush-hush@127.0.0.1/store",
            "mysql://user:password@host:3306 or sqlite:FOLDER",
        ),
        (
            "postgres://me:hush-hush@127.0.0.1/store?sslmode=sometimes",
            "can't be parsed",
        ),
    ] {
        let ended = project.run(&["tenant", "list", "--json", "--database-url", url]);
        assert_eq!(ended.code, Some(1));
        assert!(ended.err.contains(told), "{}", ended.err);
        assert!(
            !ended.err.contains("hush") && !ended.out.contains("hush"),
            "{}",
            ended.err
        );
        let document: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        assert!(document["error"].as_str().unwrap().contains(told), "{document}");
    }
    let output = project
        .command(&["tenant", "list"])
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.contains("no database was given") && err.contains("--database-url"),
        "{err}"
    );
}

#[test]
fn the_help_shows_no_password() {
    let project = Project::new();
    let help = project.run(&["migrate", "--help"]).well();
    let password = password(&project);
    assert!(password.is_empty() || !help.contains(&password), "{help}");
    assert!(help.contains("DATABASE_URL"), "{help}");
}

fn wrong_usage_is_exit_code_2<D: Base>() {
    let project = Site::<D>::new();
    for arguments in [
        &["nonsense"][..],
        &["tenant", "create"],
        &["migrate", "--workers", "many"],
        &["migrate", "--lock-timeout", "2"],
        &["revert", "--all", "--number", "2"],
        &["run", "SELECT 1", "--file", "x.sql"],
        &["completions", "csh"],
    ] {
        let ended = project.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn files_that_cannot_be_used_are_errors_that_name_them() {
    let project = Project::new();
    project.write("diesel-tenants.toml", "shared_shema = \"common\"\n");
    let err = project.run(&["tenant", "list"]).failed();
    assert!(
        err.contains("diesel-tenants.toml can't be used") && err.contains("shared_shema"),
        "{err}"
    );
    project.write("diesel-tenants.toml", "");

    let err = project
        .run(&["tenant", "list", "--config-file", "missing.toml"])
        .failed();
    assert!(err.contains("missing.toml"), "{err}");

    let err = project.run(&["migrate", "--migration-dir", "missing"]).failed();
    assert!(err.contains("can't read the folder of migrations missing"), "{err}");

    project.write(".env", "DATABASE_URL='hush-hush\n");
    let err = project.run(&["tenant", "list"]).failed();
    assert!(err.contains(".env") && !err.contains("hush"), "{err}");
}

#[test]
fn names_that_no_tenant_can_have_are_refused() {
    let project = Project::new();
    for name in ["", "pg_x", "public", &"x".repeat(64)] {
        let err = project.run(&["tenant", "create", name]).failed();
        assert!(err.contains("failed: no tenant can have that name"), "{err}");
    }
    let hostile = "x\"; DROP TABLE users;\n--";
    let out = project.run(&["tenant", "create", hostile]).well();
    assert_eq!(out.lines().count(), 1, "a name forges no line: {out}");
}
