//! Migrations without a way back.

use crate::project::Project;

#[test]
fn an_empty_or_missing_down_script_is_an_error_of_the_revert_alone() {
    let project = Project::new();
    project.migration("tenant_migrations/2_orders", "CREATE TABLE orders ()", " \n");
    project.write(
        "tenant_migrations/3_notes/up.sql",
        "CREATE TABLE notes (id int PRIMARY KEY)",
    );
    project.migration("migrations/2_plans", "CREATE TABLE plans (id int PRIMARY KEY)", "");

    project.run(&["tenant", "create", "client1"]).well();
    project.run(&["tenant", "create", "client1", "--if-not-exists"]).well();
    project.run(&["migrate"]).well();
    project.run(&["shared", "migrate"]).well();
    project.run(&["spares", "prepare", "1"]).well();
    project.run(&["shared", "status", "--check"]).well();
    let out = project.run(&["status", "--check"]).well();
    assert!(out.contains("all up to date"), "{out}");
    project.run(&["schema", "generate"]).well();

    let migrations = "tenant_migrations";
    for (arguments, migration, told) in [
        (
            &["revert", "--yes"][..],
            "3_notes",
            format!("{migrations}/3_notes has no down.sql: write one that undoes up.sql"),
        ),
        (
            &["revert", "--all", "--dry-run"],
            "2_orders",
            format!("{migrations}/2_orders/down.sql is empty: write SQL that undoes up.sql"),
        ),
        (
            &["redo", "--yes"],
            "3_notes",
            format!("{migrations}/3_notes has no down.sql: write one that undoes up.sql"),
        ),
        (
            &["shared", "revert", "--yes"],
            "2_plans",
            "migrations/2_plans/down.sql is empty: write SQL that undoes up.sql".to_owned(),
        ),
    ] {
        let err = project.run(arguments).failed();
        let nothing = format!("migration {migration} can't be reverted, and nothing was");
        assert!(err.contains(&nothing) && err.contains(&told), "{arguments:?}: {err}");
    }
    assert!(project.schemas_with("notes").contains("client1"));
    assert_eq!(project.schemas_with("plans"), "public");

    // One that is further back keeps the newer ones as well.
    project.write("tenant_migrations/3_notes/down.sql", "DROP TABLE notes");
    let err = project.run(&["revert", "--number", "2", "--yes"]).failed();
    assert!(
        err.contains("migration 2_orders can't be reverted, and nothing was")
            && err.contains("tenant_migrations/2_orders/down.sql is empty"),
        "{err}"
    );
    assert!(project.schemas_with("notes").contains("client1"));
    let out = project.run(&["revert", "--only", "client1", "--yes"]).well();
    assert!(out.starts_with("1 reverted, in "), "{out}");
    let err = project.run(&["redo", "--only", "client1", "--yes"]).failed();
    assert!(
        err.contains("migration 2_orders can't be reverted, and nothing was"),
        "{err}"
    );
}
