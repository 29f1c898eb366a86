use serde_json::json;

use crate::project::Project;

#[test]
fn drift_is_found_and_the_sql_repairs_it() {
    let project = Project::with_tenants(&["template", "client1", "client2"]);
    assert_eq!(
        project.run(&["drift", "template"]).well(),
        "like template: 2; not like it: 0\n"
    );

    project.database.run("ALTER TABLE client2.items ADD COLUMN by_hand int");
    let ended = project.run(&["drift", "template"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .out
            .starts_with("client2:\n  column by_hand of items is unexpected\nlike template: 1; not like it: 1; --sql"),
        "{}",
        ended.out
    );
    let (code, report) = project.json(&["drift", "template"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["alike"], json!(1));
    assert_eq!(report["drifted"][0]["differences"][0]["change"], "unexpected");
    assert_eq!(report["drifted"][0]["repair"][0]["is_destructive"], true);
    project.run(&["drift", "template", "--only", "client1"]).well();

    let sql = project.run(&["drift", "template", "--sql"]).out;
    assert!(sql.contains("-- The next statement loses data.\n"), "{sql}");
    assert_eq!(
        project.run(&["drift", "template"]).code,
        Some(1),
        "nothing was changed yet"
    );
    project.database.run(&sql);
    project.run(&["drift", "template"]).well();
}

#[test]
fn tenants_that_are_missing_are_named() {
    let project = Project::with_tenants(&["client1"]);
    let ended = project.run(&["drift", "client1", "--only", "nobody"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("nobody: there is no such tenant"), "{}", ended.out);
    let err = project.run(&["drift", "nobody"]).failed();
    assert!(err.contains("\"nobody\""), "{err}");
}

#[test]
fn what_is_not_compared_is_named_and_its_tenant_never_called_alike() {
    let project = Project::with_tenants(&["template", "client1"]);
    project
        .database
        .run("CREATE OPERATOR FAMILY client1.numbers USING btree");
    let ended = project.run(&["drift", "template"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.out,
        "client1: no difference found, but not everything was compared:\n  \
         not compared: operator family client1.numbers for access method btree\n\
         like template: 0; not like it: 0; unknown, because not everything was compared: 1\n"
    );
    let (code, report) = project.json(&["drift", "template"]);
    assert_eq!(code, Some(1));
    assert_eq!(report["partly_compared"][0]["tenant"], "client1");

    // What is compared is not named so.
    project.database.run(
        "DROP OPERATOR FAMILY client1.numbers USING btree; \
         CREATE OPERATOR client1.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    );
    let ended = project.run(&["drift", "template"]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .out
            .starts_with("client1:\n  operator ===(integer, integer) is unexpected\n"),
        "{}",
        ended.out
    );
}
