use crate::project::Project;

#[test]
fn the_url_comes_from_the_option_then_the_variable_then_the_file() {
    let project = Project::new();
    let other = Project::with_tenants(&["client1"]);
    project.write(".env", format!("DATABASE_URL={}\n", other.database.url()));
    let listed = |command: &mut std::process::Command| String::from_utf8(command.output().unwrap().stdout).unwrap();

    let arguments = ["tenant", "list"];
    assert_eq!(listed(&mut project.command(&arguments)), "no tenants\n", "the variable");
    assert!(
        listed(project.command(&arguments).env_remove("DATABASE_URL")).contains("client1"),
        "the file"
    );
    let arguments = ["tenant", "list", "--database-url", other.database.url()];
    assert!(
        listed(&mut project.command(&arguments)).contains("client1"),
        "the option"
    );
}

#[test]
fn folders_come_from_the_option_the_variable_our_file_diesels_and_by_default() {
    let project = Project::new();
    for name in ["option", "variable", "ours", "diesels", "migrations/shared"] {
        let version = name.replace('/', "_");
        project.migration(
            &format!("{name}/{}_x", version.replace('_', "-")),
            "SELECT 1",
            "SELECT 1",
        );
    }
    let pending = |arguments: &[&str], variable: Option<&str>| {
        let mut command = project.command(&[&["shared", "migrate", "--dry-run"], arguments].concat());
        if let Some(variable) = variable {
            command.env("MIGRATION_DIRECTORY", variable);
        }
        let ended = crate::project::Ended::of(command.output().unwrap());
        ended.well().trim().replace("would be applied ", "")
    };
    project.write("diesel.toml", "");
    assert_eq!(pending(&[], None), "migrationsshared");
    project.write(
        "diesel.toml",
        "[migrations_directory]\ndir = \"diesels\"\n[print_schema]\nfile = \"schema.rs\"\n",
    );
    assert_eq!(pending(&[], None), "diesels");
    project.write("diesel-tenants.toml", "[migrations_directory]\nshared = \"ours\"\n");
    assert_eq!(pending(&[], None), "ours");
    assert_eq!(pending(&[], Some("variable")), "variable");
    assert_eq!(pending(&["--migration-dir", "option"], Some("variable")), "option");
}

#[test]
fn files_are_found_from_a_folder_below_and_by_the_option() {
    let project = Project::with_tenants(&["client1"]);
    project.write("source/deep/main.rs", "");
    let mut command = project.command(&["status"]);
    let output = command
        .current_dir(project.path().join("source/deep"))
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("1 tenant, all up to date")
    );

    project.write("elsewhere/diesel.toml", "");
    project.write(
        "elsewhere/diesel-tenants.toml",
        "[migrations_directory]\ntenant = \"mine\"\n",
    );
    project.migration("elsewhere/mine/9_x", "SELECT 1", "SELECT 1");
    let out = project
        .run(&["migrate", "--dry-run", "--config-file", "elsewhere/diesel.toml"])
        .well();
    assert!(out.starts_with("client1: would be applied: 9\n"), "{out}");
}

#[test]
fn the_schemas_of_our_file_are_used() {
    let project = Project::new();
    project.database.run("CREATE SCHEMA common");
    project.write(
        "diesel-tenants.toml",
        "shared_schema = \"common\"\nsymbolic_schema = \"tenant\"\n",
    );
    project.run(&["shared", "migrate"]).well();
    assert_eq!(project.schemas_with("users"), "common");
    project.run(&["tenant", "create", "client1"]).well();
    let out = project.run(&["run", "SELECT count(*) FROM tenant.items"]).well();
    assert!(out.starts_with("client1: 1 row"), "{out}");
}
