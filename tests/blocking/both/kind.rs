//! A kind of database, as the scenarios see it.

use diesel::{PgConnection, connection::SimpleConnection, prelude::*};
use diesel_tenants::{
    CheckoutError, FleetReport, LifecycleError, TranslateDsl,
    blocking::{Backend, Checkout, TenantPool, TenantPoolBuilder},
    directory::FixedDirectory,
};
use diesel_tenants_test_support::Database;

use crate::store::{items, orders, users};

/// A kind of database. Diesel's queries are written once, and compiled for each of them.
pub trait Kind: Backend<Database: 'static> {
    /// What has the database, until it is dropped.
    type Store: Sync;

    /// Two shared users, and two tenants with two items each, whose prices differ in every row.
    fn store() -> Self::Store;
    /// A database without tenants.
    fn empty() -> Self::Store;
    fn builder(store: &Self::Store) -> TenantPoolBuilder<Self>;

    fn pool(store: &Self::Store) -> TenantPool<Self> {
        Self::builder(store).max_size(3).build().expect("a pool")
    }

    fn prices(conn: &mut Checkout<Self>) -> QueryResult<Vec<i32>>;
    fn prices_in(conn: &mut Checkout<Self>, schema: &str) -> QueryResult<Vec<i32>>;
    /// Who ordered at which price.
    fn lines(conn: &mut Checkout<Self>) -> QueryResult<Vec<(String, i32)>>;
    fn users(conn: &mut Checkout<Self>) -> QueryResult<i64>;
    /// Raises the price of the first item by 1.
    fn raise(conn: &mut Checkout<Self>) -> QueryResult<usize>;
    /// Sets all prices to 0, and panics, in a transaction.
    fn panic_in_transaction(conn: &mut Checkout<Self>);
    /// Inserts as many items in one statement.
    fn insert_batch(conn: &mut Checkout<Self>, ids: std::ops::Range<i32>) -> QueryResult<usize>;

    fn with_directory(builder: TenantPoolBuilder<Self>, directory: FixedDirectory) -> TenantPoolBuilder<Self>;
    fn with_share(builder: TenantPoolBuilder<Self>, share: usize) -> TenantPoolBuilder<Self>;

    fn migrate_shared(pool: &TenantPool<Self>) -> usize;
    fn create(pool: &TenantPool<Self>, tenant: &str) -> Result<usize, LifecycleError>;
    fn ensure(pool: &TenantPool<Self>, tenant: &str) -> Result<usize, LifecycleError>;
    fn migrate(pool: &TenantPool<Self>, tenant: &str) -> usize;
    fn migrate_all(pool: &TenantPool<Self>) -> FleetReport;
    fn rename(pool: &TenantPool<Self>, from: &str, to: &str) -> Result<(), LifecycleError>;
    fn suspend(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError>;
    fn resume(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError>;
    fn drop_tenant(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError>;
    fn tenants(pool: &TenantPool<Self>) -> Result<Vec<String>, CheckoutError>;
}

macro_rules! kind {
    ($kind:ty, shared: $shared:expr, tenant: $tenant:expr, { $($store:tt)* }) => {
        impl Kind for $kind {
            $($store)*

            fn prices(conn: &mut Checkout<Self>) -> QueryResult<Vec<i32>> {
                items::table.order(items::id).select(items::price).load(conn)
            }

            fn prices_in(conn: &mut Checkout<Self>, schema: &str) -> QueryResult<Vec<i32>> {
                items::table.order(items::id).select(items::price).in_schema(schema).load(conn)
            }

            fn lines(conn: &mut Checkout<Self>) -> QueryResult<Vec<(String, i32)>> {
                let lines = users::table
                    .inner_join(orders::table.inner_join(items::table))
                    .order(orders::id)
                    .select((users::name, items::price));
                conn.transaction(|conn| lines.load(conn))
            }

            fn users(conn: &mut Checkout<Self>) -> QueryResult<i64> {
                users::table.count().get_result(conn)
            }

            fn raise(conn: &mut Checkout<Self>) -> QueryResult<usize> {
                diesel::update(items::table.find(1)).set(items::price.eq(items::price + 1)).execute(conn)
            }

            fn panic_in_transaction(conn: &mut Checkout<Self>) {
                let _: QueryResult<()> = conn.transaction(|conn| {
                    diesel::update(items::table).set(items::price.eq(0)).execute(conn)?;
                    panic!("in a transaction")
                });
            }

            fn insert_batch(conn: &mut Checkout<Self>, ids: std::ops::Range<i32>) -> QueryResult<usize> {
                let rows: Vec<_> = ids
                    .map(|id| (items::id.eq(id), items::description.eq(format!("item {id}")), items::price.eq(id)))
                    .collect();
                diesel::insert_into(items::table).values(&rows).execute(conn)
            }

            fn with_directory(builder: TenantPoolBuilder<Self>, directory: FixedDirectory) -> TenantPoolBuilder<Self> {
                builder.options(|options| options.directory(directory))
            }

            fn with_share(builder: TenantPoolBuilder<Self>, share: usize) -> TenantPoolBuilder<Self> {
                builder.options(|options| options.max_per_tenant(share))
            }

            fn migrate_shared(pool: &TenantPool<Self>) -> usize {
                pool.migrate_shared($shared).expect("migrations").len()
            }

            fn create(pool: &TenantPool<Self>, tenant: &str) -> Result<usize, LifecycleError> {
                Ok(pool.create_tenant(tenant, $tenant)?.len())
            }

            fn ensure(pool: &TenantPool<Self>, tenant: &str) -> Result<usize, LifecycleError> {
                Ok(pool.ensure_tenant(tenant, $tenant)?.len())
            }

            fn migrate(pool: &TenantPool<Self>, tenant: &str) -> usize {
                pool.migrate_tenant(tenant, $tenant).expect("migrations").len()
            }

            fn migrate_all(pool: &TenantPool<Self>) -> FleetReport {
                pool.migrate_tenants($tenant).expect("migrations")
            }

            fn rename(pool: &TenantPool<Self>, from: &str, to: &str) -> Result<(), LifecycleError> {
                pool.rename_tenant(from, to)
            }

            fn suspend(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.suspend_tenant(tenant)
            }

            fn resume(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.resume_tenant(tenant)
            }

            fn drop_tenant(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.drop_tenant(tenant)
            }

            fn tenants(pool: &TenantPool<Self>) -> Result<Vec<String>, CheckoutError> {
                let tenants = pool.tenants()?.into_iter();
                Ok(tenants.map(|tenant| format!("{} {:?}", tenant.name, tenant.status)).collect())
            }
        }
    };
}

kind! {
    PgConnection,
    shared: diesel_tenants::diesel_migrations::FileBasedMigrations::from_path("migrations").expect("a folder"),
    tenant: diesel_tenants::diesel_migrations::FileBasedMigrations::from_path("tenant_migrations").expect("a folder"),
    {
        type Store = Database;

        fn store() -> Database {
            crate::store::database()
        }

        fn empty() -> Database {
            diesel_tenants_test_support::Server::shared().database()
        }

        fn builder(store: &Database) -> TenantPoolBuilder<Self> {
            TenantPool::builder(store.url())
        }
    }
}

#[cfg(feature = "sqlite")]
kind! {
    diesel_tenants::Sqlite,
    shared: crate::files::migrations(&[crate::files::USERS]),
    tenant: crate::files::migrations(&[crate::files::ITEMS, crate::files::ORDERS]),
    {
        type Store = tempfile::TempDir;

        fn store() -> tempfile::TempDir {
            let store = Self::empty();
            let pool = Self::pool(&store);
            Self::migrate_shared(&pool);
            let mut conn = pool.shared().get().expect("a connection");
            conn.batch_execute("INSERT INTO public.users VALUES (1, 'Ada'), (2, 'Grace')").expect("users");
            drop(conn);
            for (tenant, prices) in [("client1", [5000, 2000]), ("client2", [1000, 100])] {
                Self::create(&pool, tenant).expect("a tenant");
                let mut conn = pool.for_tenant(tenant).get().expect("a connection");
                let rows = format!(
                    "INSERT INTO items VALUES (1, '{tenant} Tesla', {}), (2, '{tenant} Huawei', {}); \
                     INSERT INTO orders VALUES (1, 1, 1, 1), (2, 2, 2, 2)",
                    prices[0], prices[1]
                );
                conn.batch_execute(&rows).expect("rows");
            }
            store
        }

        fn empty() -> tempfile::TempDir {
            tempfile::tempdir().expect("a folder")
        }

        fn builder(store: &tempfile::TempDir) -> TenantPoolBuilder<Self> {
            TenantPool::builder(diesel_tenants::SqliteFolder::new(store.path()))
        }
    }
}
