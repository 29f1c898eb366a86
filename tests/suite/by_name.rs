//! What holds a schema's name as text, when the schema gets another one.

use diesel::{migration::MigrationSource, pg::Pg};
use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    CloneError, ExportError, LifecycleError, SchemaName, TenantPool, TenantStatus, drift::CrossReference,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

/// A trigger that finds its table by the search_path of its function, in SQL and PL/pgSQL, with overloads and a
/// procedure.
const NOTES: &str = "CREATE TABLE notes (id int PRIMARY KEY, body text);
    CREATE TABLE note_log (note_id int);
    CREATE FUNCTION log_note() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET work_mem = '1MB'
        AS $$ BEGIN INSERT INTO note_log VALUES (NEW.id); RETURN NEW; END $$;
    CREATE TRIGGER log_note AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION log_note();
    CREATE FUNCTION count_log() RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT count(*) FROM note_log';
    CREATE FUNCTION count_log(VARIADIC ids int[]) RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT
        AS 'SELECT count(*) FROM note_log WHERE note_id = ANY (ids)';
    CREATE PROCEDURE empty_log() LANGUAGE sql SET search_path FROM CURRENT AS 'DELETE FROM note_log'";

fn notes() -> impl MigrationSource<Pg> + Send + Sync + 'static {
    Folder::of(&[("001_notes", NOTES, "")])
}

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(4).build().await.unwrap();
    (pool, database)
}

async fn tenants(names: &[&str]) -> (TenantPool, Database) {
    let (pool, database) = empty().await;
    for name in names {
        pool.create_tenant(*name, notes()).await.unwrap();
    }
    (pool, database)
}

fn quoted(name: &str) -> String {
    SchemaName::new(name).unwrap().quoted().to_owned()
}

/// Writes a note as the tenant; then its log has it, its functions see it, and the log of the other tenant has nothing.
async fn check_log(pool: &TenantPool, database: &Database, tenant: &str, other: Option<&str>) {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    let written = conn.batch_execute("INSERT INTO notes VALUES (1, 'x')").await;
    written.unwrap();
    let of = quoted(tenant);
    assert_eq!(database.values(&format!("SELECT note_id FROM {of}.note_log")), ["1"]);
    assert_eq!(
        database.values(&format!("SELECT {of}.count_log() + {of}.count_log(1, 2)")),
        ["2"]
    );
    if let Some(other) = other.map(quoted) {
        assert!(
            database
                .values(&format!("SELECT note_id FROM {other}.note_log"))
                .is_empty()
        );
    }
    database.run(&format!("CALL {of}.empty_log()"));
    assert!(
        database
            .values(&format!("SELECT note_id FROM {of}.note_log"))
            .is_empty()
    );
    database.run(&format!("DELETE FROM {of}.notes"));
}

#[tokio::test]
async fn functions_of_a_renamed_tenant_lead_to_it_and_not_to_who_gets_its_old_name() {
    for (from, to) in [("a", "z"), ("It's \"A\"", "b, c"), ("new", "Old")] {
        let (pool, database) = tenants(&[from]).await;
        pool.rename_tenant(from, to).await.unwrap();
        pool.create_tenant(from, notes()).await.unwrap();
        check_log(&pool, &database, to, Some(from)).await;
        check_log(&pool, &database, from, Some(to)).await;
        // And back, by a third name.
        pool.rename_tenant(from, "third").await.unwrap();
        pool.rename_tenant(to, from).await.unwrap();
        check_log(&pool, &database, from, Some("third")).await;
        check_log(&pool, &database, "third", Some(from)).await;
    }
}

#[tokio::test]
async fn functions_of_a_tenant_restored_by_another_name_lead_to_it() {
    let (pool, database) = tenants(&["a"]).await;
    let archive = pool.archive_tenant("a").await.unwrap();
    let path = "SELECT DISTINCT array_to_string(proconfig, ';') FROM pg_proc WHERE proname = 'log_note'";
    assert_eq!(database.values(path), [format!("search_path={archive};work_mem=1MB")]);
    pool.create_tenant("a", notes()).await.unwrap();
    pool.restore_tenant(&archive, "z").await.unwrap();
    check_log(&pool, &database, "z", Some("a")).await;
    check_log(&pool, &database, "a", Some("z")).await;
}

#[tokio::test]
async fn functions_of_a_tenant_made_of_a_spare_lead_to_it() {
    let (pool, database) = empty().await;
    assert_eq!(pool.prepare_spares(2, notes()).await.unwrap().made, 2);
    for tenant in ["x", "It's \"Y\""] {
        pool.create_tenant(tenant, notes()).await.unwrap();
    }
    let all = pool.all_tenants().await.unwrap();
    assert!(
        all.iter().all(|tenant| tenant.status == TenantStatus::Active),
        "{all:?}"
    );
    check_log(&pool, &database, "x", Some("It's \"Y\"")).await;
    check_log(&pool, &database, "It's \"Y\"", Some("x")).await;
}

#[tokio::test]
async fn a_spare_that_holds_its_own_name_in_a_text_becomes_nobodys_schema() {
    let (pool, database) = empty().await;
    let up = format!(
        "{NOTES}; DO $do$ BEGIN EXECUTE format('CREATE FUNCTION first() RETURNS int LANGUAGE sql AS ''SELECT id FROM %I.notes''', \
         current_schema()); END $do$"
    );
    let folder = Folder::of(&[("001_notes", &up, "")]);
    let migrations = folder.migrations();
    pool.prepare_spares(1, migrations.clone()).await.unwrap();
    pool.create_tenant("x", migrations).await.unwrap();
    check_log(&pool, &database, "x", None).await;
    let bodies =
        database.values("SELECT prosrc FROM pg_proc WHERE proname = 'first' AND pronamespace = 'x'::regnamespace");
    assert_eq!(bodies, ["SELECT id FROM x.notes"]);
}

#[tokio::test]
async fn a_function_elsewhere_whose_search_path_names_the_tenant_follows_it() {
    let (pool, database) = tenants(&["a", "b"]).await;
    database.run(
        "CREATE FUNCTION public.logged() RETURNS bigint LANGUAGE sql SET search_path = public, a, \"$user\" AS 'SELECT count(*) FROM note_log';
         CREATE FUNCTION b.others() RETURNS int LANGUAGE sql SET search_path = \"A\", aa, \"a \" AS 'SELECT 1'",
    );
    pool.rename_tenant("a", "z").await.unwrap();
    let settings = |name: &str| database.values(&format!("SELECT proconfig[1] FROM pg_proc WHERE proname = '{name}'"));
    assert_eq!(settings("logged"), ["search_path=public, z, \"$user\""]);
    assert_eq!(settings("others"), ["search_path=\"A\", aa, \"a \""]);
}

#[tokio::test]
async fn a_rename_that_would_leave_texts_with_the_old_name_is_refused_and_names_them() {
    let (pool, database) = tenants(&["a"]).await;
    database
        .run("CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw");
    for (make, unmake, named) in [
        (
            "CREATE FUNCTION a.f(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a.notes'",
            "DROP FUNCTION z.f(int)",
            "function f(integer)",
        ),
        (
            "CREATE PROCEDURE a.p() LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DELETE FROM a.notes'; END $$",
            "DROP PROCEDURE z.p()",
            "procedure p()",
        ),
        (
            "CREATE FUNCTION a.g() RETURNS int LANGUAGE sql SET app.schema = a AS 'SELECT 1'",
            "DROP FUNCTION z.g()",
            "function g()",
        ),
        (
            "CREATE SEQUENCE a.s; ALTER TABLE a.note_log ADD n bigint DEFAULT nextval('a.s'::text::regclass)",
            "ALTER TABLE z.note_log DROP n; DROP SEQUENCE z.s",
            "default of note_log.n",
        ),
        (
            "CREATE VIEW a.v AS SELECT to_regclass('a.notes') AS notes",
            "DROP VIEW z.v",
            "view v",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON a.notes FOR EACH ROW EXECUTE FUNCTION a.log_note('a')",
            "DROP TRIGGER t ON z.notes",
            "trigger t of notes",
        ),
        (
            "CREATE POLICY p ON a.notes USING (current_schema() = 'a')",
            "DROP POLICY p ON z.notes",
            "policy p of notes",
        ),
        (
            "ALTER TABLE a.notes ADD CONSTRAINT c CHECK (to_regclass('a.notes') IS NOT NULL)",
            "ALTER TABLE z.notes DROP CONSTRAINT c",
            "constraint c of notes",
        ),
        (
            "CREATE FOREIGN TABLE a.ft (id int) SERVER elsewhere OPTIONS (schema_name 'a', table_name 'x')",
            "DROP FOREIGN TABLE z.ft",
            "options of foreign table ft",
        ),
        (
            "CREATE FUNCTION public.report() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a.notes'",
            "DROP FUNCTION public.report()",
            "function public.report()",
        ),
        (
            "CREATE FUNCTION public.g() RETURNS int LANGUAGE sql SET app.schema = a AS 'SELECT 1'",
            "DROP FUNCTION public.g()",
            "function public.g()",
        ),
        (
            "CREATE FOREIGN TABLE public.ft (id int) SERVER elsewhere OPTIONS (schema_name 'a', table_name 'x')",
            "DROP FOREIGN TABLE public.ft",
            "options of foreign table public.ft",
        ),
        (
            "ALTER SERVER elsewhere OPTIONS (ADD options '-c search_path=a')",
            "ALTER SERVER elsewhere OPTIONS (DROP options)",
            "options of server elsewhere",
        ),
    ] {
        database.run(make);
        let error = pool.rename_tenant("a", "z").await.expect_err(make);
        let LifecycleError::NamedInTexts { by, .. } = &error else {
            panic!("{make}: {error:?}");
        };
        assert_eq!(by, &[named], "{make}");
        let message = chain(&error);
        let expected =
            format!("texts contain the name \"a\", and would lead to the next tenant with that name: {named}; ");
        assert!(message.contains(&expected), "{message}");
        assert!(pool.tenant_exists("a").await.unwrap(), "it is as it was");
        pool.rename_tenant("a", "z").leave_texts().await.unwrap();
        database.run(unmake);
        pool.rename_tenant("z", "a").await.unwrap();
    }
}

#[tokio::test]
async fn a_function_elsewhere_refuses_a_rename_however_its_body_writes_the_name() {
    let odd = r#"It's \"A""#;
    let bodies = [
        (odd, r#"SELECT count(*) FROM "It's \""A""".notes"#.to_owned(), "sql"),
        (
            odd,
            r#"BEGIN EXECUTE 'DELETE FROM "It''s \""A""".notes'; END"#.to_owned(),
            "plpgsql",
        ),
        (
            odd,
            r#"BEGIN EXECUTE E'DELETE FROM "It\'s \\""A""".notes'; END"#.to_owned(),
            "plpgsql",
        ),
        ("plain", "SELECT count(*) FROM PLAIN.notes".to_owned(), "sql"),
        ("plain", r#"SELECT count(*) FROM U&"pl\0061in".notes"#.to_owned(), "sql"),
        (
            "plain",
            r"BEGIN EXECUTE E'DELETE FROM pl\x61in.notes'; END".to_owned(),
            "plpgsql",
        ),
    ];
    for name in [odd, "plain"] {
        let (pool, database) = tenants(&[name]).await;
        for (_, body, language) in bodies.iter().filter(|(named, ..)| *named == name) {
            database.run(&format!(
                "CREATE FUNCTION public.f() RETURNS {} LANGUAGE {language} AS $body${body}$body$",
                if *language == "sql" { "bigint" } else { "void" }
            ));
            for error in [
                pool.rename_tenant(name, "z").await.expect_err(body),
                pool.archive_tenant(name).await.expect_err(body),
            ] {
                let LifecycleError::NamedInTexts { by, .. } = &error else {
                    panic!("{body}: {error:?}");
                };
                assert_eq!(by, &["function public.f()"], "{body}");
            }
            database.run("DROP FUNCTION public.f()");
        }
        pool.rename_tenant(name, "z").await.unwrap();
    }
}

#[tokio::test]
async fn settings_of_roles_and_of_the_database_refuse_a_rename_and_an_archive() {
    // Roles are the server's: a name that no other test gives to a tenant.
    let (pool, database) = tenants(&["of_roles"]).await;
    let name = database.name();
    let role = format!("of_{name}");
    database.run(&format!("CREATE ROLE {role}"));
    for (set, reset, named) in [
        (
            format!("ALTER ROLE {role} SET search_path = of_roles, public"),
            format!("ALTER ROLE {role} RESET search_path"),
            format!("settings of role {role}"),
        ),
        (
            format!("ALTER ROLE {role} IN DATABASE {name} SET search_path = of_roles"),
            format!("ALTER ROLE {role} IN DATABASE {name} RESET search_path"),
            format!("settings of role {role} in database {name}"),
        ),
        (
            format!("ALTER DATABASE {name} SET default_text_search_config = 'of_roles.english'"),
            format!("ALTER DATABASE {name} RESET default_text_search_config"),
            format!("settings of database {name}"),
        ),
    ] {
        database.run(&set);
        for error in [
            pool.rename_tenant("of_roles", "z").await.unwrap_err(),
            pool.archive_tenant("of_roles").await.unwrap_err(),
        ] {
            let LifecycleError::NamedInTexts { by, .. } = &error else {
                panic!("{error:?}");
            };
            assert_eq!(by, std::slice::from_ref(&named));
        }
        let archive = pool.archive_tenant("of_roles").leave_texts().await.unwrap();
        pool.restore_tenant(&archive, "of_roles").await.unwrap();
        database.run(&reset);
    }
    database.run(&format!("DROP ROLE {role}"));
    let archive = pool.archive_tenant("of_roles").await.unwrap();
    pool.restore_tenant(&archive, "of_roles").await.unwrap();
}

#[tokio::test]
async fn an_archive_whose_texts_hold_the_tenants_name_comes_back_by_that_name_alone() {
    let (pool, database) = tenants(&["a"]).await;
    database.run("CREATE FUNCTION a.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a.notes'");
    let archive = pool.archive_tenant("a").await.unwrap();
    let error = pool.restore_tenant(&archive, "z").await.unwrap_err();
    assert!(
        matches!(&error, LifecycleError::NamedInTexts { by, schema, .. } if by == &["function f()"] && schema.as_str() == "a"),
        "{error:?}"
    );
    pool.restore_tenant(&archive, "a").await.unwrap();
    let archive = pool.archive_tenant("a").await.unwrap();
    pool.restore_tenant(&archive, "z").leave_texts().await.unwrap();
}

#[tokio::test]
async fn what_is_bound_to_objects_and_what_only_looks_like_the_name_is_no_reason_to_refuse() {
    let (pool, database) = tenants(&["a"]).await;
    database.run(
        "CREATE SEQUENCE a.s; CREATE TYPE a.mood AS ENUM ('a', 'b');
         CREATE TABLE a.more (id bigint DEFAULT nextval('a.s'), m a.mood DEFAULT 'a', CHECK (m <> 'b'), note text DEFAULT 'a');
         CREATE TABLE a.parts (id int GENERATED ALWAYS AS IDENTITY, at text) PARTITION BY LIST (at);
         CREATE TABLE a.part PARTITION OF a.parts FOR VALUES IN ('a');
         CREATE VIEW a.v AS SELECT a.id FROM a.more a JOIN a.notes b ON a.id = b.id WHERE a.note = 'a';
         CREATE STATISTICS a.st ON id, note FROM a.more; CREATE RULE r AS ON DELETE TO a.v DO INSTEAD DELETE FROM a.more WHERE id = OLD.id;
         CREATE FUNCTION a.alias() RETURNS text LANGUAGE sql SET search_path = a AS
             'SELECT a.note /* a.more */ FROM more a WHERE a.note = ''a'' -- a.notes';
         COMMENT ON TABLE a.more IS 'a.more'; ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO PUBLIC;
         CREATE PUBLICATION all_of_it FOR TABLE a.more",
    );
    pool.rename_tenant("a", "z").await.unwrap();
    database.run("INSERT INTO z.more DEFAULT VALUES; INSERT INTO z.parts (at) VALUES ('a')");
    assert_eq!(database.values("SELECT last_value FROM z.s"), ["1"]);
    assert_eq!(database.values("SELECT count(*) FROM z.part"), ["1"]);
}

#[tokio::test]
async fn a_function_that_leads_into_another_tenant_is_named_by_drift() {
    let (pool, database) = empty().await;
    let up = "CREATE TABLE notes (id int PRIMARY KEY);
        CREATE FUNCTION path() RETURNS bigint LANGUAGE sql SET search_path = client1 AS 'SELECT count(*) FROM notes';
        CREATE FUNCTION body() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM client1.notes); END $$;
        CREATE FUNCTION fine() RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT count(*) FROM notes';
        CREATE VIEW bound AS SELECT * FROM notes";
    for tenant in ["client1", "client2", "client3"] {
        let folder = Folder::of(&[("001_notes", up, "")]);
        pool.create_tenant(tenant, folder.migrations()).await.unwrap();
    }
    // The template has the same: nothing differs, and yet it is wrong.
    let report = pool.drift("client2", ["client3"]).await.unwrap();
    assert_eq!(report.alike, 1);
    assert!(!report.is_clean());
    let texts = |report: &[CrossReference]| report.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        texts(&report.cross_references),
        [
            "function body() of \"client3\" leads to \"client1\"",
            "function path() of \"client3\" leads to \"client1\""
        ]
    );
    assert_eq!(pool.cross_references().await.unwrap().len(), 4);
    let error = pool.rename_tenant("client1", "z").await.unwrap_err();
    let LifecycleError::NamedInTexts { by, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(by, &["function body()"], "those of its own come first");
    database.run(
        "DROP FUNCTION client2.path(), client2.body(), client3.path(), client3.body();
         ALTER TABLE client3.notes ADD at text DEFAULT 'client1'",
    );
    assert!(pool.cross_references().await.unwrap().is_empty(), "a word is no schema");
}

#[tokio::test]
async fn what_would_lead_to_the_template_is_neither_cloned_nor_exported() {
    let (pool, database) = tenants(&["a"]).await;
    pool.clone_tenant("a", "b").await.unwrap();
    check_log(&pool, &database, "b", Some("a")).await;
    check_log(&pool, &database, "a", Some("b")).await;
    for (make, unmake, named) in [
        (
            "CREATE SEQUENCE a.s; ALTER TABLE a.note_log ADD n bigint DEFAULT nextval('a.s'::text::regclass)",
            "ALTER TABLE a.note_log DROP n; DROP SEQUENCE a.s",
            "default of note_log.n",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON a.notes FOR EACH ROW EXECUTE FUNCTION a.log_note('a')",
            "DROP TRIGGER t ON a.notes",
            "trigger t of notes",
        ),
        (
            "CREATE FUNCTION a.g() RETURNS int LANGUAGE sql SET app.schema = a AS 'SELECT 1'",
            "DROP FUNCTION a.g()",
            "function g()",
        ),
    ] {
        database.run(make);
        let error = pool.clone_tenant("a", "c").await.expect_err(make);
        assert!(
            matches!(&error, CloneError::Unclear { objects, .. } if objects == &[named]),
            "{error:?}"
        );
        let error = pool.export_tenant("a").to(tokio::io::sink()).await.expect_err(make);
        assert!(
            matches!(&error, ExportError::Unclear { objects, .. } if objects == &[named]),
            "{error:?}"
        );
        database.run(unmake);
    }
    pool.export_tenant("a").to(tokio::io::sink()).await.unwrap();
}
