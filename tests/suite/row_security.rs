//! Ways past row-level security: each is closed, or a tenant that shares tables gets no connection, and is told the
//! way.

use diesel::{prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    CheckoutError, Placement, TenantPool,
    directory::{DirectoryTables, FixedDirectory},
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

/// Tenants 7 and 8 share `parts`, by a role of their own.
struct Shared {
    pool: TenantPool,
    database: Database,
    role: String,
}

impl Shared {
    /// `sql` makes the tables, with `{role}` for the role.
    async fn new(sql: &str, tables: &[&str]) -> Self {
        let database = Server::shared().database();
        let role = format!("app_{}", database.name());
        database.run(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE, CREATE ON SCHEMA public TO {role}"
        ));
        database.run(&sql.replace("{role}", &role));
        let directory = FixedDirectory::new()
            .with("seven", Placement::rows("7"))
            .and_then(|directory| directory.with("eight", Placement::rows("8")));
        let (_, address) = database.url().split_once('@').unwrap();
        let pool = TenantPool::builder(format!("postgres://{role}:x@{address}"))
            .migration_url(database.url())
            .directory(directory.unwrap())
            .max_size(1)
            .build()
            .await
            .unwrap();
        pool.enable_row_security(tables.iter().copied(), "who").await.unwrap();
        Self { pool, database, role }
    }

    fn run(&self, sql: &str) {
        self.database.run(&sql.replace("{role}", &self.role));
    }

    async fn rows(&self, tenant: &str, table: &str) -> Vec<String> {
        let mut conn = self
            .pool
            .for_tenant(tenant)
            .get()
            .await
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
        let query = format!("SELECT who || ' ' || id AS line FROM {table} ORDER BY 1");
        let lines: Vec<Line> = diesel::sql_query(query).load(&mut conn).await.unwrap();
        lines.into_iter().map(|line| line.line).collect()
    }

    /// What a tenant is told in place of a connection: once it is, since a good answer holds for a second.
    async fn refusal(&self) -> String {
        let begun = std::time::Instant::now();
        loop {
            match self.pool.for_tenant("seven").get().await {
                Err(error @ CheckoutError::UnprotectedRows { .. }) => return error.to_string(),
                Err(error) => panic!("{}", chain(&error)),
                Ok(_) => assert!(begun.elapsed().as_secs() < 60, "never refused"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Until nothing is left of the last good answer: what comes then is asked for.
    async fn is_forgotten(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }

    async fn is_refused_by_way_of(&self, relations: &str) {
        assert_eq!(
            self.refusal().await,
            format!(
                "tenant \"seven\" shares tables with other tenants, and the pool's role would see all tenants' rows \
                 through {relations}: call `enable_row_security` again for partitions and tables, make a view `WITH \
                 (security_invoker)`, or revoke the role's rights to them"
            )
        );
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pool.close();
        let drop_role = format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}", role = self.role);
        let _ = std::panic::catch_unwind(|| self.database.run(&drop_role));
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const PARTS: &str = "CREATE TABLE public.parts (id int, who int NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (100) PARTITION BY RANGE (id);
    CREATE TABLE public.\"parts 1a\" PARTITION OF public.parts_1 FOR VALUES FROM (0) TO (100);
    INSERT INTO public.parts VALUES (1, 7), (2, 8);
    GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};";

#[tokio::test]
async fn rows_of_a_partitioned_table_are_a_tenants_own_in_each_partition() {
    let shared = Shared::new(PARTS, &["parts"]).await;
    for table in ["parts", "parts_1", "\"parts 1a\""] {
        assert_eq!(shared.rows("seven", table).await, ["7 1"], "{table}");
        assert_eq!(shared.rows("eight", table).await, ["8 2"], "{table}");
    }
    shared.run(
        "CREATE TABLE public.parts_2 PARTITION OF public.parts FOR VALUES FROM (100) TO (200);
         INSERT INTO public.parts VALUES (101, 7), (102, 8)",
    );
    // One that the role has no right to is nobody's way.
    shared.is_forgotten().await;
    assert_eq!(shared.rows("seven", "parts").await, ["7 1", "7 101"]);
    shared.run("GRANT SELECT (who) ON public.parts_2 TO {role}");
    shared.is_refused_by_way_of("public.parts_2").await;
    shared.pool.enable_row_security(["parts"], "who").await.unwrap();
    shared.run("GRANT SELECT ON public.parts_2 TO {role}");
    assert_eq!(shared.rows("seven", "parts_2").await, ["7 101"]);
    // One that comes with policies of its own alone.
    shared.run(
        "CREATE TABLE public.parts_3 PARTITION OF public.parts FOR VALUES FROM (200) TO (300);
         ALTER TABLE public.parts_3 ENABLE ROW LEVEL SECURITY; CREATE POLICY everybody ON public.parts_3 USING (true);
         GRANT SELECT ON public.parts_3 TO {role}",
    );
    shared.is_refused_by_way_of("public.parts_3").await;
    // Nor need a row be seen to be lost.
    shared.run("REVOKE ALL ON public.parts_3 FROM {role}; GRANT DELETE ON public.parts_3 TO {role}");
    shared.is_refused_by_way_of("public.parts_3").await;
}

#[tokio::test]
async fn rows_of_tables_that_inherit_are_a_tenants_own() {
    let shared = Shared::new(
        "CREATE TABLE public.parts (id int, who int NOT NULL);
         CREATE TABLE public.large_parts (size int) INHERITS (public.parts);
         INSERT INTO public.large_parts VALUES (1, 7, 0), (2, 8, 0);
         GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};",
        &["parts"],
    )
    .await;
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    assert_eq!(shared.rows("seven", "large_parts").await, ["7 1"]);
    shared.run(
        "CREATE TABLE public.huge_parts () INHERITS (public.large_parts);
         GRANT INSERT ON public.huge_parts TO {role}",
    );
    shared.is_refused_by_way_of("public.huge_parts").await;
}

const TABLE: &str =
    "CREATE TABLE public.parts (id int, who int NOT NULL); INSERT INTO public.parts VALUES (1, 7), (2, 8);
    GRANT SELECT ON public.parts TO {role};";

#[tokio::test]
async fn a_role_that_owns_the_tables_sees_a_tenants_rows_only() {
    let shared = Shared::new(
        &format!("{TABLE} ALTER TABLE public.parts OWNER TO {{role}};"),
        &["parts"],
    )
    .await;
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    shared.run("ALTER TABLE public.parts NO FORCE ROW LEVEL SECURITY");
    shared.is_refused_by_way_of("public.parts").await;
    shared.run("ALTER TABLE public.parts FORCE ROW LEVEL SECURITY");
    assert_eq!(shared.rows("eight", "parts").await, ["8 2"]);
    // So is a role that is a member of the owner.
    let owner = format!("owner_{}", shared.role);
    shared.run(&format!(
        "CREATE ROLE {owner}; GRANT {owner} TO {{role}}; ALTER TABLE public.parts OWNER TO {owner};
         ALTER TABLE public.parts NO FORCE ROW LEVEL SECURITY"
    ));
    shared.is_refused_by_way_of("public.parts").await;
    shared.run(&format!("DROP TABLE public.parts; DROP ROLE {owner}"));
}

#[tokio::test]
async fn a_table_whose_row_security_was_switched_off_is_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    shared.run("ALTER TABLE public.parts DISABLE ROW LEVEL SECURITY");
    shared.is_refused_by_way_of("public.parts").await;
}

#[tokio::test]
async fn views_that_run_as_a_role_which_no_policy_holds_back_are_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    shared.run("CREATE VIEW public.all_parts AS SELECT * FROM public.parts");
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    shared.run("GRANT SELECT ON public.all_parts TO {role}");
    shared.is_refused_by_way_of("public.all_parts").await;
    shared.run("REVOKE ALL ON public.all_parts FROM {role}");
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    // By way of another view, that a harmless role owns.
    shared.run(
        "CREATE VIEW public.seen AS SELECT * FROM public.all_parts; ALTER VIEW public.seen OWNER TO {role};
         GRANT SELECT ON public.all_parts TO {role}; REVOKE ALL ON public.all_parts FROM {role}",
    );
    shared.is_refused_by_way_of("public.seen").await;
    shared.run("DROP VIEW public.all_parts CASCADE");
    // One of the role's own is held back as the role is.
    shared
        .run("CREATE VIEW public.own_parts AS SELECT * FROM public.parts; ALTER VIEW public.own_parts OWNER TO {role}");
    shared.is_forgotten().await;
    assert_eq!(shared.rows("seven", "own_parts").await, ["7 1"]);
    // Neither kind of role that sees everything needs to be the other kind too.
    for kind in ["SUPERUSER NOBYPASSRLS", "NOSUPERUSER BYPASSRLS"] {
        let owner = format!("owner_{}", shared.role);
        shared.run(&format!(
            "CREATE ROLE {owner} {kind}; GRANT SELECT ON public.parts TO {owner};
             CREATE VIEW public.owned AS SELECT * FROM public.parts; ALTER VIEW public.owned OWNER TO {owner};
             GRANT SELECT ON public.owned TO {{role}}"
        ));
        shared.is_refused_by_way_of("public.owned").await;
        shared.run(&format!(
            "DROP VIEW public.owned; DROP OWNED BY {owner}; DROP ROLE {owner}"
        ));
    }
    let is_15 = shared
        .database
        .values("SELECT current_setting('server_version_num')::int >= 150000");
    if is_15 == ["t"] {
        shared.run(
            "CREATE VIEW public.invoked WITH (security_invoker) AS SELECT * FROM public.parts;
             GRANT SELECT ON public.invoked TO {role}",
        );
        shared.is_forgotten().await;
        assert_eq!(shared.rows("eight", "invoked").await, ["8 2"]);
        shared.run("ALTER VIEW public.invoked SET (security_invoker = off)");
        shared.is_refused_by_way_of("public.invoked").await;
    }
}

#[tokio::test]
async fn a_materialized_view_of_shared_tables_is_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    shared.run(
        "CREATE MATERIALIZED VIEW public.\"all parts\" AS SELECT * FROM public.parts;
         GRANT SELECT ON public.\"all parts\" TO {role}",
    );
    shared.is_refused_by_way_of("public.\"all parts\"").await;
}

#[tokio::test]
async fn a_partition_on_another_server_is_named_when_row_security_is_enabled() {
    let shared = Shared::new(PARTS, &["parts"]).await;
    shared.run(
        "CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
         CREATE FOREIGN TABLE public.far_parts PARTITION OF public.parts FOR VALUES FROM (500) TO (600) SERVER far;
         GRANT SELECT ON public.far_parts TO {role}",
    );
    shared.is_refused_by_way_of("public.far_parts").await;
    let error = shared.pool.enable_row_security(["parts"], "who").await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't put table \"public.far_parts\" under row-level security"),
        "{message}"
    );
}

#[tokio::test]
async fn extensions_in_the_schema_of_shared_tables_are_refused() {
    let database = Server::shared().database();
    let shared = TenantPool::builder(database.url())
        .extension_schemas(["public"])
        .build()
        .await;
    assert_eq!(
        chain(&shared.unwrap_err()),
        "\"public\" is the shared schema, and can't be one of `extension_schemas`: names in strings and functions \
         would reach its tables without the schema's name. Move the extensions to a schema of their own (`CREATE \
         SCHEMA extensions; ALTER EXTENSION … SET SCHEMA extensions`) and list that schema"
    );
    database.run(
        "CREATE SCHEMA filled; CREATE VIEW filled.\"a view\" AS SELECT 1; CREATE SCHEMA open; GRANT CREATE ON SCHEMA open TO PUBLIC;
         CREATE SCHEMA plain; CREATE FUNCTION plain.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA client1;
         CREATE TABLE client1.orders (id int)",
    );
    let build = async |schema: &str| {
        TenantPool::builder(database.url())
            .extension_schemas([schema])
            .build()
            .await
    };
    for (schema, found) in [
        ("filled", "holds filled.\"a view\""),
        ("client1", "holds client1.orders"),
        ("open", "lets everybody (PUBLIC) create in it"),
    ] {
        let message = chain(&build(schema).await.unwrap_err());
        assert!(
            message.contains(&format!("schema {schema:?} of `extension_schemas`")),
            "{message}"
        );
        assert!(
            message.contains(found) && message.contains("ALTER EXTENSION … SET SCHEMA"),
            "{message}"
        );
    }
    build("plain").await.unwrap();
    build("missing").await.unwrap();
}

#[tokio::test]
async fn an_id_that_its_column_would_write_in_another_way_sees_no_rows_and_adds_none() {
    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123";
    let (long_a, long_b) = (format!("{LONG}a"), format!("{LONG}b"));
    const UUID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let upper = UUID.to_uppercase();
    // A type, an id that it keeps as it is, and others that would be taken for it or for each other.
    let cases: &[(&str, &str, &[&str])] = &[
        ("int", "7", &["07", " 7 ", "+7"]),
        ("bigint", "7", &["007"]),
        ("varchar(8)", "company", &["company-1", "company-2"]),
        ("varchar", "company-1", &[]),
        ("text", "company-1", &[]),
        ("char(4)", "comp", &["comp1", "comp2"]),
        ("name", "acme", &[&long_a, &long_b]),
        ("numeric(6,0)", "7", &["7.4"]),
        ("numeric", "7", &["7.0"]),
        ("uuid", UUID, &[&upper]),
        ("text COLLATE any_case", "acme", &["Acme"]),
    ];
    let database = Server::shared().database();
    let role = format!("app_{}", database.name());
    database.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'"));
    // Not every server is built with ICU.
    let has_icu = database.values("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'") == ["1"];
    if has_icu {
        database.run("CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    }
    let (_, address) = database.url().split_once('@').unwrap();
    for (id_type, own, others) in cases {
        if id_type.contains("any_case") && !has_icu {
            continue;
        }
        database.run(&format!(
            "DROP TABLE IF EXISTS public.parts; CREATE TABLE public.parts (who {id_type}, id int);
             CREATE INDEX ON public.parts (who); GRANT ALL ON public.parts TO {role}"
        ));
        let mut directory = FixedDirectory::new().with("own", Placement::rows(*own)).unwrap();
        for (index, other) in others.iter().enumerate() {
            directory = directory
                .with(format!("other{index}"), Placement::rows(*other))
                .unwrap();
        }
        let pool = TenantPool::builder(format!("postgres://{role}:x@{address}"))
            .migration_url(database.url())
            .directory(directory)
            .max_size(1)
            .build()
            .await
            .unwrap();
        pool.enable_row_security(["parts"], "who").await.unwrap();
        let insert = "INSERT INTO parts (id) VALUES (1)";
        let mut conn = pool.for_tenant("own").get().await.unwrap();
        diesel::sql_query(insert).execute(&mut conn).await.unwrap();
        let count = async |conn: &mut diesel_tenants::Checkout| {
            let query = "SELECT count(*)::text AS line FROM parts";
            let lines: Vec<Line> = diesel::sql_query(query).load(conn).await.unwrap();
            lines[0].line.clone()
        };
        assert_eq!(count(&mut conn).await, "1", "{id_type} {own:?}");
        let by_index = "BEGIN; SET LOCAL enable_seqscan = off";
        diesel_async::SimpleAsyncConnection::batch_execute(&mut *conn, by_index)
            .await
            .unwrap();
        let plan = diesel::sql_query("EXPLAIN SELECT id FROM parts")
            .load::<Plan>(&mut conn)
            .await
            .unwrap();
        let plan: Vec<String> = plan.into_iter().map(|line| line.line).collect();
        assert!(
            plan.iter().any(|line| line.contains("Index Cond: (")),
            "{id_type}: {plan:#?}"
        );
        drop(conn);
        for index in 0..others.len() {
            let mut conn = pool.for_tenant(format!("other{index}")).get().await.unwrap();
            assert_eq!(count(&mut conn).await, "0", "{id_type} {:?}", others[index]);
            let added = diesel::sql_query(insert).execute(&mut conn).await;
            // These keep it as well: it is another tenant's.
            let is_kept = matches!(*id_type, "numeric" | "text COLLATE any_case");
            assert_eq!(added.is_ok(), is_kept, "{id_type} {:?}", others[index]);
        }
        let mut conn = pool.for_tenant("own").get().await.unwrap();
        assert_eq!(count(&mut conn).await, "1", "{id_type} {own:?}");
        drop(conn);
        let nobody = diesel_tenants::SchemaTranslateMap::tenant("public".parse().unwrap());
        let mut conn = pool.with_map(nobody).get().await.unwrap();
        assert_eq!(count(&mut conn).await, "0", "{id_type}");
        drop(conn);
        pool.close();
    }
    database.run(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

#[tokio::test]
async fn a_table_with_the_tenants_column_that_was_forgotten_is_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    shared.run(
        "CREATE TABLE public.users (id int); CREATE TABLE public.notes (who int NOT NULL, id int); INSERT INTO public.notes VALUES (7, 1), (8, 2);
         GRANT SELECT ON public.users TO {role}",
    );
    // One that the role has no right to is nobody's way.
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    shared.run("GRANT SELECT (id) ON public.notes TO {role}");
    shared.is_refused_by_way_of("public.notes").await;
    // So is a view of it, also one that is held back as the role is.
    shared.run(
        "REVOKE ALL ON public.notes FROM {role}; REVOKE ALL (id) ON public.notes FROM {role}; CREATE VIEW public.all_notes AS SELECT id FROM public.notes;
         GRANT SELECT ON public.all_notes TO {role}",
    );
    shared.is_refused_by_way_of("public.all_notes").await;
    shared.run("DROP VIEW public.all_notes; GRANT ALL ON public.notes TO {role}");
    shared.pool.enable_row_security(["notes"], "who").await.unwrap();
    assert_eq!(shared.rows("eight", "notes").await, ["8 2"]);
    // Policies of the application's own are its own matter.
    shared.run(
        "CREATE TABLE public.news (who int, id int); INSERT INTO public.news VALUES (7, 1), (8, 2); GRANT ALL ON public.news TO {role};
         ALTER TABLE public.news ENABLE ROW LEVEL SECURITY; CREATE POLICY everybodys ON public.news USING (true)",
    );
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(shared.rows("seven", "news").await, ["7 1", "8 2"]);
}

#[tokio::test]
async fn a_table_that_took_the_place_of_one_under_policies_is_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
    shared.run(
        "CREATE TABLE public.parts_new AS SELECT * FROM public.parts; DROP TABLE public.parts;
         ALTER TABLE public.parts_new RENAME TO parts; GRANT ALL ON public.parts TO {role}",
    );
    // It was the only one: no policy is left that could tell the column's name.
    shared.is_refused_by_way_of("public.parts").await;
    shared.pool.enable_row_security(["parts"], "who").await.unwrap();
    assert_eq!(shared.rows("seven", "parts").await, ["7 1"]);
}

#[tokio::test]
async fn the_directorys_table_is_none_that_was_forgotten() {
    let shared = Shared::new(&TABLE.replace("who", "tenant_id"), &[]).await;
    shared.pool.enable_row_security(["parts"], "tenant_id").await.unwrap();
    let owner = TenantPool::builder(shared.database.url()).build().await.unwrap();
    owner.prepare_directory().await.unwrap();
    shared.run("GRANT ALL ON public.tenants, public.domains TO {role}");
    shared.pool.for_tenant("seven").get().await.unwrap();
}

#[tokio::test]
async fn a_view_of_the_owners_over_a_table_without_force_is_refused() {
    let shared = Shared::new(TABLE, &["parts"]).await;
    let owner = format!("owner_{}", shared.role);
    shared.run(&format!(
        "CREATE ROLE {owner}; GRANT USAGE ON SCHEMA public TO {owner}; ALTER TABLE public.parts OWNER TO {owner};
         CREATE VIEW public.all_parts AS SELECT * FROM public.parts; ALTER VIEW public.all_parts OWNER TO {owner};
         GRANT SELECT ON public.all_parts TO {{role}}"
    ));
    // The owner is held back too, by `FORCE`.
    assert_eq!(shared.rows("seven", "all_parts").await, ["7 1"]);
    shared.run("ALTER TABLE public.parts NO FORCE ROW LEVEL SECURITY");
    shared.is_refused_by_way_of("public.all_parts").await;
    shared.run(&format!(
        "DROP TABLE public.parts CASCADE; DROP OWNED BY {owner}; DROP ROLE {owner}"
    ));
}

#[tokio::test]
async fn no_migration_sees_what_its_connection_showed_a_tenant_before() {
    let database = Server::shared().database();
    let (role, name) = (format!("app_{}", database.name()), database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT CREATE ON DATABASE {name} TO {role};
         GRANT USAGE, CREATE ON SCHEMA public TO {role};
         {TABLE} ALTER TABLE public.parts OWNER TO {role}",
        TABLE = TABLE.replace("{role}", &role)
    ));
    let (_, address) = database.url().split_once('@').unwrap();
    let pool = TenantPool::builder(format!("postgres://{role}:x@{address}"))
        .directory(DirectoryTables::new())
        .max_size(1)
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    pool.enable_row_security(["parts"], "who").await.unwrap();
    database.run("INSERT INTO public.tenants (name, tenant_id) VALUES ('seven', '7')");
    drop(pool.for_tenant("seven").get().await.unwrap());
    let folder = Folder::of(&[("001", "CREATE TABLE seen AS SELECT * FROM public.parts", "SELECT 1")]);
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    assert_eq!(database.values("SELECT who FROM client1.seen"), [""; 0]);
    pool.close();
    database.run(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
}
