use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{Drift, DriftError, SchemaName, TenantPool};
use diesel_tenants_test_support::{Database, Server};

use crate::rich::{make, shop};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");

/// How a tenant differs, if it does.
async fn drift_of(pool: &TenantPool, tenant: &str) -> Option<Drift> {
    let report = pool.drift("template", [tenant]).await.unwrap();
    assert!(report.missing.is_empty());
    report.drifted.into_iter().next()
}

fn described(drift: &Drift) -> Vec<String> {
    drift.differences.iter().map(ToString::to_string).collect()
}

/// Runs all statements of the repair, each by itself, as they are.
fn repair(database: &Database, drift: &Drift) {
    for repair in &drift.repair {
        database.run(&repair.sql);
    }
}

/// Changes the tenant, and expects these differences; and that the repair leaves none.
async fn check(pool: TenantPool, database: std::sync::Arc<Database>, tenant: String, sql: &str, expected: &[&str]) {
    let quoted = SchemaName::new(&tenant).unwrap();
    let quoted = quoted.quoted();
    let sql = sql.replace(":schema", quoted);
    database.run(&format!("SET search_path = {quoted}, ext; {sql}"));
    let drift = drift_of(&pool, &tenant).await.expect("a drift");
    assert!(drift.is_repairable(), "{drift:#?}");
    repair(&database, &drift);
    let left = drift_of(&pool, &tenant).await;
    assert!(left.is_none(), "after {:#?}\nthere is {left:#?}", drift.repair);
    if !expected.is_empty() {
        assert_eq!(described(&drift), expected);
    }
}

#[tokio::test]
async fn tenants_of_the_same_migrations_and_clones_do_not_differ() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.migrate_shared(SHARED).await.unwrap();
    for tenant in ["template", "client1", "we\"ird' Name"] {
        pool.create_tenant(tenant, TENANT).await.unwrap();
    }
    pool.clone_tenant("client1", "client2").await.unwrap();
    let report = pool
        .drift("template", ["client1", "we\"ird' Name", "client2", "template"])
        .await
        .unwrap();
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.alike, 4);
}

#[tokio::test]
async fn a_schema_with_everything_does_not_differ_from_its_clones_or_its_twins() {
    let (pool, database) = shop().await;
    for schema in ["template", "orders", "it's \"Both\"; --"] {
        make(&database, schema);
    }
    pool.clone_tenant("template", "client1").await.unwrap();
    pool.clone_tenant("orders", "status").without_data().await.unwrap();
    let tenants = ["client1", "orders", "it's \"Both\"; --", "status"];
    for template in ["template", "orders", "status"] {
        let report = pool.drift(template, tenants).await.unwrap();
        assert!(report.is_clean(), "{template}: {report:#?}");
    }
}

#[tokio::test]
async fn tenants_that_are_missing_are_reported_and_a_missing_template_is_an_error() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA template; CREATE SCHEMA client1; CREATE TABLE client1.more (id int)");
    let report = pool.drift("template", ["client1", "nobody"]).await.unwrap();
    assert_eq!(report.missing, [SchemaName::new("nobody").unwrap()]);
    assert_eq!(described(&report.drifted[0]), ["table more is unexpected"]);
    let error = pool.drift("nobody", ["client1"]).await.unwrap_err();
    assert!(matches!(error, DriftError::UnknownTemplate { .. }), "{error:?}");
    let error = pool.drift("template", ["public"]).await.unwrap_err();
    assert!(matches!(error, DriftError::InvalidName(_)), "{error:?}");
}

#[tokio::test]
async fn each_kind_of_drift_is_reported_and_repaired() {
    let (pool, database) = shop().await;
    make(&database, "template");
    let database = std::sync::Arc::new(database);
    let mut failed = 0;
    let cases: &'static [(&str, &[&str])] = &[
        (
            "ALTER TABLE orders ADD COLUMN more text",
            &["column more of orders is unexpected"],
        ),
        (
            "ALTER TABLE audit DROP COLUMN what CASCADE",
            &[
                "column what of audit is missing",
                "rule insert_simple of a_view_on_a_view is missing",
            ],
        ),
        (
            "ALTER TABLE audit ALTER COLUMN at DROP DEFAULT, ALTER COLUMN what SET DEFAULT 'x', ALTER COLUMN at SET NOT NULL",
            &[
                "column at of audit is different",
                "default at of audit is missing",
                "default what of audit is unexpected",
            ],
        ),
        (
            "ALTER TABLE \"Customers\" DROP COLUMN tags",
            &[
                "column tags of Customers is missing",
                "default tags of Customers is missing",
            ],
        ),
        (
            "ALTER TABLE orders ALTER COLUMN quantity DROP NOT NULL, ALTER COLUMN quantity DROP DEFAULT",
            &[
                "column quantity of orders is different",
                "default quantity of orders is missing",
            ],
        ),
        (
            "DROP VIEW simple; ALTER TABLE \"Customers\" ALTER COLUMN notes TYPE varchar(9999); CREATE VIEW simple AS SELECT id, notes FROM \"Customers\" WHERE id > 0 WITH CHECK OPTION",
            &[
                "column notes of Customers is different",
                "setting COMPRESSION of notes of Customers is missing",
                "setting STORAGE of notes of Customers is missing",
                "view simple is different",
                "default notes of simple is missing",
                "grant TABLE simple to pg_monitor is unexpected",
            ],
        ),
        (
            "ALTER TABLE payments ALTER COLUMN amount TYPE numeric",
            &[
                "column amount of payments is different",
                "check own of payments_2026 is different",
            ],
        ),
        (
            "ALTER TABLE items ALTER COLUMN gross DROP EXPRESSION",
            &["column gross of items is different"],
        ),
        (
            "ALTER TABLE orders ALTER COLUMN number SET GENERATED ALWAYS SET INCREMENT BY 7",
            &["column number of orders is different"],
        ),
        (
            "ALTER TABLE orders ALTER COLUMN number DROP IDENTITY",
            &["column number of orders is different"],
        ),
        (
            "ALTER TABLE audit ADD COLUMN id int GENERATED ALWAYS AS IDENTITY",
            &["column id of audit is unexpected"],
        ),
        (
            "ALTER TABLE audit ADD COLUMN id serial PRIMARY KEY",
            &[
                "sequence audit_id_seq is unexpected",
                "column id of audit is unexpected",
                "setting OWNED BY of audit_id_seq is unexpected",
                "default id of audit is unexpected",
                "key audit_pkey of audit is unexpected",
            ],
        ),
        (
            "DROP INDEX orders_status, only_2025; CREATE INDEX more ON orders (ticket)",
            &[
                "index orders_status of orders is missing",
                "index only_2025 of payments_2025 is missing",
                "comment INDEX orders_status is missing",
                "index more of orders is unexpected",
            ],
        ),
        (
            "DROP INDEX orders_amount; CREATE INDEX orders_amount ON orders (amount)",
            &["index orders_amount of orders is different"],
        ),
        (
            "DROP INDEX payments_customer",
            &[
                "index payments_2025_customer_idx of payments_2025 is missing",
                "index payments_2026_0_customer_idx of payments_2026_0 is missing",
                "index payments_2026_1_customer_idx of payments_2026_1 is missing",
                "index payments_2026_customer_idx of payments_2026 is missing",
                "index payments_rest_customer_idx of payments_rest is missing",
                "index payments_customer of payments is missing",
            ],
        ),
        (
            "CREATE UNIQUE INDEX every ON payments (id, paid_on, customer)",
            &[
                "index payments_2025_id_paid_on_customer_idx of payments_2025 is unexpected",
                "index payments_2026_0_id_paid_on_customer_idx of payments_2026_0 is unexpected",
                "index payments_2026_1_id_paid_on_customer_idx of payments_2026_1 is unexpected",
                "index payments_2026_id_paid_on_customer_idx of payments_2026 is unexpected",
                "index payments_rest_id_paid_on_customer_idx of payments_rest is unexpected",
                "index every of payments is unexpected",
            ],
        ),
        (
            "ALTER TABLE orders DROP CONSTRAINT orders_quantity_check, DROP CONSTRAINT no_overlap, DROP CONSTRAINT orders_parent_fkey",
            &[
                "check orders_quantity_check of orders is missing",
                "key no_overlap of orders is missing",
                "foreign key orders_parent_fkey of orders is missing",
                "comment CONSTRAINT no_overlap on orders is missing",
            ],
        ),
        (
            "ALTER TABLE orders VALIDATE CONSTRAINT later",
            &["check later of orders is different"],
        ),
        (
            "DROP TYPE nothing; CREATE TYPE more AS ENUM ('a')",
            &["enum nothing is missing", "enum more is unexpected"],
        ),
        (
            "ALTER TYPE address DROP ATTRIBUTE status; ALTER TYPE address ADD ATTRIBUTE more int",
            &["composite address is different"],
        ),
        (
            "ALTER DOMAIN word DROP CONSTRAINT word_check; ALTER DOMAIN price SET DEFAULT 2; ALTER DOMAIN word DROP NOT NULL",
            &[
                "domain price is different",
                "domain word is different",
                "domain constraint word_check of word is missing",
            ],
        ),
        (
            "ALTER SEQUENCE ticket INCREMENT BY 1 NO CYCLE; CREATE SEQUENCE more",
            &["sequence ticket is different", "sequence more is unexpected"],
        ),
        (
            "CREATE OR REPLACE FUNCTION total(o orders) RETURNS numeric LANGUAGE sql AS 'SELECT 1.0'",
            &["function total(o orders) is different"],
        ),
        (
            "DROP FUNCTION latest(text); CREATE FUNCTION latest(name text) RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
          CREATE FUNCTION more() RETURNS order_status LANGUAGE sql AS 'SELECT NULL::order_status'",
            &[
                "function latest(name text) is different",
                "grant ROUTINE latest(name text) to pg_monitor is missing",
                "function more() is unexpected",
            ],
        ),
        (
            "CREATE OR REPLACE VIEW simple AS SELECT id, notes FROM \"Customers\"",
            &["view simple is different"],
        ),
        (
            "DROP VIEW a_view_on_a_view; CREATE VIEW a_view_on_a_view AS SELECT 1 AS one; CREATE VIEW more AS SELECT * FROM orders",
            &[
                "view a_view_on_a_view is different",
                "rule insert_simple of a_view_on_a_view is missing",
                "view more is unexpected",
                "grant TABLE a_view_on_a_view to pg_monitor is unexpected",
            ],
        ),
        (
            "DROP MATERIALIZED VIEW unpopulated; DROP INDEX sums_status; CREATE MATERIALIZED VIEW more AS SELECT 1 AS one",
            &[
                "index sums_status of sums is missing",
                "materialized view unpopulated is missing",
                "materialized view more is unexpected",
            ],
        ),
        (
            "ALTER TABLE orders ENABLE TRIGGER log_disabled; DROP TRIGGER log_payments ON payments",
            &[
                "trigger log_disabled of orders is different",
                "trigger log_payments of payments is missing",
            ],
        ),
        (
            "DROP RULE no_delete ON audit; CREATE RULE more AS ON DELETE TO audit DO INSTEAD NOTHING",
            &[
                "rule no_delete of audit is missing",
                "comment RULE no_delete on audit is missing",
                "rule more of audit is unexpected",
            ],
        ),
        (
            "DROP POLICY readers ON audit; ALTER POLICY own_orders ON orders USING (true); ALTER TABLE orders DISABLE ROW LEVEL SECURITY; \
          ALTER TABLE animals FORCE ROW LEVEL SECURITY",
            &[
                "setting ROW LEVEL SECURITY of orders is missing",
                "policy readers of audit is missing",
                "policy own_orders of orders is different",
                "setting FORCE ROW LEVEL SECURITY of animals is unexpected",
            ],
        ),
        (
            "DROP STATISTICS orders_expression; CREATE STATISTICS more ON id, ticket FROM orders",
            &[
                "statistics orders_expression of orders is missing",
                "statistics more of orders is unexpected",
            ],
        ),
        (
            "ALTER TABLE orders RESET (fillfactor), SET WITHOUT CLUSTER, REPLICA IDENTITY NOTHING; ALTER TABLE scratch SET LOGGED; \
          ALTER TABLE \"Customers\" ALTER COLUMN notes SET STORAGE MAIN, ALTER COLUMN email SET STATISTICS -1",
            &[
                "setting STATISTICS of email of Customers is missing",
                "setting STORAGE of notes of Customers is different",
                "setting storage parameters of orders is different",
                "setting UNLOGGED of scratch is missing",
                "setting CLUSTER of orders is missing",
                "setting REPLICA IDENTITY of orders is unexpected",
            ],
        ),
        (
            "DROP TABLE items CASCADE; CREATE TABLE items (id integer PRIMARY KEY, net numeric NOT NULL, gross numeric)",
            &[
                "column gross of items is different",
                "check items_gross_check of items is missing",
                "index items_gross of items is missing",
                "view dear_items is missing",
                "comment COLUMN items.gross is missing",
                "grant TABLE items to pg_monitor is unexpected",
            ],
        ),
        (
            "DROP VIEW dear_items; ALTER TABLE items ALTER COLUMN id TYPE bigint; CREATE VIEW dear_items AS SELECT id, gross FROM items WHERE gross > 100",
            &[
                "column id of items is different",
                "view dear_items is different",
                "grant TABLE dear_items to pg_monitor is unexpected",
            ],
        ),
        (
            "ALTER TABLE payment_notes DROP CONSTRAINT payment_notes_payment_paid_on_fkey; ALTER TABLE audit ADD CHECK (what <> 'y')",
            &[
                "foreign key payment_notes_payment_paid_on_fkey of payment_notes is missing",
                "check audit_what_check of audit is unexpected",
            ],
        ),
        (
            "ALTER TABLE dogs NO INHERIT animals",
            &["setting INHERIT animals of dogs is missing"],
        ),
        (
            "ALTER TABLE payments DETACH PARTITION payments_rest",
            &[
                "partition payments_rest of payments is missing",
                "foreign key payments_customer_fkey of payments_rest is unexpected",
            ],
        ),
        (
            "DROP TABLE scratch; CREATE TABLE more (id serial PRIMARY KEY, status order_status)",
            &[
                "table scratch is missing",
                "sequence more_id_seq is unexpected",
                "table more is unexpected",
                "setting OWNED BY of more_id_seq is unexpected",
                "default id of more is unexpected",
                "key more_pkey of more is unexpected",
            ],
        ),
        // Too many to name.
        ("DROP TABLE orders CASCADE", &[]),
        (
            "GRANT DELETE ON orders TO pg_monitor; REVOKE ALL ON SCHEMA :schema FROM pg_monitor; GRANT EXECUTE ON FUNCTION log_change TO PUBLIC",
            &[
                "grant ROUTINE log_change() not to PUBLIC is missing",
                "grant SCHEMA to pg_monitor is missing",
                "grant TABLE orders to pg_monitor is unexpected",
            ],
        ),
        (
            "COMMENT ON TABLE orders IS 'x'; COMMENT ON COLUMN orders.id IS 'y'; COMMENT ON TYPE order_status IS NULL",
            &[
                "comment TABLE orders is different",
                "comment TYPE order_status is missing",
                "comment COLUMN orders.id is unexpected",
            ],
        ),
    ];
    for (number, &(sql, expected)) in cases.iter().enumerate() {
        let tenant = format!("it's \"Client\".{number}");
        pool.clone_tenant("template", &tenant).await.unwrap();
        let checked = tokio::spawn(check(pool.clone(), database.clone(), tenant, sql, expected));
        failed += usize::from(checked.await.inspect_err(|_| eprintln!("^ after {sql}\n")).is_err());
    }
    assert_eq!(failed, 0);
}

#[tokio::test]
async fn repairs_keep_rows_and_mark_what_does_not() {
    let (pool, database) = shop().await;
    make(&database, "template");
    pool.clone_tenant("template", "client1").await.unwrap();
    database.run(
        "SET search_path = client1; DROP VIEW dear_items; ALTER TABLE items DROP COLUMN gross, ALTER COLUMN net TYPE text; \
         ALTER TABLE items ADD COLUMN more int; DROP SEQUENCE scratch_numbers; CREATE TABLE extra ()",
    );
    let drift = drift_of(&pool, "client1").await.unwrap();
    let destructive: Vec<&str> = drift
        .repair
        .iter()
        .filter(|repair| repair.is_destructive)
        .map(|repair| &*repair.sql)
        .collect();
    assert_eq!(
        destructive,
        [
            "ALTER TABLE \"client1\".items DROP COLUMN more",
            "DROP TABLE \"client1\".extra",
            "ALTER TABLE \"client1\".items ALTER COLUMN net TYPE numeric USING net::numeric",
        ]
    );
    repair(&database, &drift);
    assert!(drift_of(&pool, "client1").await.is_none());
    let items = database.query_strings("SELECT id, net, gross FROM client1.items ORDER BY 1");
    assert_eq!(
        items,
        database.query_strings("SELECT id, net, gross FROM template.items ORDER BY 1")
    );
}

#[tokio::test]
async fn a_missing_column_comes_with_its_default_for_the_rows_that_are_there() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA template; CREATE TYPE template.mood AS ENUM ('good', 'bad'); \
         CREATE TABLE template.items (id serial, mood template.mood NOT NULL DEFAULT 'good', at date NOT NULL DEFAULT '2026-01-01'); \
         CREATE SCHEMA client1; CREATE TABLE client1.items (); INSERT INTO client1.items SELECT FROM generate_series(1, 3)",
    );
    let drift = drift_of(&pool, "client1").await.unwrap();
    repair(&database, &drift);
    assert!(drift_of(&pool, "client1").await.is_none());
    let items = database.values("SELECT id || ' ' || mood || ' ' || at FROM client1.items ORDER BY 1");
    assert_eq!(items, ["1 good 2026-01-01", "2 good 2026-01-01", "3 good 2026-01-01"]);
}

#[tokio::test]
async fn labels_are_added_where_they_belong_and_what_takes_a_decision_is_left_to_people() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA template; CREATE TYPE template.mood AS ENUM ('a', 'b', 'it''s', 'd'); \
         CREATE TYPE template.other AS ENUM ('a', 'b'); \
         CREATE TABLE template.parts (id int) PARTITION BY RANGE (id); \
         CREATE SCHEMA client1; CREATE TYPE client1.mood AS ENUM ('b'); CREATE TYPE client1.other AS ENUM ('b', 'a'); \
         CREATE TABLE client1.parts (id int) PARTITION BY LIST (id)",
    );
    let drift = drift_of(&pool, "client1").await.unwrap();
    assert_eq!(
        described(&drift),
        [
            "enum mood is different",
            "enum other is different",
            "table parts is different"
        ]
    );
    assert!(!drift.is_repairable());
    assert!(drift.differences[1].repair.is_empty() && drift.differences[2].repair.is_empty());
    repair(&database, &drift);
    let labels = database.values("SELECT unnest(enum_range(NULL::client1.mood))::text");
    assert_eq!(labels, ["a", "b", "it's", "d"]);
    let left = drift_of(&pool, "client1").await.unwrap();
    assert_eq!(
        described(&left),
        ["enum other is different", "table parts is different"]
    );
}

#[tokio::test]
async fn of_the_version_table_only_its_being_there_counts() {
    let (pool, database) = shop().await;
    let versions = "__diesel_schema_migrations (version varchar(50) PRIMARY KEY";
    database.run(&format!(
        "CREATE SCHEMA template; CREATE TABLE template.{versions}); CREATE SCHEMA client1; CREATE TABLE client1.{versions}, more int); \
         COMMENT ON COLUMN client1.__diesel_schema_migrations.more IS 'x'; CREATE SCHEMA client2; \
         CREATE SCHEMA client3; CREATE TABLE client3.{versions}); \
         COMMENT ON TABLE client3.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'"
    ));
    let report = pool.drift("template", ["client1", "client2", "client3"]).await.unwrap();
    assert_eq!(report.alike, 1);
    assert_eq!(
        described(&report.drifted[0])[0],
        "table __diesel_schema_migrations is missing"
    );
    assert_eq!(
        report.missing,
        [SchemaName::new("client3").unwrap()],
        "a tenant in the making is none"
    );
}

#[tokio::test]
async fn what_the_server_notes_for_itself_beside_a_columns_options_is_neither_compared_nor_copied() {
    let (pool, database) = shop().await;
    for schema in ["template", "client1"] {
        database.run(&format!(
            "CREATE SCHEMA {schema}; CREATE TABLE {schema}.notes (id int, body text, at date)"
        ));
    }
    // As a server does that keeps a counter of its own there, another one for each table.
    for (table, column, options) in [
        ("template.notes", "id", "{pg_kept=1}"),
        ("template.notes", "body", "{pg_kept=1,n_distinct=5}"),
        ("client1.notes", "id", "{pg_kept=22}"),
        ("client1.notes", "body", "{pg_kept=22,n_distinct=5}"),
        ("client1.notes", "at", "{pg_kept=22}"),
    ] {
        database.run(&format!(
            "UPDATE pg_attribute SET attoptions = '{options}' WHERE attrelid = '{table}'::regclass AND attname = '{column}'"
        ));
    }
    assert!(drift_of(&pool, "client1").await.is_none());

    pool.clone_tenant("template", "client2").await.unwrap();
    let options = "SELECT string_agg(o, ' ' ORDER BY o) FROM pg_attribute, unnest(attoptions) o \
        WHERE attrelid = 'client2.notes'::regclass AND o NOT LIKE 'pg\\_attver=%'";
    assert_eq!(database.values(options), ["n_distinct=5"]);

    database.run(
        "UPDATE pg_attribute SET attoptions = '{pg_kept=1,n_distinct=6}' \
         WHERE attrelid = 'client1.notes'::regclass AND attname = 'body'",
    );
    let drift = drift_of(&pool, "client1").await.expect("a drift");
    assert_eq!(described(&drift), ["setting options of body of notes is different"]);
}

/// Aliases, columns, variables and strings of many names, some of which are tenants' names too.
const NAMES: &str = "CREATE TABLE plain (id int PRIMARY KEY, at date); \
    CREATE TYPE pair AS (id int, at date); \
    CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql AS $$ SELECT max(d.oid::bigint) FROM pg_catalog.pg_database d $$; \
    CREATE FUNCTION in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS \
        $$ BEGIN RETURN (SELECT max(d.oid::bigint) FROM pg_catalog.pg_database d); END $$; \
    CREATE FUNCTION stamped() RETURNS trigger LANGUAGE plpgsql AS \
        $$ DECLARE d record; BEGIN SELECT new.id, new.at INTO d FROM public.users new LIMIT 1; new.at := d.at; RETURN new; END $$; \
    CREATE TRIGGER stamp BEFORE UPDATE ON plain FOR EACH ROW WHEN (new.id > old.id) EXECUTE FUNCTION stamped(); \
    CREATE VIEW v AS SELECT d.id, new.at FROM plain d, plain new; \
    CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM plain WHERE plain.id = old.id; \
    CREATE POLICY p ON plain USING (EXISTS (SELECT 1 FROM public.users d WHERE d.id = plain.id))";

#[tokio::test]
async fn a_tenant_may_have_the_name_of_an_alias_a_column_a_function_or_a_keyword() {
    let (pool, database) = shop().await;
    let tenants = [
        "a",
        "d",
        "new",
        "old",
        "id",
        "plain",
        "at",
        "in_sql",
        "public_users",
        "select",
        "p",
        "v",
    ];
    for tenant in tenants {
        let quoted = SchemaName::new(tenant).unwrap();
        database.run(&format!(
            "CREATE SCHEMA {0}; SET search_path = {0}; SET check_function_bodies = off; {NAMES}",
            quoted.quoted()
        ));
    }
    for template in ["a", "d", "new"] {
        let report = pool.drift(template, tenants).await.unwrap();
        assert!(report.is_clean(), "{template}: {report:#?}");
    }
    for tenant in tenants {
        let clone = format!("clone_of_{tenant}");
        pool.clone_tenant(tenant, &clone).await.unwrap();
        let report = pool.drift("a", [&clone]).await.unwrap();
        assert!(report.is_clean(), "{tenant}: {report:#?}");
    }
    // What truly leads into another tenant is a difference, whatever it is named.
    database.run(
        "CREATE OR REPLACE FUNCTION d.in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS \
         $$ BEGIN RETURN (SELECT max(d.id) FROM a.plain d); END $$; \
         CREATE OR REPLACE FUNCTION a.in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS \
         $$ BEGIN RETURN (SELECT max(d.id) FROM a.plain d); END $$",
    );
    let report = pool.drift("a", ["d"]).await.unwrap();
    assert_eq!(described(&report.drifted[0]), ["function in_plpgsql() is different"]);
}
