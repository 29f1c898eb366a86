use std::{path::Path, time::Duration};

use diesel::{
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    pg::Pg,
};
use diesel_migrations::{EmbeddedMigrations, FileBasedMigrations, embed_migrations};
use diesel_tenants::{MigrationError, Revert, TenantPool};
use diesel_tenants_test_support::{Database, Server, chain};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");

/// Migrations in a folder of their own.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Each with its name, its `up.sql` and its `down.sql`.
    pub fn of(migrations: &[(&str, &str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, up, down) in migrations {
            folder.write(name, "up.sql", up);
            folder.write(name, "down.sql", down);
        }
        folder
    }

    pub fn write(&self, migration: &str, file: &str, text: &str) {
        let directory = self.0.path().join(migration);
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(file), text).unwrap();
    }

    /// Has a migration run outside of a transaction.
    pub fn without_transaction(self, migration: &str) -> Self {
        self.write(migration, "metadata.toml", "run_in_transaction = false\n");
        self
    }

    #[cfg(feature = "toml")]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn migrations(&self) -> FileBasedMigrations {
        FileBasedMigrations::from_path(self.0.path()).unwrap()
    }
}

impl MigrationSource<Pg> for Folder {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        MigrationSource::<Pg>::migrations(&Folder::migrations(self))
    }
}

/// The table that tenants' tests query.
pub fn items_only() -> impl MigrationSource<Pg> + Send + Sync + 'static {
    RustMigrations(vec![("1", |connection| {
        connection.batch_execute("CREATE TABLE items (id int PRIMARY KEY, description text, price int)")?;
        Ok(())
    })])
}

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_secs(20))
        .build()
        .await
        .unwrap();
    (pool, database)
}

fn tables(database: &Database, schema: &str) -> Vec<String> {
    let sql = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' ORDER BY 1");
    database.values(&sql)
}

fn versions(versions: &[MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn shared_and_tenant_migrations_go_to_their_schemas_and_nowhere_else() {
    let (pool, database) = empty().await;
    assert_eq!(
        versions(&pool.migrate_shared(SHARED).await.unwrap()),
        ["20261121000001"]
    );
    for tenant in ["client1", "client2"] {
        let applied = pool.create_tenant(tenant, TENANT).await.unwrap();
        assert_eq!(versions(&applied), ["20261121000001", "20261121000002"]);
        assert_eq!(
            tables(&database, tenant),
            ["__diesel_schema_migrations", "items", "orders"]
        );
    }
    assert_eq!(tables(&database, "public"), ["__diesel_schema_migrations", "users"]);
    assert!(
        pool.migrate_shared(SHARED).await.unwrap().is_empty(),
        "a second run has nothing to do"
    );
    assert!(pool.migrate_tenant("client1", TENANT).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tenants_foreign_keys_lead_to_its_own_tables_and_to_the_shared_ones() {
    let (pool, database) = empty().await;
    pool.migrate_shared(SHARED).await.unwrap();
    pool.create_tenant("client1", TENANT).await.unwrap();
    let targets = database.values(
        "SELECT confrelid::regclass::text FROM pg_constraint WHERE conrelid = 'client1.orders'::regclass AND contype = 'f' ORDER BY 1",
    );
    assert_eq!(targets, ["client1.items", "users"]);
}

#[tokio::test]
async fn pending_and_revert_for_shared_and_tenant() {
    let (pool, database) = empty().await;
    assert_eq!(
        versions(&pool.pending_shared(SHARED).await.unwrap()),
        ["20261121000001"]
    );
    assert_eq!(tables(&database, "public"), [""; 0], "asking changes nothing");
    pool.migrate_shared(SHARED).await.unwrap();
    pool.create_tenant("client1", TENANT).await.unwrap();
    assert!(pool.pending_shared(SHARED).await.unwrap().is_empty());
    assert!(pool.pending_tenant("client1", TENANT).await.unwrap().is_empty());

    let reverted = pool.revert_tenant("client1", TENANT, Revert::Last(1)).await.unwrap();
    assert_eq!(versions(&reverted), ["20261121000002"]);
    assert_eq!(tables(&database, "client1"), ["__diesel_schema_migrations", "items"]);
    assert_eq!(
        versions(&pool.pending_tenant("client1", TENANT).await.unwrap()),
        ["20261121000002"]
    );
    assert_eq!(
        versions(&pool.revert_tenant("client1", TENANT, Revert::All).await.unwrap()),
        ["20261121000001"]
    );
    assert_eq!(tables(&database, "client1"), ["__diesel_schema_migrations"]);
    assert_eq!(
        versions(&pool.revert_shared(SHARED, Revert::All).await.unwrap()),
        ["20261121000001"]
    );
    assert_eq!(tables(&database, "public"), ["__diesel_schema_migrations"]);
}

#[tokio::test]
async fn migrations_from_folders() {
    let (pool, database) = empty().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    pool.migrate_shared(FileBasedMigrations::from_path(root.join("migrations")).unwrap())
        .await
        .unwrap();
    pool.create_tenant(
        "client1",
        FileBasedMigrations::from_path(root.join("tenant_migrations")).unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(
        tables(&database, "client1"),
        ["__diesel_schema_migrations", "items", "orders"]
    );
}

#[tokio::test]
async fn the_version_table_is_diesels_own_with_a_column_for_checksums() {
    let (pool, database) = empty().await;
    pool.migrate_shared(SHARED).await.unwrap();
    let columns = database.query_strings(
        "SELECT column_name, data_type, character_maximum_length::text, is_nullable, column_default
         FROM information_schema.columns WHERE table_name = '__diesel_schema_migrations' ORDER BY ordinal_position",
    );
    let text = |value: &str| Some(value.to_owned());
    assert_eq!(
        columns,
        [
            vec![text("version"), text("character varying"), text("50"), text("NO"), None],
            vec![
                text("run_on"),
                text("timestamp without time zone"),
                None,
                text("NO"),
                text("CURRENT_TIMESTAMP")
            ],
            // One more, which Diesel doesn't read, and may leave empty.
            vec![text("checksum"), text("text"), None, text("YES"), None],
        ]
    );
    // What the diesel command applied is known to us.
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
         INSERT INTO client1.__diesel_schema_migrations (version) VALUES ('20261121000001')",
    );
    assert_eq!(
        versions(&pool.pending_tenant("client1", TENANT).await.unwrap()),
        ["20261121000002"]
    );
    // And it gets the column when it is migrated: what was applied before has no checksum.
    database.run("CREATE TABLE client1.items (id bigint PRIMARY KEY, description text, price int)");
    pool.migrate_tenant("client1", TENANT).await.unwrap();
    let sums = "SELECT (checksum IS NOT NULL)::text FROM client1.__diesel_schema_migrations ORDER BY version";
    assert_eq!(
        database.query_strings(sums),
        [[Some("false".to_owned())], [Some("true".to_owned())]]
    );
}

#[tokio::test]
async fn a_failure_leaves_the_schema_as_before_that_migration_and_names_tenant_version_and_sql_error() {
    let (pool, database) = empty().await;
    let folder = Folder::of(&[
        ("001_good", "CREATE TABLE good (id int);", "DROP TABLE good;"),
        (
            "002_broken",
            "CREATE TABLE half (id int);\nCREATE TABEL other (id int);\n",
            "",
        ),
        ("003_never", "CREATE TABLE never (id int);", ""),
    ]);
    database.run("CREATE SCHEMA client1");
    let error = pool.migrate_tenant("client1", folder.migrations()).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "migration 002_broken of tenant \"client1\" could not be applied, at line 2: `CREATE TABEL other (id int);`; \
         the schema is as it was before: syntax error at or near \"TABEL\""
    );
    assert!(
        matches!(&error, MigrationError::Failed(failed) if failed.version == "002"),
        "{error:?}"
    );
    assert_eq!(
        tables(&database, "client1"),
        ["__diesel_schema_migrations", "good"],
        "the one before stays"
    );
    assert_eq!(
        versions(&pool.pending_tenant("client1", folder.migrations()).await.unwrap()),
        ["002", "003"]
    );
    folder.write("002_broken", "up.sql", "CREATE TABLE half (id int)");
    assert_eq!(
        versions(&pool.migrate_tenant("client1", folder.migrations()).await.unwrap()),
        ["002", "003"]
    );
}

#[tokio::test]
async fn a_migration_outside_of_a_transaction_builds_an_index_concurrently() {
    let (pool, database) = empty().await;
    let folder = Folder::of(&[
        ("001_table", "CREATE TABLE good (id int, name text);", "DROP TABLE good;"),
        (
            "002_indexes",
            "CREATE INDEX CONCURRENTLY good_id ON good (id);\n-- two; statements\nCREATE INDEX CONCURRENTLY good_name ON good (name);",
            "DROP INDEX CONCURRENTLY good_id; DROP INDEX CONCURRENTLY good_name;",
        ),
    ])
    .without_transaction("002_indexes");
    database.run("CREATE SCHEMA client1");
    pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    let indexes = "SELECT indexname FROM pg_indexes WHERE schemaname = 'client1' AND tablename = 'good' ORDER BY 1";
    assert_eq!(database.query_strings(indexes).len(), 2);
    pool.revert_tenant("client1", folder.migrations(), Revert::Last(1))
        .await
        .unwrap();
    assert_eq!(database.query_strings(indexes).len(), 0);
}

#[tokio::test]
async fn a_failure_outside_of_a_transaction_says_that_a_part_stays() {
    let (pool, database) = empty().await;
    let folder = Folder::of(&[("001_mixed", "CREATE TABLE one (id int); CREATE TABLE one (id int);", "")])
        .without_transaction("001_mixed");
    database.run("CREATE SCHEMA client1");
    let message = chain(&pool.migrate_tenant("client1", folder.migrations()).await.unwrap_err());
    assert!(
        message.contains("outside a transaction") && message.ends_with("relation \"one\" already exists"),
        "{message}"
    );
    assert_eq!(tables(&database, "client1"), ["__diesel_schema_migrations", "one"]);
}

#[tokio::test]
async fn many_deployers_at_once_apply_each_migration_once() {
    let (pool, database) = empty().await;
    let folder = Folder::of(&[
        ("001_log", "CREATE TABLE log (entry text);", ""),
        ("002_slow", "INSERT INTO log VALUES ('slow'); SELECT pg_sleep(0.1);", ""),
        ("003_index", "CREATE INDEX CONCURRENTLY log_entry ON log (entry);", ""),
        ("004_more", "INSERT INTO log VALUES ('more');", ""),
    ])
    .without_transaction("003_index");
    database.run("CREATE SCHEMA client1");
    let deployers = (0..6).map(|_| pool.migrate_tenant("client1", folder.migrations()));
    let results = futures_util::future::try_join_all(deployers).await.unwrap();
    assert_eq!(
        results.iter().flatten().count(),
        4,
        "each was applied by one of them: {results:?}"
    );
    assert_eq!(database.query_strings("SELECT entry FROM client1.log").len(), 2);
}

#[tokio::test]
async fn a_deployer_that_waits_too_long_says_for_whom() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    let pool = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_millis(50))
        .build()
        .await
        .unwrap();
    let folder = Folder::of(&[("001_slow", "SELECT pg_sleep(1);", "")]);
    let (first, second) = tokio::join!(pool.migrate_tenant("client1", folder.migrations()), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        pool.migrate_tenant("client1", folder.migrations()).await
    });
    first.unwrap();
    let message = chain(&second.unwrap_err());
    assert!(
        message.starts_with("another migration of tenant \"client1\" was still running after 50ms"),
        "{message}"
    );
}

#[tokio::test]
async fn an_unknown_tenant_is_not_migrated_into_another_schema() {
    let (pool, database) = empty().await;
    let message = chain(&pool.migrate_tenant("client9", TENANT).await.unwrap_err());
    assert!(
        message.starts_with("can't migrate tenant \"client9\": there is no such schema"),
        "{message}"
    );
    assert_eq!(tables(&database, "public"), [""; 0]);
    let message = chain(&pool.migrate_tenant("public", TENANT).await.unwrap_err());
    assert!(message.contains("\"public\" is the shared schema"), "{message}");
}

#[tokio::test]
async fn an_applied_version_without_its_migration_cannot_be_reverted() {
    let (pool, database) = empty().await;
    database.run("CREATE SCHEMA client1");
    let folder = Folder::of(&[("001_one", "CREATE TABLE one (id int);", "DROP TABLE one;")]);
    pool.migrate_tenant("client1", folder.migrations()).await.unwrap();
    let other = Folder::of(&[("002_two", "CREATE TABLE two (id int);", "DROP TABLE two;")]);
    let message = chain(
        &pool
            .revert_tenant("client1", other.migrations(), Revert::Last(1))
            .await
            .unwrap_err(),
    );
    assert_eq!(
        message,
        "can't revert version 001 of tenant \"client1\": none of the given migrations has that version"
    );
}

#[tokio::test]
async fn a_migration_that_ends_its_own_transaction_is_refused_before_anything_is_sent() {
    let (pool, database) = empty().await;
    database.run("CREATE SCHEMA client1");
    let folder = Folder::of(&[(
        "001_commit",
        "CREATE TABLE one (id int); COMMIT; CREATE TABLE two (id int);",
        "",
    )]);
    let message = chain(&pool.migrate_tenant("client1", folder.migrations()).await.unwrap_err());
    assert!(
        message.starts_with("can't migrate tenant \"client1\": migration 001_commit contains COMMIT"),
        "{message}"
    );
    assert_eq!(tables(&database, "client1"), [""; 0]);
}

#[test]
fn a_current_thread_runtime_is_enough_also_for_migrations_in_rust() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (pool, database) = empty().await;
        let migrations = || {
            RustMigrations(vec![
                ("001", |connection| {
                    connection.batch_execute("CREATE TABLE words (word text)")?;
                    Ok(())
                }),
                ("002", |connection| {
                    // Reads from the connection, so that its SQL can't be known beforehand.
                    let connection = connection
                        .downcast_mut::<diesel_tenants::migrations::BlockingConnection>()
                        .ok_or("migrations run on a BlockingConnection")?;
                    use diesel::RunQueryDsl;
                    let inserted = diesel::sql_query("INSERT INTO words SELECT 'word' FROM generate_series(1, 3)")
                        .execute(connection)?;
                    diesel::sql_query(format!("INSERT INTO words VALUES ('{inserted}')")).execute(connection)?;
                    Ok(())
                }),
                ("003", |connection| {
                    connection.batch_execute("INSERT INTO words VALUES ('last')")?;
                    Err("no, not this one".into())
                }),
            ])
        };
        database.run("CREATE SCHEMA client1");
        let message = chain(&pool.migrate_tenant("client1", migrations()).await.unwrap_err());
        assert!(
            message.starts_with("migration 003 of tenant \"client1\"") && message.ends_with("no, not this one"),
            "{message}"
        );
        let words: Vec<String> = database
            .query_strings("SELECT word FROM client1.words")
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        assert_eq!(words, ["word", "word", "word", "3"]);
    });
}

#[tokio::test]
async fn to_ask_what_is_pending_runs_no_migration_in_rust() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let (pool, database) = empty().await;
    database.run("CREATE SCHEMA client1");
    let migrations = || {
        RustMigrations(vec![("001", |connection| {
            CALLS.fetch_add(1, SeqCst);
            // Does nothing on a connection of another type, as the one is to which migrations are first shown.
            if let Some(connection) = connection.downcast_mut::<diesel_tenants::migrations::BlockingConnection>() {
                use diesel::RunQueryDsl;
                diesel::sql_query("CREATE TABLE words (word text)").execute(connection)?;
            }
            Ok(())
        })])
    };
    assert_eq!(pool.pending_tenant("client1", migrations()).await.unwrap().len(), 1);
    assert_eq!(CALLS.load(SeqCst), 0);
    pool.migrate_tenant("client1", migrations()).await.unwrap();
    assert_eq!(tables(&database, "client1"), ["__diesel_schema_migrations", "words"]);
    pool.migrate_tenant("client1", migrations()).await.unwrap();
    assert_eq!(CALLS.load(SeqCst), 2, "once to be recorded, once to be run");
}

#[tokio::test]
async fn a_broken_down_script_holds_up_nothing_but_its_own_revert() {
    let (pool, database) = empty().await;
    database.run("CREATE SCHEMA client1");
    let folder = Folder::of(&[("001_one", "CREATE TABLE one (id int)", "DROP TABLE one; COMMIT")]);
    assert_eq!(
        pool.migrate_tenant("client1", folder.migrations()).await.unwrap().len(),
        1
    );
    let message = chain(
        &pool
            .revert_tenant("client1", folder.migrations(), Revert::Last(1))
            .await
            .unwrap_err(),
    );
    assert!(
        message.starts_with("can't migrate tenant \"client1\": migration 001_one contains COMMIT"),
        "{message}"
    );
}

#[tokio::test]
async fn behind_a_pooler_a_migration_without_transaction_needs_a_way_past() {
    let database = Server::shared().database();
    let role = format!("role_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'x'; ALTER ROLE {role} SET search_path = ''; CREATE SCHEMA client1"
    ));
    let (_, address) = database.url().split_once('@').unwrap();
    let builder = TenantPool::builder(format!("postgres://{role}:x@{address}")).search_path_from_role();
    let folder = Folder::of(&[("001_alone", "CREATE TABLE one (id int)", "")]).without_transaction("001_alone");
    let pool = builder.build().await.unwrap();
    let message = chain(&pool.migrate_tenant("client1", folder.migrations()).await.unwrap_err());
    assert!(
        message.contains("give a URL that bypasses the pooler to `migration_url`"),
        "{message}"
    );
    assert_eq!(tables(&database, "client1"), [""; 0]);
    let builder = TenantPool::builder(format!("postgres://{role}:x@{address}")).search_path_from_role();
    let past = builder.migration_url(database.url()).build().await.unwrap();
    assert_eq!(
        past.migrate_tenant("client1", folder.migrations()).await.unwrap().len(),
        1
    );
    drop((pool, past));
    database.run(&format!("DROP ROLE {role}"));
}

#[tokio::test]
async fn a_cancelled_migration_leaves_nothing() {
    let (pool, database) = empty().await;
    database.run("CREATE SCHEMA client1");
    let folder = Folder::of(&[("001_slow", "CREATE TABLE one (id int); SELECT pg_sleep(0.5);", "")]);
    let given_up = tokio::time::timeout(
        Duration::from_millis(200),
        pool.migrate_tenant("client1", folder.migrations()),
    )
    .await;
    assert!(given_up.is_err());
    assert_eq!(tables(&database, "client1"), ["__diesel_schema_migrations"]);
    assert_eq!(
        versions(&pool.migrate_tenant("client1", folder.migrations()).await.unwrap()),
        ["001"]
    );
}

/// Migrations written in Rust.
pub struct RustMigrations(pub Vec<(&'static str, Run)>);

type Run = fn(&mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()>;

impl MigrationSource<Pg> for RustMigrations {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        let boxed =
            |&(version, run): &(&'static str, Run)| Box::new(RustMigration { version, run }) as Box<dyn Migration<Pg>>;
        Ok(self.0.iter().map(boxed).collect())
    }
}

struct RustMigration {
    version: &'static str,
    run: Run,
}

impl Migration<Pg> for RustMigration {
    fn run(&self, connection: &mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        (self.run)(connection)
    }

    fn revert(&self, _: &mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        Ok(())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for RustMigration {}

impl MigrationName for RustMigration {
    fn version(&self) -> MigrationVersion<'_> {
        self.version.into()
    }
}

impl std::fmt::Display for RustMigration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.version)
    }
}
