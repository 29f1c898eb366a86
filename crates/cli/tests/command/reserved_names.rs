//! A tenant that exists under a name which no tenant may have: here `diesel-tenants.toml` got a symbolic schema of that
//! name later. On PostgreSQL, no connection is opened then.

use serde_json::json;

use crate::project::{Base, Databases, Files, Project, Site};

const REASON: &str = "\"tenant\" stands for the tenant's schema in this pool (`symbolic_schema`), and so can't be a \
                      tenant's name";

/// `client1`, and a tenant under a reserved name.
fn project<D: Base>() -> Site<D> {
    let project = Site::<D>::with_tenants(&["client1", "tenant"]);
    project.write("diesel-tenants.toml", "symbolic_schema = \"tenant\"\n");
    project
}

fn the_command_says_why_a_tenant_can_not_be_used_and_what_to_do<D: Base>() {
    let project = project::<D>();
    let note = format!(
        "reserved: tenant: {REASON}; until `diesel-tenants tenant rename` gives it another name, it can't be used, and is \
         not migrated\n"
    );
    assert_eq!(
        project.run(&["tenant", "list"]).well(),
        format!("tenant   status\nclient1  active\ntenant   active\n{note}")
    );
    let listed = json!({ "tenants": [
        { "tenant": "client1", "status": "active" },
        { "tenant": "tenant", "status": "active", "reserved": REASON },
    ] });
    for arguments in [&["tenant", "list"][..], &["tenant", "list", "--all"]] {
        assert_eq!(project.json(arguments), (Some(0), listed.clone()));
    }
    let status = project.run(&["status"]).well();
    assert!(status.contains(&note), "{status}");
    let (_, status) = project.json(&["status"]);
    assert_eq!(status["tenants"][0].get("reserved"), None);
    assert_eq!(status["tenants"][1]["reserved"], REASON);

    project.migration(
        "tenant_migrations/2_more",
        "CREATE TABLE more (id int)",
        "DROP TABLE more",
    );
    let failure = "can't migrate tenant \"tenant\" until `diesel-tenants tenant rename` gives it another name: this one is \
                   reserved";
    for arguments in [&["migrate", "--keep-going"][..], &["migrate", "--only", "tenant"]] {
        let ended = project.run(arguments);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(
            ended.out.contains(failure),
            "{arguments:?}: {}\n{}",
            ended.out,
            ended.err
        );
    }
    assert_eq!(project.with_table("more"), "client1");
    let (code, doctor) = project.json(&["doctor"]);
    let findings = doctor["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "reserved names")
        .unwrap();
    assert_eq!((code, &finding["severity"]), (Some(1), &json!("problem")), "{finding}");
    let advice = finding["advice"].as_str().unwrap();
    assert!(advice.contains("`diesel-tenants tenant rename`"), "{advice}");

    project.run(&["tenant", "rename", "tenant", "client2"]).well();
    project.run(&["migrate"]).well();
    assert_eq!(project.with_table("more"), "client1 client2");
}

#[test]
fn the_command_says_why_a_tenant_of_sqlite_can_not_be_used_and_what_to_do() {
    the_command_says_why_a_tenant_can_not_be_used_and_what_to_do::<Files>();
}

#[test]
fn the_command_says_why_a_tenant_of_mysql_can_not_be_used_and_what_to_do() {
    the_command_says_why_a_tenant_can_not_be_used_and_what_to_do::<Databases>();
    let project = project::<Databases>();
    let shown = project.run(&["tenant", "show", "tenant"]).well();
    assert!(shown.contains("reserved") && shown.contains(REASON), "{shown}");
    assert_eq!(project.json(&["tenant", "show", "tenant"]).1["reserved"], REASON);
    assert_eq!(project.json(&["tenant", "show", "client1"]).1.get("reserved"), None);
}

#[test]
fn the_command_says_on_postgres_which_schema_is_in_the_way() {
    let project = Project::with_tenants(&["client1", "tenant"]);
    project.write("diesel-tenants.toml", "symbolic_schema = \"tenant\"\n");
    let failed = project.run(&["tenant", "list"]).failed();
    assert!(
        failed.contains("rename that schema, or choose another symbolic schema"),
        "{failed}"
    );
}
