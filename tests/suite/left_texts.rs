//! Texts that would still hold a schema's old name in a copy of it, or under its new one.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    CloneError, ExportError, LifecycleError, MoveError, Placement, TenantPool, TenantStatus,
    directory::DirectoryTables, migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

const TABLES: &str =
    "CREATE TABLE items (id int, who text); CREATE TABLE audit (who text); CREATE TABLE counter (n int);
    INSERT INTO counter VALUES (100)";

/// What all tenants share: functions that find their tables by a name that they are given.
const SHARED: &str = "
    CREATE FUNCTION public.next_no(s text) RETURNS int LANGUAGE plpgsql AS
        $$ DECLARE r int; BEGIN EXECUTE format('UPDATE %I.counter SET n = n + 1 RETURNING n', s) INTO r; RETURN r; END $$;
    CREATE FUNCTION public.rows_of(s text) RETURNS SETOF text LANGUAGE plpgsql AS
        $$ BEGIN RETURN QUERY EXECUTE format('SELECT who FROM %I.items', s); END $$";

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(4).build().await.unwrap();
    database.run(SHARED);
    (pool, database)
}

async fn tenant(name: &str) -> (TenantPool, Database) {
    let (pool, database) = empty().await;
    let tables = Folder::of(&[("001_tables", TABLES, "")]);
    pool.create_tenant(name, tables).await.unwrap();
    (pool, database)
}

/// What holds the name client1 in ways that nobody can rewrite: what makes it, what takes it away, and what it is
/// called.
const KEPT: [(&str, &str, &str); 14] = [
    (
        "CREATE FUNCTION client1.f() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE format('INSERT INTO %I.audit VALUES ($1)', 'client1') USING NEW.who; RETURN NEW; END $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN PERFORM set_config('search_path', 'client1', true); INSERT INTO audit VALUES ('x'); END $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL search_path = client1; END $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS int LANGUAGE plpgsql AS
            $$ DECLARE s text := 'client1'; BEGIN RETURN public.next_no(s); END $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS int LANGUAGE sql AS $$ SELECT public.next_no('client1') $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT public.next_no('client1'); END",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "CREATE FUNCTION client1.f() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint;
            BEGIN EXECUTE E'SELECT count(*) FROM clien\\x741.items' INTO n; RETURN n; END $$",
        "DROP FUNCTION client1.f",
        "function f()",
    ),
    (
        "ALTER TABLE client1.items ADD no int DEFAULT public.next_no('client1')",
        "ALTER TABLE client1.items DROP no",
        "default of items.no",
    ),
    (
        "ALTER TABLE client1.items ADD CONSTRAINT c CHECK (public.next_no('client1') > id)",
        "ALTER TABLE client1.items DROP CONSTRAINT c",
        "constraint c of items",
    ),
    (
        "CREATE VIEW client1.v AS SELECT r FROM public.rows_of('client1') r",
        "DROP VIEW client1.v",
        "view v",
    ),
    (
        "CREATE POLICY p ON client1.items USING (id > public.next_no('client1'))",
        "DROP POLICY p ON client1.items",
        "policy p of items",
    ),
    (
        "CREATE RULE r AS ON INSERT TO client1.items DO ALSO SELECT public.rows_of('client1')",
        "DROP RULE r ON client1.items",
        "rule r of items",
    ),
    (
        "CREATE TRIGGER t AFTER INSERT ON client1.items FOR EACH ROW EXECUTE FUNCTION client1.log('client1')",
        "DROP TRIGGER t ON client1.items",
        "trigger t of items",
    ),
    (
        "CREATE VIEW client1.v AS SELECT s FROM generate_series(1, 1), LATERAL public.rows_of(('{client1}'::text[])[1]) s",
        "DROP VIEW client1.v",
        "view v",
    ),
];

const LOG: &str = "CREATE FUNCTION client1.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$";

#[tokio::test]
async fn what_still_says_the_templates_name_is_neither_cloned_nor_exported_nor_renamed() {
    let (pool, database) = tenant("client1").await;
    database.run(LOG);
    for (make, unmake, named) in KEPT {
        database.run(make);
        let error = pool.clone_tenant("client1", "client2").await.expect_err(make);
        assert!(
            matches!(&error, CloneError::Unclear { objects, .. } if objects == &[named]),
            "{make}: {error:?}"
        );
        let error = pool
            .export_tenant("client1")
            .to(tokio::io::sink())
            .await
            .expect_err(make);
        assert!(
            matches!(&error, ExportError::Unclear { objects, .. } if objects == &[named]),
            "{make}: {error:?}"
        );
        let error = pool.rename_tenant("client1", "client2").await.expect_err(make);
        assert!(
            matches!(&error, LifecycleError::NamedInTexts { by, .. } if by == &[named]),
            "{make}: {error:?}"
        );
        let archive = pool.archive_tenant("client1").await.unwrap();
        let error = pool.restore_tenant(&archive, "client2").await.expect_err(make);
        assert!(
            matches!(&error, LifecycleError::NamedInTexts { by, .. } if by == &[named]),
            "{make}: {error:?}"
        );
        pool.restore_tenant(&archive, "client1").await.unwrap();
        database.run(unmake);
    }
    pool.clone_tenant("client1", "client2").await.unwrap();
    pool.rename_tenant("client1", "client3").await.unwrap();
}

#[tokio::test]
async fn a_name_in_front_of_a_relation_is_rewritten_however_it_is_written_and_whatever_else_has_it() {
    for body in [
        "BEGIN DELETE FROM client1 .items; END",
        "BEGIN DELETE FROM client1\n  . items; END",
        "BEGIN DELETE FROM U&\"clien\\00741\".items; END",
        "DECLARE client1 record; BEGIN SELECT 1 AS a INTO client1; TRUNCATE client1.items; END",
        "DECLARE client1 record; BEGIN SELECT 1 AS a INTO client1; LOCK client1.items; DELETE FROM client1.items; END",
        "DECLARE client1 record; BEGIN SELECT 1 AS a INTO client1; ALTER TABLE client1.items ADD x int; DELETE FROM client1.items; END",
        "DECLARE client1 record; BEGIN SELECT 1 AS a INTO client1; DROP TABLE client1.items; CREATE TABLE client1.items (id int); END",
    ] {
        let (pool, database) = tenant("client1").await;
        database.run(&format!(
            "INSERT INTO client1.items VALUES (1, 'of client1'); CREATE FUNCTION client1.f() RETURNS void LANGUAGE plpgsql AS $f$ {body} $f$"
        ));
        pool.clone_tenant("client1", "client2").await.expect(body);
        database.run("INSERT INTO client2.items VALUES (2, 'of client2'); SELECT client2.f()");
        assert_eq!(
            database.values("SELECT who FROM client1.items"),
            ["of client1"],
            "{body}"
        );
        assert_eq!(database.values("SELECT id FROM client2.items"), [""; 0], "{body}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_from_a_variable_is_refused() {
    for statement in [
        "COMMENT ON COLUMN client1.items.id IS 'x'",
        "GRANT SELECT ON client1.items TO PUBLIC",
        "REINDEX TABLE client1.items",
        "REFRESH MATERIALIZED VIEW client1.items",
    ] {
        let (pool, database) = tenant("client1").await;
        database.run(&format!(
            "CREATE FUNCTION client1.f() RETURNS void LANGUAGE plpgsql AS $f$ DECLARE client1 record; BEGIN {statement}; END $f$"
        ));
        let by = pool.rename_tenant("client1", "client2").await.expect_err(statement);
        assert!(
            matches!(&by, LifecycleError::NamedInTexts { by, .. } if by == &["function f()"]),
            "{statement}: {by:?}"
        );
        // Rewritten, or refused.
        match pool.clone_tenant("client1", "client2").await {
            Ok(_) => {
                let body = "SELECT prosrc LIKE '%client1.%' FROM pg_proc WHERE proname = 'f' AND pronamespace = 'client2'::regnamespace";
                assert_eq!(database.values(body), ["f"], "{statement}");
            }
            Err(error) => assert!(matches!(error, CloneError::Unclear { .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn names_of_objects_in_constants_of_every_type_follow_a_clone_and_an_import() {
    let (pool, database) = tenant("client1").await;
    database.run(
        "CREATE VIEW client1.v AS SELECT '{client1.items,client1.audit}'::regclass[] AS a, 'client1'::regnamespace AS s;
         ALTER TABLE client1.items ADD place regnamespace DEFAULT 'client1'::regnamespace",
    );
    let seen = |tenant: &str| {
        let a = format!("SELECT a::text || s::text FROM {tenant}.v");
        let default = format!(
            "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = '{}.items'::regclass",
            tenant.replace('\'', "''")
        );
        (database.values(&a), database.values(&default))
    };
    let expected = |tenant: &str| {
        let name = tenant.trim_matches('"');
        let a = if name == tenant {
            format!("{{{tenant}.items,{tenant}.audit}}{tenant}")
        } else {
            format!("{{\"\\\"{name}\\\".items\",\"\\\"{name}\\\".audit\"}}{tenant}")
        };
        let default = if name == tenant {
            format!("'{tenant}'::regnamespace")
        } else {
            format!("'{}'::regnamespace", tenant.replace('\'', "''"))
        };
        (vec![a], vec![default])
    };
    let mut file = Vec::new();
    pool.export_tenant("client1").to(&mut file).await.unwrap();
    for clone in ["client2", "It's 2"] {
        pool.clone_tenant("client1", clone).await.unwrap();
        let quoted = if clone == "client2" {
            clone.to_owned()
        } else {
            format!("\"{clone}\"")
        };
        assert_eq!(seen(&quoted), expected(&quoted));
        let report = pool.drift("client1", [clone]).await.unwrap();
        assert_eq!(report.alike, 1, "{report:?}");
    }
    pool.import_tenant("client4").from(&file[..]).await.unwrap();
    assert_eq!(seen("client4"), expected("client4"));
}

#[tokio::test]
async fn what_only_looks_like_a_name_is_no_reason_to_refuse() {
    for name in ["items", "test", "new", "who", "id", "f", "s", "loop"] {
        let (pool, database) = tenant(name).await;
        let schema = format!("\"{name}\"");
        database.run(&format!(
            "CREATE FUNCTION {schema}.f() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.who = '{name}' OR NEW.who IN ('a', '{name}') THEN RAISE NOTICE 'No {name}. Write % {name}', NEW.id; END IF;
                    UPDATE items SET who = '{name}' WHERE who IS DISTINCT FROM NEW.who;
                    RETURN new;
                END $$;
             CREATE FUNCTION {schema}.g() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    EXECUTE format('INSERT INTO %I.audit VALUES ($1)', TG_TABLE_SCHEMA) USING NEW.who;
                    EXECUTE format('DELETE FROM %I.items WHERE who = $1', current_schema()) USING NEW.who;
                    RAISE NOTICE 'About {name}: %', 1;
                    RETURN NEW;
                END $$;
             CREATE FUNCTION {schema}.h() RETURNS bigint LANGUAGE sql SET search_path = {schema} AS
                $$ SELECT count(*) FROM items WHERE who = '{name}' AND who NOT IN ('{name}') $$;
             ALTER TABLE {schema}.items ADD kind text DEFAULT '{name}' CHECK (kind <> '{name}'), ADD more text[] DEFAULT ARRAY['{name}'];
             CREATE VIEW {schema}.v AS SELECT '{name}' AS t, upper('{name}') AS u, i.* FROM {schema}.items i WHERE who = '{name}';
             CREATE TYPE {schema}.e AS ENUM ('{name}', 'x'); ALTER TABLE {schema}.items ADD e {schema}.e DEFAULT '{name}'",
        ));
        pool.clone_tenant(name, "z1")
            .await
            .unwrap_or_else(|error| panic!("{name}: {}", chain(&error)));
        let report = pool.drift(name, ["z1"]).await.unwrap();
        assert_eq!(report.alike, 1, "{name}: {report:?}");
        pool.rename_tenant(name, "z2")
            .await
            .unwrap_or_else(|error| panic!("{name}: {}", chain(&error)));
    }
}

#[tokio::test]
async fn what_would_lead_to_the_template_is_a_difference_and_no_repair_makes_it() {
    let (pool, database) = empty().await;
    let up = format!(
        "{TABLES}; DO $do$ BEGIN
            EXECUTE format('CREATE TABLE invoices (no int DEFAULT public.next_no(%L), what text)', current_schema());
            EXECUTE format('CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS %L', format(
                'BEGIN EXECUTE format(''INSERT INTO %%I.audit VALUES ($1)'', %L) USING NEW.who; RETURN NEW; END', current_schema()));
         END $do$; CREATE TRIGGER note AFTER INSERT ON items FOR EACH ROW EXECUTE FUNCTION note()"
    );
    for tenant in ["template", "client1", "client2", "client3"] {
        let folder = Folder::of(&[("001_tables", &up, "")]);
        pool.create_tenant(tenant, folder).await.unwrap();
    }
    // Of the last one the same is missing, or says the template's name.
    database.run(
        "DROP FUNCTION client2.note() CASCADE; DROP TABLE client2.invoices; ALTER TABLE client1.items ADD x int;
         ALTER TABLE client3.invoices ALTER no SET DEFAULT public.next_no('template');
         CREATE OR REPLACE FUNCTION client3.note() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN EXECUTE format('INSERT INTO %I.audit VALUES ($1)', 'template') USING NEW.who; RETURN NEW; END$$",
    );
    let report = pool
        .drift("template", ["client1", "client2", "client3", "template"])
        .await
        .unwrap();
    assert_eq!(report.alike, 1, "the template is like itself: {report:?}");
    for drift in &report.drifted {
        let differences: Vec<String> = drift.differences.iter().map(ToString::to_string).collect();
        assert!(
            differences.iter().any(|found| found.contains("note()")),
            "{differences:?}"
        );
        for repair in &drift.repair {
            let sql = repair.to_string();
            assert!(!sql.contains("'template") && !sql.contains("note()"), "{sql}");
            database.run(&sql);
        }
    }
    assert_eq!(report.drifted.len(), 3);
    // The rest was repaired: the column of the one, the table of the other.
    assert_eq!(
        database
            .values("SELECT count(*) FROM pg_attribute WHERE attrelid = 'client1.items'::regclass AND attname = 'x'"),
        ["0"]
    );
    database.run(
        "INSERT INTO client2.invoices (no, what) VALUES (1, 'x'); INSERT INTO client1.items VALUES (1, 'of client1')",
    );
    assert_eq!(database.values("SELECT who FROM template.audit"), [""; 0]);
    assert_eq!(database.values("SELECT who FROM client1.audit"), ["of client1"]);
}

#[tokio::test]
async fn a_move_to_another_schema_name_refuses_what_says_the_old_one_and_one_to_the_same_name_keeps_it() {
    let main = Server::shared().database();
    let (one, two) = (Server::shared().database(), Server::shared().database());
    let pool = TenantPool::builder(main.url())
        .directory(DirectoryTables::new())
        .database("one", one.url())
        .database("two", two.url())
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    let at = |database: &str, schema: &str| Placement::schema(schema.parse().unwrap()).in_database(database);
    pool.place_tenant("acme", at("one", "slot1"), NoMigrations)
        .await
        .unwrap();
    one.run(
        "CREATE TABLE slot1.items (id int PRIMARY KEY, who text); CREATE TABLE slot1.audit (id int PRIMARY KEY, who text);
         CREATE FUNCTION slot1.log() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN EXECUTE format('INSERT INTO %I.audit VALUES ($1, $2)', 'slot1') USING NEW.id, NEW.who; RETURN NEW; END $$;
         CREATE TRIGGER log AFTER INSERT ON slot1.items FOR EACH ROW EXECUTE FUNCTION slot1.log()",
    );
    let error = pool.move_tenant("acme", at("two", "slot2")).await.unwrap_err();
    assert!(
        matches!(&error, MoveError::Read { source: ExportError::Unclear { objects, .. }, .. } if objects == &["function log()"]),
        "{error:?}"
    );
    pool.move_tenant("acme", at("two", "slot1")).await.unwrap();
    let mut conn = pool.for_tenant("acme").get().await.unwrap();
    conn.batch_execute("INSERT INTO items VALUES (1, 'acme')")
        .await
        .unwrap();
    assert_eq!(two.values("SELECT who FROM slot1.audit"), ["acme"]);
}

#[tokio::test]
async fn a_spare_that_hands_its_own_name_to_a_shared_function_is_not_taken() {
    let (pool, database) = empty().await;
    let up = format!(
        "{TABLES}; DO $do$ BEGIN EXECUTE format('CREATE TABLE invoices (no int DEFAULT public.next_no(%L), what text)', \
         current_schema()); END $do$"
    );
    let folder = Folder::of(&[("001_tables", &up, "")]);
    let migrations = folder.migrations();
    pool.prepare_spares(1, migrations.clone()).await.unwrap();
    pool.create_tenant("client1", migrations).await.unwrap();
    let default = "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'client1.invoices'::regclass";
    assert_eq!(database.values(default), ["next_no('client1'::text)"]);
    let all = pool.all_tenants().await.unwrap();
    assert!(all.iter().any(|tenant| tenant.status == TenantStatus::Spare), "{all:?}");
}
