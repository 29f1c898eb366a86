use std::time::Duration;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{CloneError, SchemaName, TenantPool};
use diesel_tenants_test_support::{Database, chain};

use crate::{
    migrations::Folder,
    rich::{dump, make, shop},
};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");

/// The tenant `template`, with what `sql` makes.
async fn template(sql: &str) -> (TenantPool, Database) {
    let (pool, database) = shop().await;
    database.run(&format!("CREATE SCHEMA template; SET search_path = template; {sql}"));
    (pool, database)
}

pub fn strings(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.query_strings(sql).into_iter();
    rows.map(|row| {
        row.into_iter()
            .map(|value| value.unwrap_or("NULL".into()))
            .collect::<Vec<_>>()
            .join("|")
    })
    .collect()
}

/// All rows of all tables, views and sequences of a schema, without its name.
pub fn contents(database: &Database, schema: &str) -> Vec<String> {
    let name = SchemaName::new(schema).unwrap();
    let relations = strings(
        database,
        &format!(
            "SELECT quote_ident(relname) FROM pg_class c WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{}') \
             AND (relkind IN ('r', 'p', 'v', 'S') OR relkind = 'm' AND relispopulated) ORDER BY 1",
            schema.replace('\'', "''")
        ),
    );
    let mut all = Vec::new();
    for relation in relations {
        let ignored = if relation.contains("seq") || relation == "ticket" || relation == "scratch_numbers" {
            "(SELECT last_value, is_called FROM"
        } else {
            "(SELECT * FROM"
        };
        let rows = strings(
            database,
            &format!(
                "SELECT to_json(r)::text FROM {ignored} {}.{relation}) r ORDER BY 1",
                name.quoted()
            ),
        );
        all.push(format!("{relation}: {rows:#?}"));
    }
    all
}

pub fn has_schema(database: &Database, name: &str) -> bool {
    let name = name.replace('\'', "''");
    !database
        .query_strings(&format!("SELECT FROM pg_namespace WHERE nspname = '{name}'"))
        .is_empty()
}

#[tokio::test]
async fn a_clone_has_everything_that_its_template_has() {
    let (pool, database) = shop().await;
    let long = "x".repeat(63);
    make(&database, "reference");
    let expected = dump(&database, "reference");
    for (template, tenant) in [
        ("template", "client1"),
        // Like a table, a label and a column.
        ("orders", "we\"ird' Name\\"),
        ("it's \"Both\"; --", "Größe 日本.a"),
        ("status", &long),
    ] {
        make(&database, template);
        let before = (dump(&database, template), contents(&database, template));
        let cloned = pool.clone_tenant(template, tenant).await;
        cloned.unwrap_or_else(|error| panic!("{}", chain(&error)));
        similar(&expected, &dump(&database, tenant));
        similar(&before.1.join("\n"), &contents(&database, tenant).join("\n"));
        assert!(before.1.len() > 20, "{}", before.1.len());
        similar(&before.0, &dump(&database, template));
        // Nothing of the clone goes with the template.
        database.run(&format!(
            "DROP SCHEMA {} CASCADE",
            SchemaName::new(template).unwrap().quoted()
        ));
        similar(&expected, &dump(&database, tenant));
    }
}

/// Compares by lines, so that the difference can be seen.
#[track_caller]
pub fn similar(expected: &str, found: &str) {
    let only = |one: &str, other: &str| -> Vec<String> {
        let other: std::collections::HashSet<&str> = other.lines().collect();
        one.lines()
            .filter(|line| !other.contains(line))
            .map(str::to_owned)
            .collect()
    };
    let (missing, unexpected) = (only(expected, found), only(found, expected));
    assert!(
        missing.is_empty() && unexpected.is_empty(),
        "missing: {missing:#?}\nunexpected: {unexpected:#?}"
    );
    assert_eq!(expected, found);
}

#[tokio::test]
async fn what_is_done_to_a_clone_is_not_done_to_its_template_and_the_other_way_round() {
    let (pool, database) = shop().await;
    make(&database, "template");
    pool.clone_tenant("template", "client1").await.unwrap();
    for (one, other) in [("client1", "template"), ("template", "client1")] {
        let before = contents(&database, other);
        let tickets = strings(&database, &format!("SELECT last_value FROM {other}.ticket"));
        database.run(&format!(
            "INSERT INTO {one}.\"Customers\" (user_id, nick) VALUES (1, '{one}'); \
             INSERT INTO {one}.orders (customer, amount) SELECT max(id), 7 FROM {one}.\"Customers\"; \
             UPDATE {one}.orders SET status = 'it''s paid' WHERE id = 1; \
             INSERT INTO {one}.payments VALUES (77, '2026-05-05', 10, 1); \
             INSERT INTO {one}.a_view_on_a_view VALUES (1, 'x'); \
             REFRESH MATERIALIZED VIEW {one}.sums; REFRESH MATERIALIZED VIEW {one}.unpopulated; \
             DELETE FROM {one}.\"Customers\" WHERE id = 20; \
             SELECT * FROM {one}.open_orders, {one}.latest('new'::{one}.order_status), {one}.grouped"
        ));
        similar(&before.join("\n"), &contents(&database, other).join("\n"));
        assert_eq!(
            tickets,
            strings(&database, &format!("SELECT last_value FROM {other}.ticket"))
        );
        let logged = strings(
            &database,
            &format!("SELECT what FROM {one}.audit WHERE what IN ('x', 'ordersDELETE') ORDER BY 1"),
        );
        assert_eq!(logged, ["ordersDELETE", "x"]);
        // From the state of both there went the same numbers.
        let numbers = strings(
            &database,
            &format!("SELECT id, number, ticket FROM {one}.orders WHERE amount = 7"),
        );
        assert_eq!(numbers, ["4|4|130"], "{one}");
    }
    database.run("DROP SCHEMA template CASCADE");
    assert_eq!(strings(&database, "SELECT count(*) FROM client1.orders"), ["3"]);
}

#[tokio::test]
async fn a_clone_without_data_has_structure_and_versions_and_fresh_sequences() {
    let (pool, database) = shop().await;
    make(&database, "template");
    pool.clone_tenant("template", "client1").without_data().await.unwrap();
    similar(&dump(&database, "template"), &dump(&database, "client1"));
    for table in ["orders", "\"Customers\"", "payments", "no_columns", "sums"] {
        let count = strings(&database, &format!("SELECT count(*) FROM client1.{table}"));
        assert_eq!(count, ["0"], "{table}");
    }
    let versions = "SELECT * FROM client1.__diesel_schema_migrations ORDER BY 1";
    assert_eq!(
        strings(&database, versions),
        ["001|2026-01-02 03:04:05", "002|2026-02-03 04:05:06.789"]
    );
    assert_eq!(
        strings(
            &database,
            "SELECT nextval('client1.ticket'), nextval('client1.orders_id_seq')"
        ),
        ["100|1"]
    );
}

#[tokio::test]
async fn a_clone_is_a_tenant_like_any_other() {
    let (pool, _database) = shop().await;
    pool.create_tenant("template", TENANT).await.unwrap();
    pool.clone_tenant("template", "client1").await.unwrap();
    assert!(pool.tenant_exists("client1").await.unwrap());
    assert!(pool.migrate_tenant("client1", TENANT).await.unwrap().is_empty());
    assert!(
        !pool
            .revert_tenant("client1", TENANT, diesel_tenants::Revert::All)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(pool.pending_tenant("template", TENANT).await.unwrap().is_empty());
    assert!(pool.migrate_shared(SHARED).await.is_err(), "users were there already");
}

#[tokio::test]
async fn names_without_a_tenant_or_with_one_are_refused_and_nothing_is_touched() {
    let (pool, database) = template("CREATE TABLE items (id int)").await;
    database.run("CREATE SCHEMA client1; CREATE TABLE client1.mine (id int)");
    let error = pool.clone_tenant("nobody", "client2").await.unwrap_err();
    assert!(
        matches!(&error, CloneError::UnknownTenant { template } if template.as_str() == "nobody"),
        "{error:?}"
    );
    for (from, to) in [("template", "client1"), ("template", "template")] {
        let error = pool.clone_tenant(from, to).await.unwrap_err();
        assert!(
            matches!(&error, CloneError::AlreadyExists { tenant, .. } if tenant.as_str() == to),
            "{error:?}"
        );
    }
    for (from, to) in [
        ("public", "x"),
        ("template", "public"),
        ("template", "ext"),
        ("pg_x", "x"),
        ("template", ""),
    ] {
        let error = pool.clone_tenant(from, to).await.unwrap_err();
        assert!(matches!(error, CloneError::InvalidName(_)), "{error:?}");
    }
    assert_eq!(
        strings(
            &database,
            "SELECT relname FROM pg_class WHERE relnamespace = 'client1'::regnamespace"
        ),
        ["mine"]
    );
    assert!(!has_schema(&database, "client2") && !has_schema(&database, "x"));
}

#[tokio::test]
async fn a_creation_that_was_given_up_is_no_template_and_is_replaced_by_a_clone() {
    let (pool, database) = template("CREATE TABLE items (id int)").await;
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.__diesel_schema_migrations (version text); \
         CREATE TABLE client1.left_over (id int); \
         COMMENT ON TABLE client1.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'",
    );
    let error = pool.clone_tenant("client1", "client2").await.unwrap_err();
    assert!(matches!(error, CloneError::UnknownTenant { .. }), "{error:?}");
    pool.clone_tenant("template", "client1").await.unwrap();
    assert_eq!(
        strings(
            &database,
            "SELECT relname FROM pg_class WHERE relnamespace = 'client1'::regnamespace"
        ),
        ["items"]
    );
}

#[tokio::test]
async fn a_failed_clone_leaves_nothing_and_a_retry_succeeds() {
    let (pool, database) = shop().await;
    make(&database, "template");
    database.run(
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$; \
         CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE POLICY') EXECUTE FUNCTION public.refuse()",
    );
    let error = pool.clone_tenant("template", "client1").await.unwrap_err();
    assert_eq!(
        chain(&error),
        "can't create policy readers of audit in tenant \"client1\", a clone of \"template\": not today"
    );
    assert!(!has_schema(&database, "client1"));
    database.run("DROP EVENT TRIGGER refuse");
    // A row that can't be copied.
    database.run(
        "CREATE TABLE template.bad (word template.word); UPDATE pg_type SET typnotnull = false WHERE typname = 'word'; \
                  INSERT INTO template.bad VALUES (NULL); UPDATE pg_type SET typnotnull = true WHERE typname = 'word'",
    );
    let error = pool.clone_tenant("template", "client1").await.unwrap_err();
    assert!(
        chain(&error).starts_with("can't copy the rows of bad to tenant \"client1\""),
        "{}",
        chain(&error)
    );
    assert!(!has_schema(&database, "client1"));
    database.run("DROP TABLE template.bad");
    pool.clone_tenant("template", "client1").await.unwrap();
}

#[tokio::test]
async fn a_clone_that_is_given_up_leaves_nothing() {
    let (pool, database) = template(
        "CREATE TABLE items (id int); CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql \
        AS 'BEGIN PERFORM pg_sleep(1); RETURN true; END'; INSERT INTO items VALUES (1)",
    )
    .await;
    database.run("ALTER TABLE template.items ADD CHECK (template.slow())");
    let clone = pool.clone_tenant("template", "client1").into_future();
    assert!(tokio::time::timeout(Duration::from_millis(600), clone).await.is_err());
    assert!(!has_schema(&database, "client1"));
    pool.clone_tenant("template", "client1").await.unwrap();
    assert!(has_schema(&database, "client1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_in_use_is_cloned_as_of_one_moment() {
    let (pool, database) =
        template("CREATE TABLE one (id serial PRIMARY KEY); CREATE TABLE two (id int REFERENCES one)").await;
    let url = database.url().to_owned();
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = tokio::spawn({
        let done = done.clone();
        async move {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let mut written = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let write = "BEGIN; WITH n AS (INSERT INTO template.one DEFAULT VALUES RETURNING id) \
                     INSERT INTO template.two SELECT id FROM n; COMMIT";
                client.batch_execute(write).await.unwrap();
                written += 1;
            }
            written
        }
    });
    for number in 0..10 {
        let tenant = format!("client{number}");
        pool.clone_tenant("template", &*tenant).await.unwrap();
        let sql = format!(
            "SELECT (SELECT count(*) FROM {tenant}.one) = (SELECT count(*) FROM {tenant}.two), \
             (SELECT last_value FROM {tenant}.one_id_seq) >= (SELECT coalesce(max(id), 0) FROM {tenant}.one)"
        );
        assert_eq!(strings(&database, &sql), ["t|t"], "{tenant}");
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(writer.await.unwrap() > 10, "nobody waited for the clones");
}

#[tokio::test]
async fn of_many_who_clone_to_one_name_one_succeeds_and_to_many_names_all_do() {
    let (pool, database) = template("CREATE TABLE items (id int)").await;
    let attempts = (0..4).map(|_| pool.clone_tenant("template", "client0").into_future());
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, CloneError::AlreadyExists { .. }), "{error:?}");
    }
    let attempts = (1..5).map(|number| pool.clone_tenant("template", format!("client{number}")).into_future());
    for result in futures_util::future::join_all(attempts).await {
        result.unwrap();
    }
    assert!((0..5).all(|number| has_schema(&database, &format!("client{number}"))));
}

#[tokio::test]
async fn a_clone_waits_for_a_migration_of_its_template() {
    let (pool, database) = template("").await;
    let folder = Folder::of(&[("001_slow", "CREATE TABLE slow (id int); SELECT pg_sleep(0.6)", "")]);
    let migrated = pool.migrate_tenant("template", folder.migrations());
    let cloned = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        pool.clone_tenant("template", "client1").await
    };
    let (migrated, cloned) = tokio::join!(migrated, cloned);
    migrated.unwrap();
    cloned.unwrap();
    assert_eq!(
        strings(&database, "SELECT version FROM client1.__diesel_schema_migrations"),
        ["001"]
    );
    assert_eq!(strings(&database, "SELECT count(*) FROM client1.slow"), ["0"]);
}

#[tokio::test]
async fn what_cannot_be_cloned_is_refused_by_name() {
    let (pool, database) = template(
        "CREATE CONVERSION narrow FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1; CREATE OPERATOR FAMILY numbers USING btree; \
         CREATE EXTENSION pg_trgm; CREATE TYPE pair AS (a int); CREATE TABLE pairs OF pair; CREATE TYPE unborn",
    )
    .await;
    let message = chain(&pool.clone_tenant("template", "client1").await.unwrap_err());
    assert!(
        message.contains(
            "conversion template.narrow, extension pg_trgm, operator family template.numbers for access method btree, \
             table template.pairs, type template.unborn"
        ),
        "{message}"
    );
    database.run("DROP SCHEMA template CASCADE; CREATE SCHEMA template; CREATE TABLE template.items (id int)");
    for (body, language) in [
        ("BEGIN EXECUTE 'DELETE FROM template.items'; END", "plpgsql"),
        (
            "BEGIN PERFORM 'template.items'::regclass; EXECUTE 'SELECT 1 FROM template.items'; END",
            "plpgsql",
        ),
    ] {
        database.run(&format!(
            "CREATE FUNCTION template.f() RETURNS void LANGUAGE {language} AS $x$ {body} $x$"
        ));
        let message = chain(&pool.clone_tenant("template", "client1").await.unwrap_err());
        assert!(
            message.contains("it is unclear where function f() would lead in the clone"),
            "{message}"
        );
        database.run("DROP FUNCTION template.f");
    }
    // In plain sight it follows.
    database.run(
        "CREATE FUNCTION template.f() RETURNS bigint LANGUAGE plpgsql AS \
                  'BEGIN RETURN (SELECT count(*) FROM template.items i); END'",
    );
    pool.clone_tenant("template", "client1").await.unwrap();
    database.run("INSERT INTO client1.items VALUES (1)");
    assert_eq!(strings(&database, "SELECT client1.f(), template.f()"), ["1|0"]);
}

#[tokio::test]
async fn values_survive_whatever_the_database_sets() {
    let (pool, database) =
        template("CREATE TABLE lists (list text[]); INSERT INTO lists VALUES (ARRAY['a', NULL])").await;
    database.run(&format!("ALTER DATABASE {} SET array_nulls = off", database.name()));
    pool.clone_tenant("template", "client2").await.unwrap();
    assert_eq!(strings(&database, "SELECT list[2] IS NULL FROM client2.lists"), ["t"]);
}

#[tokio::test]
async fn sequences_with_quotes_in_their_names_go_on_where_they_were() {
    let (pool, database) = template(
        r#"CREATE SEQUENCE "it's ""mine"""; SELECT setval('"it''s ""mine"""', 41);
           CREATE TABLE "or""ders" ("i""d" serial PRIMARY KEY, "n'o" int GENERATED ALWAYS AS IDENTITY);
           INSERT INTO "or""ders" DEFAULT VALUES; INSERT INTO "or""ders" DEFAULT VALUES"#,
    )
    .await;
    pool.clone_tenant("template", "client's \"own\"").await.unwrap();
    let mut exported = Vec::new();
    pool.export_tenant("template").to(&mut exported).await.unwrap();
    pool.import_tenant("imported").from(&exported[..]).await.unwrap();
    for schema in [r#""client's ""own""""#, "imported", "template"] {
        let next = format!(r#"{schema}."it's ""mine""""#).replace('\'', "''");
        assert_eq!(
            strings(&database, &format!("SELECT nextval('{next}')")),
            ["42"],
            "{schema}"
        );
        let inserted = format!(r#"INSERT INTO {schema}."or""ders" DEFAULT VALUES RETURNING "i""d", "n'o""#);
        assert_eq!(strings(&database, &inserted), ["3|3"], "{schema}");
    }
}
