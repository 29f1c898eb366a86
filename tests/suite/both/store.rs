use diesel::QueryResult;
use diesel_migrations::FileBasedMigrations;
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::TestFolder;

use super::test_backend::{Options, TestBackend};

pub const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL); \
    INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace')";
pub const ITEMS: &str =
    "CREATE TABLE items (id INTEGER PRIMARY KEY, description TEXT NOT NULL, price INTEGER NOT NULL)";

/// Migrations, each given as its version and its SQL.
pub fn migrations(scripts: &[(&str, &str)]) -> FileBasedMigrations {
    let folder = TestFolder::new().expect("a folder").keep();
    for (version, sql) in scripts {
        let migration = folder.join(version);
        std::fs::create_dir(&migration).expect("a folder");
        std::fs::write(migration.join("up.sql"), sql).expect("a file");
        std::fs::write(migration.join("down.sql"), "DROP TABLE items").expect("a file");
    }
    FileBasedMigrations::from_path(folder).expect("migrations")
}

/// One migration, which makes the items.
pub fn items_only() -> FileBasedMigrations {
    migrations(&[("1_items", ITEMS)])
}

/// A database or folder, and a pool for it.
pub struct Store<B: TestBackend> {
    pub pool: TenantPool<B>,
    // Dropped after the pool, whose connections would be in its way.
    place: B::Place,
}

impl<B: TestBackend> Store<B> {
    /// A place without tenants.
    pub async fn empty(options: Options) -> Self {
        let place = B::place();
        let pool = B::pool(&place, options).await;
        Self { pool, place }
    }

    /// Shared users, and two tenants, whose data differ in every row.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let store = Self::empty(options).await;
        B::migrate_shared(&store.pool, migrations(&[("1_users", USERS)])).await;
        for (tenant, prices) in [("client1", [5000, 2000]), ("client2", [1000, 100])] {
            store.add(tenant, &prices).await;
        }
        store
    }

    /// Adds a tenant with items of these prices.
    pub async fn add(&self, tenant: &str, prices: &[i32]) {
        B::create(&self.pool, tenant, items_only()).await.unwrap();
        for (number, price) in prices.iter().enumerate() {
            let id = number + 1;
            let row = format!("INSERT INTO items VALUES ({id}, '{tenant} item {id}', {price})");
            self.run(tenant, &row).await.unwrap();
        }
    }

    /// Runs SQL in a tenant, by a checkout of its own.
    pub async fn run(&self, tenant: &str, sql: &str) -> QueryResult<()> {
        let mut conn = self.pool.for_tenant(tenant).get().await.unwrap();
        B::run(&mut conn, sql).await
    }

    /// The prices that a tenant sees.
    pub async fn prices(&self, tenant: &str) -> Vec<i32> {
        prices(&self.pool, tenant).await
    }

    /// Another pool for the same place, as another process has it.
    pub async fn other(&self, options: Options) -> TenantPool<B> {
        B::pool(&self.place, options).await
    }

    /// The names of the tenants.
    pub async fn names(&self) -> Vec<String> {
        let tenants = self.pool.tenants().await.unwrap();
        tenants.into_iter().map(|tenant| tenant.name.to_string()).collect()
    }
}

/// The prices that a tenant sees.
pub async fn prices<B: TestBackend>(pool: &TenantPool<B>, tenant: &str) -> Vec<i32> {
    B::prices(&mut pool.for_tenant(tenant).get().await.unwrap())
        .await
        .unwrap()
}
