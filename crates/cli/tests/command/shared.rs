use serde_json::json;

use crate::{
    base::on_all,
    project::{Base, Project, Site},
};

on_all!(
    shared_migrations_are_applied_shown_and_reverted,
    nothing_is_reverted_unasked,
    a_dry_run_writes_nothing,
);

fn shared_migrations_are_applied_shown_and_reverted<D: Base>() {
    let project = Site::<D>::new();
    assert_eq!(
        project.run(&["shared", "status"]).well(),
        "migration  status\n1          pending\n"
    );
    assert_eq!(project.run(&["shared", "status", "--check"]).code, Some(1));
    assert_eq!(project.run(&["shared", "migrate"]).well(), "applied 1\n");
    assert_eq!(project.with_table("users"), "public");
    assert_eq!(project.run(&["shared", "migrate"]).well(), "nothing to be applied\n");
    project.run(&["shared", "status", "--check"]).well();
    assert_eq!(
        project.json(&["shared", "status"]).1,
        json!({ "applied": ["1"], "pending": [], "unknown": [], "invalid_indexes": [] })
    );
    project.migration("others/2_x", "SELECT 1", "SELECT 1");
    assert_eq!(
        project.run(&["shared", "status", "--migration-dir", "others"]).well(),
        "migration  status\n1          applied, not in the folder\n2          pending\n"
    );
    assert_eq!(project.run(&["shared", "revert", "--yes"]).well(), "reverted 1\n");
    assert_eq!(project.with_table("users"), "");
}

fn a_dry_run_writes_nothing<D: Base>() {
    let project = Site::<D>::new();
    project.without_changes(|| {
        let dry = project.json(&["shared", "migrate", "--dry-run"]);
        assert_eq!(dry, (Some(0), json!({ "versions": ["1"], "dry_run": true })));
    });
    project.run(&["shared", "migrate"]).well();
    project.without_changes(|| {
        let dry = project.run(&["shared", "revert", "--dry-run"]).well();
        assert_eq!(dry, "would be reverted 1\n");
    });
    assert_eq!(project.with_table("users"), "public");
}

#[test]
fn a_dry_run_sends_nothing_that_writes() {
    let project = Project::new();
    project.make_read_only();
    let (code, document) = project.json(&["shared", "migrate", "--dry-run"]);
    assert_eq!(
        (code, document),
        (Some(0), json!({ "versions": ["1"], "dry_run": true }))
    );
    assert_eq!(
        project.run(&["shared", "migrate"]).code,
        Some(1),
        "nothing may write here"
    );

    let project = Project::new();
    project.run(&["shared", "migrate"]).well();
    project.make_read_only();
    assert_eq!(
        project.run(&["shared", "revert", "--dry-run"]).well(),
        "would be reverted 1\n"
    );
    assert_eq!(project.schemas_with("users"), "public");
}

fn nothing_is_reverted_unasked<D: Base>() {
    let project = Site::<D>::new();
    project.run(&["shared", "migrate"]).well();
    let err = project.run(&["shared", "revert", "--all"]).failed();
    assert!(err.contains("Revert 1 of the shared schema public"), "{err}");
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(project.with_table("users"), "public");
}
