//! Extensions that migrations rely on, and don't create.

use diesel_tenants::{TenantPool, rust_schema::RustSchemaError};
use diesel_tenants_test_support::{Server, chain};

use crate::setting::Sql;

const TREE: &str = "CREATE TABLE tree (id int PRIMARY KEY, path ltree NOT NULL)";

#[tokio::test]
async fn a_scratch_database_has_the_extensions_of_the_live_one_in_their_schemas() {
    let database = Server::shared().database();
    database.run(
        "CREATE SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; \
         CREATE SCHEMA \"odd \"\"one\"\"\"; CREATE EXTENSION hstore SCHEMA \"odd \"\"one\"\"\"",
    );
    let pool = TenantPool::builder(database.url())
        .extension_schemas(["ext"])
        .build()
        .await
        .unwrap();
    let request = pool.rust_schema();
    let odd = Sql::of("CREATE TABLE plans (id int PRIMARY KEY, title citext, more \"odd \"\"one\"\"\".hstore)");
    let schema = request.from_migrations(odd, Sql::of(TREE)).await.unwrap();
    assert!(schema.tenant().contains("path -> Ltree,"), "{}", schema.tenant());
    let declared = "#[diesel(postgres_type(name = \"ltree\", schema = \"ext\"))]";
    assert!(schema.shared().contains(declared), "{}", schema.shared());
    assert!(
        schema.shared().contains("title -> Nullable<Citext>,"),
        "{}",
        schema.shared()
    );

    // One that a migration creates is not in its way; neither is its schema.
    for shared in [
        "CREATE EXTENSION ltree SCHEMA public",
        "CREATE SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext",
        "CREATE SCHEMA IF NOT EXISTS ext; CREATE EXTENSION IF NOT EXISTS ltree SCHEMA ext",
    ] {
        let schema = request.from_migrations(Sql::of(shared), Sql::of("")).await;
        schema.unwrap_or_else(|error| panic!("{shared}: {}", chain(&error)));
    }
    // And `set_up` may create what is there.
    let set_up = request
        .clone()
        .set_up("CREATE SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext");
    set_up.from_migrations(Sql::of(""), Sql::of(TREE)).await.unwrap();
}

#[tokio::test]
async fn an_extension_that_the_role_cannot_create_is_named_if_a_migration_fails() {
    let database = Server::shared().database();
    let role = format!("schema_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret' CREATEDB; CREATE SCHEMA ext; CREATE EXTENSION pageinspect SCHEMA ext; \
         GRANT CREATE ON DATABASE {} TO {role}; GRANT CREATE ON SCHEMA public TO {role}",
        database.name()
    ));
    let (_, server) = database.url().split_once('@').unwrap();
    let pool = TenantPool::builder(format!("postgres://{role}:secret@{server}"))
        .extension_schemas(["ext"])
        .build()
        .await
        .unwrap();
    let request = pool.rust_schema();
    let tables = || Sql::of("CREATE TABLE plans (id int PRIMARY KEY)");
    request.from_migrations(tables(), Sql::of("")).await.unwrap();
    let needs_it = Sql::of("CREATE VIEW pages AS SELECT * FROM page_header(''::bytea)");
    let error = request.from_migrations(tables(), needs_it).await.unwrap_err();
    assert!(matches!(error, RustSchemaError::MissingExtensions { .. }), "{error}");
    let told = chain(&error);
    assert!(
        told.contains(
            "lacks extensions of the live database that can't be created there: pageinspect (permission denied"
        ) && told.contains("give `template` a database that has these extensions and nothing else")
            && told.contains("page_header"),
        "{told}"
    );
    pool.close();
    drop(pool);
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
