use diesel_tenants::{TenantPool, TenantPoolBuilder};
use diesel_tenants_test_support::{Database, Server};

/// A database with shared users and two tenants, whose data differ in every row.
pub struct Store {
    pub pool: TenantPool,
    // Dropped after the pool, whose connections would be in its way.
    pub database: Database,
}

impl Store {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    /// One connection for everybody: each checkout gets the one that the last one had.
    pub async fn on_one_connection() -> Self {
        Self::with(|builder| builder.max_size(1)).await
    }

    pub async fn with(options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> Self {
        Self::on(Server::shared(), options).await
    }

    pub async fn on(server: &Server, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> Self {
        let database = server.database();
        database.run(
            "CREATE TABLE public.users (id int PRIMARY KEY, name text NOT NULL);
             INSERT INTO public.users VALUES (1, 'Ada'), (2, 'Grace');",
        );
        for (tenant, tesla, huawei) in [("client1", 5000, 2000), ("client2", 1000, 100)] {
            database.run(&format!(
                "CREATE SCHEMA {tenant};
                 CREATE TABLE {tenant}.items (id int PRIMARY KEY, description text NOT NULL, price int NOT NULL);
                 CREATE TABLE {tenant}.orders (
                     id serial PRIMARY KEY,
                     user_id int NOT NULL REFERENCES public.users,
                     item_id int NOT NULL REFERENCES {tenant}.items,
                     quantity int NOT NULL
                 );
                 INSERT INTO {tenant}.items VALUES (1, '{tenant} Tesla', {tesla}), (2, '{tenant} Huawei', {huawei});
                 INSERT INTO {tenant}.orders (user_id, item_id, quantity) VALUES (1, 1, 1), (2, 2, 2);"
            ));
        }
        let pool = options(TenantPool::builder(database.url()))
            .build()
            .await
            .expect("the test's server is up");
        Self { pool, database }
    }

    /// The single value of a query, as text, over a connection of the test's own.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.database.query_strings(sql);
        rows.into_iter().flatten().next().flatten().unwrap_or_default()
    }
}
