//! The directory's tables: whom they list, and that they and the registry are one truth.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, DirectoryCache, LifecycleError, Mysql, MysqlPoolBuilder, TenantPool, TenantStatus,
    directory::DirectoryTables,
};
use diesel_tenants_test_support::chain;

use crate::store::{NoMigrations, connection, url};

/// A shared database of one test, with a directory.
pub struct General {
    pub pool: TenantPool<Mysql>,
    pub number: usize,
}

impl General {
    pub async fn new(options: impl FnOnce(MysqlPoolBuilder) -> MysqlPoolBuilder) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let builder = Self::builder(number).directory(DirectoryTables::new());
        let pool = options(builder).build().await.unwrap();
        pool.prepare_directory().await.unwrap();
        pool.prepare_directory().await.unwrap();
        Self { pool, number }
    }

    /// A pool for the same database, which knows no directory yet.
    pub fn builder(number: usize) -> MysqlPoolBuilder {
        TenantPool::builder(url())
            .shared_schema(format!("general{number}"))
            .max_size(2)
            .reuse_after(Duration::ZERO)
    }

    /// A tenant's name that no other test has.
    pub fn name(&self, name: &str) -> String {
        format!("{name}of{}", self.number)
    }

    /// Runs SQL of the application, in which `general` is the shared database.
    pub async fn run(&self, sql: &str) -> QueryResult<()> {
        let sql = sql.replace("general.", &format!("general{}.", self.number));
        self.pool.shared().get().await.unwrap().batch_execute(&sql).await
    }

    /// Name, place and status of each row, without the number of the test.
    pub async fn rows(&self) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Entry {
            #[diesel(sql_type = diesel::sql_types::Text)]
            entry: String,
        }

        let sql = format!(
            "SELECT CONCAT(name, ' ', schema_name, COALESCE(CONCAT(' in ', database_name), ''), ' ', status) AS entry \
             FROM general{}.tenants ORDER BY name",
            self.number
        );
        let entries: Vec<Entry> = diesel::sql_query(sql).load(&mut connection().await).await.unwrap();
        let number = format!("of{}", self.number);
        entries.into_iter().map(|row| row.entry.replace(&number, "")).collect()
    }

    /// By which other servers know this directory.
    pub async fn directory_id(&self) -> String {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            directory: String,
        }

        let sql = format!("SELECT directory FROM general{}.__diesel_tenants_version", self.number);
        let row: Row = diesel::sql_query(sql)
            .get_result(&mut connection().await)
            .await
            .unwrap();
        row.directory
    }

    async fn error_of(&self, tenant: &str) -> CheckoutError {
        self.pool.for_tenant(tenant).get().await.unwrap_err()
    }
}

#[tokio::test]
async fn a_tenants_row_follows_it_through_its_life() {
    let general = General::new(|builder| builder).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    pool.create_tenant(name("it's"), NoMigrations).await.unwrap();
    assert_eq!(general.rows().await, ["it's it's active"]);
    pool.rename_tenant(name("it's"), name("one")).await.unwrap();
    assert_eq!(general.rows().await, ["one one active"]);
    assert!(matches!(
        general.error_of(&name("it's")).await,
        CheckoutError::UnknownTenant { .. }
    ));
    pool.suspend_tenant(name("one")).await.unwrap();
    assert_eq!(general.rows().await, ["one one suspended"]);
    assert!(matches!(
        general.error_of(&name("one")).await,
        CheckoutError::SuspendedTenant { .. }
    ));
    let archive = pool.archive_tenant(name("one")).await.unwrap();
    let kept = archive.as_str().replace(&format!("of{}", general.number), "");
    assert_eq!(general.rows().await, [format!("{kept} {kept} archived")]);
    assert!(pool.tenants().await.unwrap().is_empty());
    assert!(matches!(
        general.error_of(archive.as_str()).await,
        CheckoutError::UnknownTenant { .. }
    ));
    pool.restore_tenant(&archive, name("two")).await.unwrap();
    assert_eq!(general.rows().await, ["two two suspended"]);
    pool.resume_tenant(name("two")).await.unwrap();
    pool.clone_tenant(name("two"), name("three")).await.unwrap();
    assert_eq!(general.rows().await, ["three three active", "two two active"]);
    pool.for_tenant(name("three")).get().await.unwrap();
    let archive = pool.archive_tenant(name("two")).await.unwrap();
    assert_eq!(
        pool.drop_archived(Duration::ZERO).await.unwrap().dropped[0].archive,
        archive
    );
    pool.drop_tenant(name("three")).await.unwrap();
    assert!(general.rows().await.is_empty());
    assert!(pool.all_tenants().await.unwrap().is_empty());
}

#[tokio::test]
async fn tenants_from_before_the_directory_are_entered_and_a_pool_without_it_changes_none() {
    let general = General::new(|builder| builder).await;
    let (number, name) = (general.number, |name| general.name(name));
    general
        .run("DROP TABLE general.domains; DROP TABLE general.tenants")
        .await
        .unwrap();
    let plain = General::builder(number).build().await.unwrap();
    for tenant in ["old", "sleeping", "kept"] {
        plain.create_tenant(name(tenant), NoMigrations).await.unwrap();
    }
    plain.suspend_tenant(name("sleeping")).await.unwrap();
    let archive = plain.archive_tenant(name("kept")).await.unwrap();
    general.pool.prepare_directory().await.unwrap();
    let kept = archive.as_str().replace(&format!("of{number}"), "");
    let rows = [
        format!("{kept} {kept} archived"),
        "old old active".to_owned(),
        "sleeping sleeping suspended".to_owned(),
    ];
    assert_eq!(general.rows().await, rows);
    for refused in [
        plain.create_tenant(name("new"), NoMigrations).await.map(drop),
        plain.rename_tenant(name("old"), name("new")).await,
        plain.suspend_tenant(name("old")).await,
        plain.archive_tenant(name("old")).await.map(drop),
        plain.restore_tenant(&archive, name("new")).await,
        plain.drop_tenant(name("old")).await,
    ] {
        assert!(
            matches!(refused, Err(LifecycleError::DirectoryIgnored { .. })),
            "{refused:?}"
        );
    }
    assert!(plain.clone_tenant(name("old"), name("new")).await.is_err());
    let error = plain.sweep().await.unwrap_err();
    assert!(error.to_string().contains("DirectoryTables"), "{error}");
    let found = General::builder(number)
        .directory_tables_if_found()
        .build()
        .await
        .unwrap();
    found.drop_tenant(name("old")).await.unwrap();
    found.restore_tenant(&archive, name("back")).await.unwrap();
    found.sweep().await.unwrap();
    assert_eq!(
        general.rows().await,
        ["back back active", "sleeping sleeping suspended"]
    );
}

#[tokio::test]
async fn a_row_needs_a_database_of_the_registry_and_a_database_without_a_row_is_no_tenants() {
    let general = General::new(|builder| builder).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    for tenant in ["one", "two"] {
        pool.create_tenant(name(tenant), NoMigrations).await.unwrap();
    }
    let (one, stranger) = (name("one"), name("stranger"));
    connection()
        .await
        .batch_execute(&format!("CREATE DATABASE {stranger}"))
        .await
        .unwrap();
    for (wrong, why) in [
        (
            format!("INSERT INTO general.tenants (name, schema_name) VALUES ('{stranger}', '{stranger}')"),
            "registered",
        ),
        (
            format!("INSERT INTO general.tenants (name, schema_name) VALUES ('thief', '{one}')"),
            "tenants_place",
        ),
        (
            format!("INSERT INTO general.tenants (name, schema_name, tenant_id) VALUES ('r', '{one}', '42')"),
            "tenants_share_no_tables",
        ),
        (
            format!("UPDATE general.tenants SET status = 'spare' WHERE name = '{one}'"),
            "tenants_known_status",
        ),
        (
            format!("DELETE FROM general.__diesel_tenants WHERE name = '{one}'"),
            "registered",
        ),
    ] {
        let error = general.run(&wrong).await.unwrap_err();
        assert!(error.to_string().contains(why), "{wrong}: {error}");
    }
    general
        .run(&format!("DELETE FROM general.tenants WHERE name = '{one}'"))
        .await
        .unwrap();
    let deleted = Instant::now();
    while pool.for_tenant(&one).get().await.is_ok() {
        assert!(deleted.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for refused in [
        pool.create_tenant(&one, NoMigrations).await.map(drop),
        pool.rename_tenant(name("two"), &one).await,
    ] {
        assert!(
            matches!(refused, Err(LifecycleError::AlreadyExists { .. })),
            "{refused:?}"
        );
    }
    assert!(matches!(
        pool.rename_tenant(&one, name("three")).await,
        Err(LifecycleError::NotFound { .. })
    ));
    pool.drop_tenant(&one).await.unwrap();
    pool.create_tenant(&one, NoMigrations).await.unwrap();
}

#[tokio::test]
async fn users_add_columns_and_rows_and_what_they_write_by_hand_is_seen_by_all() {
    diesel::table! { general.tenants (name) { name -> Text, status -> Text, plan -> Text, paid_until -> Nullable<Date> } }

    let for_long = DirectoryCache::new().ttl(Duration::from_secs(3600));
    let general = General::new(|builder| builder.directory_cache(for_long)).await;
    let one = general.name("one");
    general
        .run("ALTER TABLE general.tenants ADD COLUMN plan VARCHAR(20) NOT NULL DEFAULT 'small', ADD COLUMN paid_until DATE")
        .await
        .unwrap();
    let pool = &general.pool;
    pool.create_tenant(&one, NoMigrations).await.unwrap();
    general
        .run(&format!(
            "UPDATE general.tenants SET plan = 'large' WHERE name = '{one}'"
        ))
        .await
        .unwrap();
    let two = general.name("two");
    pool.rename_tenant(&one, &two).await.unwrap();
    let map = diesel_tenants::SchemaTranslateMap::new()
        .with("general", format!("general{}", general.number).parse().unwrap());
    let mut conn = pool.with_map(map).get().await.unwrap();
    let found: Vec<(String, String)> = tenants::table
        .filter(tenants::status.eq("active").and(tenants::paid_until.is_null()))
        .select((tenants::name, tenants::plan))
        .load(&mut conn)
        .await
        .unwrap();
    drop(conn);
    assert_eq!(found, [(two.clone(), "large".to_owned())]);

    // Another process, which remembers for long, sees it soon; and so does the registry.
    pool.for_tenant(&two).get().await.unwrap();
    let mut other = connection().await;
    let write = |sql: String| sql.replace("general.", &format!("general{}.", general.number));
    other
        .batch_execute(&write(format!(
            "UPDATE general.tenants SET status = 'suspended' WHERE name = '{two}'"
        )))
        .await
        .unwrap();
    let begun = Instant::now();
    while pool.for_tenant(&two).get().await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(2), "it is still handed out");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(pool.all_tenants().await.unwrap()[0].status, TenantStatus::Suspended);
    pool.resume_tenant(&two).await.unwrap();
    pool.for_tenant(&two).get().await.unwrap();

    general
        .run("ALTER TABLE general.tenants ADD COLUMN owner VARCHAR(20) NOT NULL")
        .await
        .unwrap();
    let error = pool
        .create_tenant(general.name("three"), NoMigrations)
        .await
        .unwrap_err();
    assert!(matches!(error, LifecycleError::DirectoryUnusable { .. }), "{error:?}");
    assert!(
        chain(&error).contains("need a default") && chain(&error).contains("owner"),
        "{}",
        chain(&error)
    );
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_domain_that_another_process_gives_or_takes_leads_there_within_two_seconds() {
    let for_long = DirectoryCache::new()
        .ttl(Duration::from_secs(3600))
        .negative_ttl(Duration::from_secs(3600));
    let general = General::new(|builder| builder.directory_cache(for_long)).await;
    let (one, two) = (general.name("one"), general.name("two"));
    for tenant in [&one, &two] {
        general.pool.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    let other = General::builder(general.number)
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    let leads = async |domain: &str| {
        let tenant = general.pool.tenant_of_domain(domain).await.unwrap();
        tenant.map(|tenant| tenant.to_string())
    };
    let soon = async |domain: &str, tenant: Option<&String>| {
        let begun = Instant::now();
        while leads(domain).await.as_ref() != tenant {
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "{domain} leads to {:?}",
                leads(domain).await
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert_eq!(leads("cars.example.org").await, None);
    other.add_domain(&one, "cars.example.org").await.unwrap();
    soon("cars.example.org", Some(&one)).await;
    general
        .run(&format!(
            "UPDATE general.domains SET tenant = '{two}' WHERE domain = 'cars.example.org'"
        ))
        .await
        .unwrap();
    soon("cars.example.org", Some(&two)).await;
    other.rename_tenant(&two, general.name("three")).await.unwrap();
    soon("cars.example.org", Some(&general.name("three"))).await;
    other.remove_domain("cars.example.org").await.unwrap();
    soon("cars.example.org", None).await;
}

#[tokio::test]
async fn a_name_to_which_domains_led_stays_closed_while_a_process_may_remember_them() {
    let general = General::new(|builder| builder.reuse_after(Duration::from_secs(65))).await;
    let (pool, one, two) = (&general.pool, general.name("one"), general.name("two"));
    pool.create_tenant(&one, NoMigrations).await.unwrap();
    pool.add_domain(&one, "one.example").await.unwrap();
    pool.rename_tenant(&one, &two).await.unwrap();
    let error = pool.create_tenant(&one, NoMigrations).await.unwrap_err();
    assert!(matches!(error, LifecycleError::LeftLately { .. }), "{}", chain(&error));
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1, "nothing was made");
    // By hand, the default holds.
    let by_hand = format!("UPDATE general.tenants SET name = '{one}x' WHERE name = '{two}'");
    general.run(&by_hand).await.unwrap();
    let taken =
        format!("INSERT INTO general.tenants (name, schema_name, database_name) VALUES ('{two}', 'x', 'shard')");
    assert!(
        general
            .run(&taken)
            .await
            .unwrap_err()
            .to_string()
            .contains("tenants_left")
    );
    // Its own name is free for the tenant that had it.
    general
        .run(&format!(
            "UPDATE general.tenants SET name = '{two}' WHERE name = '{one}x'"
        ))
        .await
        .unwrap();
    pool.rename_tenant(&two, &one).await.unwrap();
    assert_eq!(
        pool.tenant_of_domain("one.example").await.unwrap().unwrap().as_str(),
        one
    );
}

#[tokio::test]
async fn each_tenant_that_gets_a_name_has_a_number_of_its_own() {
    let general = General::new(|builder| builder).await;
    let one = general.name("one");
    let number = async || {
        general.pool.create_tenant(&one, NoMigrations).await.unwrap();
        #[derive(QueryableByName)]
        struct Number {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            number: i64,
        }
        let sql = format!(
            "SELECT number FROM general{}.__diesel_tenants WHERE name = '{one}'",
            general.number
        );
        let row: Number = diesel::sql_query(sql)
            .get_result(&mut connection().await)
            .await
            .unwrap();
        row.number
    };
    let first = number().await;
    general.pool.suspend_tenant(&one).await.unwrap();
    general.pool.drop_tenant(&one).await.unwrap();
    assert!(number().await > first);
}
