//! The command beside an application that keeps its tenants in a directory.

use diesel::{QueryableByName, sql_types::Integer};
use diesel_async::RunQueryDsl;
use diesel_tenants::{CheckoutError, DirectoryCache, TenantPool, directory::DirectoryTables};
use serde_json::Value;
use std::time::Duration;

use crate::project::Project;

/// The application, which remembers nothing.
async fn application(project: &Project) -> TenantPool {
    let pool = TenantPool::builder(project.database.url())
        .directory(DirectoryTables::new())
        .directory_cache(DirectoryCache::new().ttl(Duration::ZERO).negative_ttl(Duration::ZERO))
        .schema_cache(100, Duration::ZERO)
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    pool
}

/// What a visitor of the domain is shown.
async fn shown(pool: &TenantPool, domain: &str) -> Result<Vec<i32>, CheckoutError> {
    #[derive(QueryableByName)]
    struct Item {
        #[diesel(sql_type = Integer)]
        id: i32,
    }

    let tenant = pool.tenant_of_domain(domain).await?.expect("the domain is somebody's");
    let mut conn = pool.for_tenant(&tenant).get().await?;
    let items: Vec<Item> = diesel::sql_query("SELECT id FROM items").load(&mut conn).await.unwrap();
    Ok(items.into_iter().map(|item| item.id).collect())
}

fn rows(project: &Project) -> Vec<String> {
    project
        .database
        .values("SELECT name || ' ' || coalesce(schema_name, '') || ' ' || status FROM public.tenants ORDER BY 1")
}

#[tokio::test]
async fn what_the_command_does_to_a_tenant_the_application_finds_in_its_directory() {
    let project = Project::new();
    let pool = application(&project).await;
    project.run(&["tenant", "create", "acme"]).well();
    project.database.run(
        "INSERT INTO acme.items VALUES (1); INSERT INTO public.domains (domain, tenant) VALUES ('acme.example', 'acme')",
    );
    assert_eq!(shown(&pool, "acme.example").await.unwrap(), [1]);

    // A second tenant of the same name must not be shown to the first one's visitors.
    project.run(&["tenant", "rename", "acme", "acme2"]).well();
    let err = project.run(&["tenant", "create", "acme"]).failed();
    assert!(
        err.contains("another tenant left that place or name a moment ago") && err.contains("wait for as long"),
        "{err}"
    );
    let after_a_minute = || project.database.run("DELETE FROM public.tenants_left");
    after_a_minute();
    project.run(&["tenant", "create", "acme"]).well();
    project.database.run("INSERT INTO acme.items VALUES (2)");
    assert_eq!(shown(&pool, "acme.example").await.unwrap(), [1]);

    project.run(&["tenant", "suspend", "acme2"]).well();
    let error = shown(&pool, "acme.example").await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
    project.run(&["tenant", "archive", "acme2"]).well();
    after_a_minute();
    project.run(&["tenant", "create", "acme2"]).well();
    project.database.run("INSERT INTO acme2.items VALUES (3)");
    let error = shown(&pool, "acme.example").await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");

    let archive = project.value("SELECT name FROM public.tenants WHERE status = 'archived'");
    project.run(&["tenant", "restore", &archive, "acme3"]).well();
    let error = shown(&pool, "acme.example").await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
    project.run(&["tenant", "resume", "acme3"]).well();
    assert_eq!(shown(&pool, "acme.example").await.unwrap(), [1]);

    project.run(&["tenant", "clone", "acme3", "copy"]).well();
    project.run(&["tenant", "export", "acme3", "acme3.tenant"]).well();
    project.run(&["tenant", "import", "imported", "acme3.tenant"]).well();
    project.run(&["spares", "prepare", "1"]).well();
    project.run(&["tenant", "create", "spared"]).well();
    assert_eq!(
        rows(&project),
        [
            "acme acme active",
            "acme2 acme2 active",
            "acme3 acme3 active",
            "copy copy active",
            "imported imported active",
            "spared spared active",
        ]
    );
    project.run(&["tenant", "drop", "--yes", "acme3"]).well();
    after_a_minute();
    project.run(&["tenant", "create", "acme3"]).well();
    assert_eq!(pool.tenant_of_domain("acme.example").await.unwrap(), None);
}

#[tokio::test]
async fn what_a_directory_can_not_be_told_is_refused_before_anything_is_done() {
    let project = Project::with_tenants(&["before"]);
    application(&project).await;
    let untouched = || {
        assert_eq!(project.schemas_with("items"), "before");
        assert!(rows(&project).is_empty());
    };
    let change = |sql: &str| project.database.run(sql);
    let refused = |arguments: &[&str], reason: &str| {
        let err = project.run(arguments).failed();
        assert!(err.contains(reason), "{err}");
        untouched();
    };
    change("ALTER TABLE public.tenants ADD plan text NOT NULL, ADD region text NOT NULL DEFAULT 'eu'");
    let reason = "the directory's table `tenants` in schema \"public\" needs a value for plan: give each of these columns a default";
    refused(&["tenant", "create", "new"], reason);
    // The application's trigger knows the plan.
    change(
        "CREATE FUNCTION public.plan() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.plan = 'small'; RETURN NEW; END $$;
         CREATE TRIGGER plan BEFORE INSERT ON public.tenants FOR EACH ROW EXECUTE FUNCTION public.plan()",
    );
    project.run(&["tenant", "create", "new"]).well();
    project.run(&["tenant", "drop", "--yes", "new"]).well();
    untouched();

    // No row of its own: the application doesn't know it, nor is it anything but left over.
    refused(&["tenant", "rename", "before", "after"], "there is no tenant");
    refused(&["tenant", "suspend", "before"], "there is no tenant");
    refused(&["tenant", "archive", "before"], "there is no tenant");
    refused(&["tenant", "clone", "before", "after"], "there is no tenant");

    change("COMMENT ON TABLE public.tenants IS 'diesel-tenants: directory 2'");
    refused(
        &["tenant", "create", "new"],
        "another version of diesel-tenants (\"diesel-tenants: directory 2\"",
    );
    // Whoever writes a comment of their own has a directory all the same.
    change("COMMENT ON TABLE public.tenants IS 'our customers'; DROP TABLE public.domains");
    refused(
        &["tenant", "create", "new"],
        "are incomplete, without the table domains",
    );
    project.run(&["shared", "migrate"]).well();
}

#[tokio::test]
async fn a_role_that_may_not_write_the_directory_creates_no_tenant() {
    let project = Project::new();
    application(&project).await;
    let name = project.database.name();
    let role = format!("plain_{name}");
    project.database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT CREATE ON DATABASE {name} TO {role}; GRANT SELECT ON public.tenants TO {role}"
    ));
    let (_, server) = project.database.url().split_once('@').unwrap();
    let url = format!("postgres://{role}:p@{server}");
    let ended = project.run(&["tenant", "create", "new", "--database-url", &url]);
    project
        .database
        .run(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
    let err = ended.failed();
    assert!(
        err.contains(
            "the role may not INSERT the directory's table `tenants` in schema \"public\": GRANT these privileges"
        ),
        "{err}"
    );
    assert_eq!(project.schemas_with("items"), "");
}

#[test]
fn a_directory_that_only_the_application_knows_is_named_in_the_settings_and_nothing_is_done_behind_its_back() {
    let project = Project::with_tenants(&["client1"]);
    project.write("diesel-tenants.toml", "directory = \"own\"\n");
    for arguments in [
        &["tenant", "create", "client2"][..],
        &["tenant", "rename", "client1", "client2"],
        &["tenant", "clone", "client1", "client2"],
        &["tenant", "suspend", "client1"],
        &["tenant", "archive", "client1"],
        &["tenant", "drop", "--yes", "client1"],
    ] {
        let err = project.run(arguments).failed();
        assert!(
            err.contains("the application has a directory of its own (`directory = \"own\"` in diesel-tenants.toml)"),
            "{err}"
        );
    }
    assert_eq!(project.schemas_with("items"), "client1");
    project.run(&["migrate"]).well();
    project.write("diesel-tenants.toml", "directory = \"tables\"\n");
    let err = project.run(&["tenant", "create", "client2"]).failed();
    assert!(err.contains("tenants"), "{err}");
    assert_eq!(project.schemas_with("items"), "client1");
}

#[tokio::test]
async fn tenants_that_live_elsewhere_are_not_taken_for_the_schemas_of_their_names() {
    let project = Project::new();
    let pool = application(&project).await;
    project.run(&["tenant", "create", "one", "two", "far"]).well();
    project.database.run(
        "INSERT INTO one.items VALUES (1); INSERT INTO two.items VALUES (2); INSERT INTO far.items VALUES (3);
         UPDATE public.tenants SET database_name = 'shard1' WHERE name = 'far';
         UPDATE public.tenants SET schema_name = 'aside' WHERE name = 'one';
         DELETE FROM public.tenants_left;
         UPDATE public.tenants SET schema_name = 'one' WHERE name = 'two';
         DELETE FROM public.tenants_left;
         UPDATE public.tenants SET schema_name = 'two' WHERE name = 'one';
         INSERT INTO public.domains (domain, tenant) VALUES ('one.example', 'one')",
    );
    assert_eq!(shown(&pool, "one.example").await.unwrap(), [2]);
    assert_eq!(
        project
            .run(&["run", "--only", "one", "SELECT id FROM items"])
            .well()
            .matches('2')
            .count(),
        1
    );
    let refused = |arguments: &[&str], reason: &str| {
        let err = project.run(arguments).failed();
        assert!(err.contains(reason), "{err}");
        assert_eq!(project.schemas_with("items"), "far one two");
    };
    for tenant in ["one", "far"] {
        refused(&["tenant", "archive", tenant], "lives in schema");
        refused(&["tenant", "clone", tenant, "copy"], "lives in schema");
        refused(&["tenant", "export", tenant, "file"], "lives in schema");
    }
    refused(
        &["tenant", "drop", "--yes", "one"],
        "lives in schema \"two\"; drop that schema by SQL",
    );
    refused(
        &["run", "--only", "far", "SELECT 1"],
        "database \"shard1\" is not declared",
    );
    // The row is all that changes.
    project.run(&["tenant", "suspend", "one"]).well();
    project.run(&["tenant", "rename", "one", "three"]).well();
    assert_eq!(
        rows(&project),
        ["far far active", "three two suspended", "two one active"]
    );
    project.run(&["tenant", "resume", "three"]).well();
    assert_eq!(shown(&pool, "one.example").await.unwrap(), [2]);
    // Nobody is called `one` now, and its schema is somebody's all the same.
    refused(
        &["tenant", "drop", "--yes", "one"],
        "that schema belongs to tenant \"two\"",
    );
    assert!(project.run(&["tenant", "create", "one"]).failed().contains("already"));
}

fn finding<'a>(document: &'a Value, check: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[tokio::test]
async fn the_doctor_compares_the_directory_with_the_schemas_and_says_what_to_type() {
    const CHECKS: [(&str, &str, &str); 5] = [
        ("directory: rows without a schema", "gone", "DELETE FROM tenants"),
        ("directory: schemas without a row", "unlisted", "INSERT INTO tenants"),
        (
            "directory: domains that lead nowhere",
            "gone.example",
            "UPDATE domains SET tenant",
        ),
        (
            "directory: tenants that share a schema",
            "one and twin in one",
            "tenants_place",
        ),
        (
            "directory: statuses that differ",
            "two (suspended, schema active)",
            "tenant resume",
        ),
    ];
    let project = Project::with_tenants(&["unlisted"]);
    let (_, document) = project.json(&["doctor"]);
    assert!(!document.to_string().contains("directory:"), "{document}");
    let pool = application(&project).await;
    project.run(&["tenant", "create", "one", "two", "three"]).well();
    pool.archive_tenant("three").await.unwrap();
    project
        .database
        .run("INSERT INTO public.tenants (name, schema_name) VALUES ('unlisted', 'unlisted')");
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(0), "{document}");
    for (check, ..) in CHECKS {
        assert_eq!(finding(&document, check)["severity"], "fine", "{document}");
    }
    project.database.run(
        "DELETE FROM public.tenants WHERE name = 'unlisted';
         INSERT INTO public.tenants (name, schema_name) VALUES ('gone', 'gone');
         INSERT INTO public.domains (domain, tenant) VALUES ('gone.example', 'gone'), ('one.example', 'one');
         UPDATE public.tenants SET status = 'suspended' WHERE name = 'two';
         DROP INDEX public.tenants_place; INSERT INTO public.tenants (name, schema_name) VALUES ('twin', 'one')",
    );
    let (code, document) = project.json(&["doctor"]);
    assert_eq!(code, Some(1), "{document}");
    for (check, found, advice) in CHECKS {
        assert_eq!(finding(&document, check)["found"], found, "{document}");
        let advised = finding(&document, check)["advice"].as_str().unwrap();
        assert!(advised.contains(advice), "{advised}");
    }
}
