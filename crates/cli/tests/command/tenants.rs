use serde_json::json;

use crate::{
    base::on_all,
    project::{Base, Project, Site},
};

on_all!(
    tenants_are_created_and_listed,
    a_name_that_exists_is_left_alone_and_the_others_are_created,
    a_tenant_can_have_no_tables_or_some_and_get_the_others_later,
    a_tenant_is_cloned_renamed_suspended_and_resumed,
    a_tenant_is_dropped_only_by_consent,
    an_archive_is_listed_restored_and_dropped_when_it_is_old,
);

fn tenants_are_created_and_listed<D: Base>() {
    let project = Site::<D>::new();
    assert_eq!(project.run(&["tenant", "list"]).well(), "no tenants\n");
    assert_eq!(
        project.run(&["tenant", "create", "client1", "client2"]).well(),
        "client1: created, 1 migration applied\nclient2: created, 1 migration applied\n"
    );
    assert_eq!(project.with_table("items"), "client1 client2");
    assert_eq!(
        project.run(&["tenant", "list"]).well(),
        "tenant   status\nclient1  active\nclient2  active\n"
    );
    assert_eq!(
        project.json(&["tenant", "list"]),
        (
            Some(0),
            json!({ "tenants": [
                { "tenant": "client1", "status": "active" },
                { "tenant": "client2", "status": "active" },
            ] })
        )
    );
}

fn a_name_that_exists_is_left_alone_and_the_others_are_created<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    project.alter("client1", "INSERT INTO items VALUES (7)");
    let (code, document) = project.json(&["tenant", "create", "client1", "client2"]);
    assert_eq!(code, Some(1));
    let [first, second] = &document["tenants"].as_array().unwrap()[..] else {
        panic!("{document}")
    };
    assert_eq!(
        (&first["tenant"], &first["outcome"]),
        (&json!("client1"), &json!("failed"))
    );
    assert!(first["error"].as_str().unwrap().contains("already"), "{first}");
    assert_eq!(second["outcome"], "created");
    assert_eq!(project.ask("client1", "SELECT id FROM §items"), "7");
}

fn a_tenant_can_have_no_tables_or_some_and_get_the_others_later<D: Base>() {
    let project = Site::<D>::new();
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id int)",
        "DROP TABLE orders",
    );
    project.run(&["tenant", "create", "empty", "--without-tables"]).well();
    project.run(&["tenant", "create", "some", "--only-version", "2"]).well();
    assert_eq!(
        (project.with_table("items"), project.with_table("orders")),
        (String::new(), "some".to_owned())
    );
    assert_eq!(
        project
            .run(&["tenant", "create", "empty", "some", "--if-not-exists"])
            .well(),
        "empty: there, 2 migrations applied\nsome: there, 1 migration applied\n"
    );
    assert_eq!(project.with_table("items"), "empty some");
}

fn a_tenant_is_cloned_renamed_suspended_and_resumed<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1"]);
    project.alter("client1", "INSERT INTO items VALUES (7)");
    project.run(&["tenant", "clone", "client1", "copy"]).well();
    project
        .run(&["tenant", "clone", "client1", "hull", "--without-data"])
        .well();
    assert_eq!(project.ask("copy", "SELECT count(*) FROM §items"), "1");
    assert_eq!(project.ask("hull", "SELECT count(*) FROM §items"), "0");

    assert_eq!(
        project.run(&["tenant", "rename", "copy", "other"]).well(),
        "copy: renamed, now other\n"
    );
    assert_eq!(project.with_table("items"), "client1 hull other");

    let out = project.run(&["tenant", "suspend", "other"]).well();
    assert!(out.starts_with("other: suspended"), "{out}");
    let listed = project.run(&["tenant", "list"]).well();
    assert!(listed.contains("other    suspended"), "{listed}");
    assert_eq!(project.run(&["tenant", "resume", "other"]).well(), "other: resumed\n");
}

fn a_tenant_is_dropped_only_by_consent<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    let refused = project.run(&["tenant", "drop", "client1"]).failed();
    let told = format!("Drop client1 ({} tables, ", D::TABLES);
    assert!(refused.contains(&told), "{refused}");
    assert!(refused.contains("nothing was done; add --yes"), "{refused}");
    let dry = project.run(&["tenant", "drop", "client1", "--dry-run"]).well();
    let told = format!("client1: would be dropped, {} tables, ", D::TABLES);
    assert!(dry.starts_with(&told), "{dry}");
    assert_eq!(project.with_table("items"), "client1 client2");

    let (code, document) = project.json(&["tenant", "drop", "client1", "--yes"]);
    assert_eq!((code, &document["tenants"][0]["outcome"]), (Some(0), &json!("dropped")));
    assert_eq!(project.with_table("items"), "client2");
}

#[test]
fn a_drop_names_who_uses_the_tenant_and_force_ends_them() {
    let project = Project::with_tenants(&["client1"]);
    project.database.run(
        "CREATE TABLE public.reports (id int PRIMARY KEY); CREATE VIEW public.all_items AS SELECT * FROM client1.items",
    );
    let err = project
        .run(&["tenant", "drop", "client1", "--yes", "--wait", "100ms"])
        .failed();
    assert!(err.contains("client1: failed") && err.contains("all_items"), "{err}");
    project.run(&["tenant", "drop", "client1", "--yes", "--force"]).well();
    assert_eq!(project.schemas_with("items"), "");
}

fn an_archive_is_listed_restored_and_dropped_when_it_is_old<D: Base>() {
    let project = Site::<D>::with_tenants(&["client1", "client2"]);
    let (code, done) = project.json(&["tenant", "archive", "client1", "client2"]);
    assert_eq!(code, Some(0));
    assert_eq!(project.run(&["tenant", "list"]).well(), "no tenants\n");
    let (_, document) = project.json(&["tenant", "archived"]);
    let archives = document["archives"].as_array().unwrap();
    let of = |tenant: &str| {
        let archived = archives.iter().find(|archived| archived["tenant"] == tenant);
        archived.unwrap()["archive"].as_str().unwrap().to_owned()
    };
    assert_eq!(done["tenants"][0]["archive"], of("client1"));
    project.run(&["tenant", "restore", &of("client1")]).well();
    project.run(&["tenant", "restore", &of("client2"), "new"]).well();
    assert_eq!(project.with_table("items"), "client1 new");

    project.run(&["tenant", "archive", "new"]).well();
    let err = project.run(&["tenant", "archived", "--drop-older-than", "0s"]).failed();
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(
        project
            .run(&["tenant", "archived", "--drop-older-than", "1d", "--yes"])
            .well(),
        "no archives of that age\n"
    );
    let out = project
        .run(&["tenant", "archived", "--drop-older-than", "0s", "--yes"])
        .well();
    assert!(out.ends_with("dropped, an archive of new\n"), "{out}");
    assert_eq!(project.run(&["tenant", "archived"]).well(), "no archives\n");
}

#[test]
fn spares_are_made_ahead_of_time() {
    let project = Project::new();
    assert_eq!(
        project.run(&["spares", "prepare", "2"]).well(),
        "spares ready: 2; new ones: 2\n"
    );
    project.run(&["tenant", "create", "client1"]).well();
    let listed = project.run(&["tenant", "list", "--all"]).well();
    assert_eq!(listed.matches("spare\n").count(), 1, "{listed}");
    assert_eq!(
        project.json(&["spares", "prepare", "2"]).1,
        json!({ "made": 1, "ready": 2, "updated": 0, "dropped": 0, "others": 0 })
    );
}

#[test]
fn a_tenant_is_exported_to_a_file_and_imported_under_another_name() {
    let project = Project::with_tenants(&["client1"]);
    project.database.run("INSERT INTO client1.items VALUES (7)");
    let out = project.run(&["tenant", "export", "client1", "client1.tenant"]).well();
    assert!(out.starts_with("client1: exported, 2 tables with "), "{out}");
    assert!(out.ends_with(" bytes, to client1.tenant\n"), "{out}");
    let out = project.run(&["tenant", "import", "copy", "client1.tenant"]).well();
    assert!(
        out.starts_with("copy: imported, 2 tables with ") && out.ends_with(", exported as client1\n"),
        "{out}"
    );
    assert_eq!(project.value("SELECT id FROM copy.items"), "7");
    let (code, document) = project.json(&["tenant", "import", "copy2", "client1.tenant"]);
    assert_eq!(
        (code, &document["tenants"][0]["exported_as"]),
        (Some(0), &"client1".into())
    );

    let again = project.run(&["tenant", "export", "client1", "client1.tenant"]).failed();
    assert!(again.contains("already") && again.contains("--force"), "{again}");
    project
        .run(&["tenant", "export", "client1", "client1.tenant", "--force"])
        .well();
    let unknown = project.run(&["tenant", "export", "nobody", "nobody.tenant"]).failed();
    assert!(unknown.contains("nobody"), "{unknown}");
    let taken = project.run(&["tenant", "import", "copy", "client1.tenant"]).failed();
    assert!(taken.contains("copy"), "{taken}");
    let missing = project.run(&["tenant", "import", "copy3", "missing.tenant"]).failed();
    assert!(missing.contains("missing.tenant"), "{missing}");
    let mut damaged = std::fs::read(project.path().join("client1.tenant")).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    project.write("damaged.tenant", &damaged);
    project.run(&["tenant", "import", "copy3", "damaged.tenant"]).failed();
    assert_eq!(project.schemas_with("items"), "client1 copy copy2");
    let left: Vec<_> = std::fs::read_dir(project.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".partial") || name == "nobody.tenant"),
        "{left:?}"
    );
}

#[test]
fn an_export_can_be_piped_into_an_import() {
    let project = Project::with_tenants(&["client1"]);
    project.database.run("INSERT INTO client1.items VALUES (7)");
    let exported = project.command(&["tenant", "export", "client1", "-"]).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    project.write("piped", &exported.stdout);
    let mut import = project.command(&["tenant", "import", "copy", "-"]);
    let file = std::fs::File::open(project.path().join("piped")).unwrap();
    let imported = import.stdin(file).output().unwrap();
    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(project.value("SELECT id FROM copy.items"), "7");
}

#[test]
fn a_tenants_migration_that_works_in_public_is_named_or_refused() {
    let project = Project::new();
    project.migration(
        "tenant_migrations/2_accounts",
        "CREATE TABLE public.accounts (id bigint)",
        "DROP TABLE public.accounts",
    );
    let refusal = "migration 2_accounts: CREATE TABLE public.accounts: this works outside the schema of tenant \"a\"";
    let err = project
        .run(&["tenant", "create", "a", "--refuse-outside-work"])
        .failed();
    assert!(err.contains(refusal), "{err}");
    project.write("diesel-tenants.toml", "refuse_outside_work = true\n");
    let err = project.run(&["tenant", "create", "a"]).failed();
    assert!(err.contains(refusal), "{err}");
    assert_eq!(project.schemas_with("items"), "");

    project.write("diesel-tenants.toml", "");
    let warning = "warning: migration 2_accounts: CREATE TABLE public.accounts: this works outside the tenant's schema";
    let ended = project.run(&["tenant", "create", "a", "b"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains(warning), "{}", ended.err);
    assert!(
        ended
            .err
            .contains("another tenant's migration may have done the same before"),
        "{}",
        ended.err
    );
    project.run(&["tenant", "create", "b", "--only-version", "1"]).well();
    let ended = project.run(&["migrate"]);
    assert!(ended.out.contains(warning), "{}", ended.out);
}
