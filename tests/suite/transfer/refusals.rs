use diesel_tenants::{ExportError, ImportError, LifecycleError, PostgresConnection, SchemaNameError, TenantPool};
use diesel_tenants_test_support::{Server, chain};
use tokio_postgres::NoTls;

use super::{export, import, try_import};
use crate::{clone::strings, rich::shop};

#[tokio::test]
async fn a_schema_that_exists_is_not_touched() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA client1; CREATE SCHEMA client2; CREATE TABLE client2.mine (id int)");
    let bytes = export(&pool, "client1").await;
    let error = try_import(&pool, "client2", &bytes).await.unwrap_err();
    assert!(
        matches!(&error, ImportError::Lifecycle(LifecycleError::AlreadyExists { tenant }) if tenant.as_str() == "client2"),
        "{error:?}"
    );
    assert_eq!(
        strings(
            &database,
            "SELECT relname FROM pg_class WHERE relnamespace = 'client2'::regnamespace"
        ),
        ["mine"]
    );
}

#[tokio::test]
async fn a_creation_that_was_given_up_is_no_tenant_and_is_replaced() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA other; CREATE TABLE other.items (id int); \
         CREATE SCHEMA client1; CREATE TABLE client1.__diesel_schema_migrations (version text); \
         COMMENT ON TABLE client1.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'",
    );
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ExportError::UnknownTenant { .. }), "{error:?}");
    let bytes = export(&pool, "other").await;
    import(&pool, "client1", &bytes).await;
    assert_eq!(
        strings(
            &database,
            "SELECT relname FROM pg_class WHERE relnamespace = 'client1'::regnamespace"
        ),
        ["items"]
    );
}

#[tokio::test]
async fn names_that_no_tenant_has_or_can_have_are_refused() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA client1");
    let bytes = export(&pool, "client1").await;
    for name in ["public", "ext", "pg_x", ""] {
        let error = pool.export_tenant(name).to(Vec::new()).await.unwrap_err();
        assert!(matches!(error, ExportError::InvalidName(_)), "{error:?}");
        let error = try_import(&pool, name, &bytes).await.unwrap_err();
        assert!(matches!(error, ImportError::InvalidName(_)), "{error:?}");
    }
    let error = try_import(&pool, "diesel-tenants spare 1", &bytes).await.unwrap_err();
    assert!(
        matches!(error, ImportError::InvalidName(SchemaNameError::Spare { .. })),
        "{error:?}"
    );
    let error = pool.export_tenant("nobody").to(Vec::new()).await.unwrap_err();
    assert_eq!(
        chain(&error),
        "can't export tenant \"nobody\": there is no such tenant in the database; `tenants` lists the existing tenants"
    );
}

#[tokio::test]
async fn what_the_target_lacks_is_named_before_anything_is_done() {
    let (pool, database) = shop().await;
    let role = format!("seller_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role}; CREATE TYPE public.size AS ENUM ('s', 'm'); CREATE DOMAIN public.email AS text; \
         CREATE FUNCTION public.tax(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; \
         CREATE TABLE public.prices (id int); CREATE VIEW public.cheap AS SELECT 1 AS id; CREATE SEQUENCE public.numbers; \
         CREATE SCHEMA client1; SET search_path = client1; \
         CREATE TABLE items (id int DEFAULT nextval('public.numbers'), user_id bigint REFERENCES public.users, \
             code ext.citext, codes ext.citext[], sizes public.size[], email public.email, \
             tax int GENERATED ALWAYS AS (public.tax(1)) STORED, price public.prices); \
         CREATE VIEW cheap AS SELECT * FROM public.cheap; \
         GRANT SELECT ON items TO {role}; CREATE POLICY p ON items TO {role}"
    ));
    let bytes = export(&pool, "client1").await;
    let empty = Server::shared().database();
    let other = TenantPool::builder(empty.url()).build().await.unwrap();
    let before = empty.schemas();
    let missing = match try_import(&other, "client1", &bytes).await.unwrap_err() {
        ImportError::Missing { objects, from, .. } => {
            assert_eq!(from, "client1");
            objects
        }
        error => panic!("{}", chain(&error)),
    };
    assert_eq!(
        missing,
        [
            "extension citext in schema ext",
            "function public.tax(integer)",
            "sequence public.numbers",
            "table public.prices",
            "table public.users",
            "type public.email",
            "type public.size",
            "view public.cheap",
        ]
    );
    assert_eq!(empty.schemas(), before);
    // The extension is there, and in another schema.
    empty.run(
        "CREATE EXTENSION citext; CREATE DOMAIN public.email AS text; CREATE SEQUENCE public.numbers; \
         CREATE TABLE public.prices (id int); CREATE TABLE public.users (id bigint PRIMARY KEY); \
         CREATE TYPE public.size AS ENUM ('s', 'm'); CREATE VIEW public.cheap AS SELECT 1 AS id; \
         CREATE FUNCTION public.tax(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'",
    );
    let message = chain(&try_import(&other, "client1", &bytes).await.unwrap_err());
    assert_eq!(
        message,
        "can't import tenant \"client1\", which was exported as \"client1\": this database lacks extension citext in schema ext; create \
         that first, for example by the shared migrations"
    );
    empty.run("CREATE SCHEMA ext; ALTER EXTENSION citext SET SCHEMA ext");
    import(&other, "client1", &bytes).await;
    database.run("DROP SCHEMA client1 CASCADE");
    empty.run(&format!(
        "DROP OWNED BY {role}; DROP SCHEMA client1 CASCADE; DROP ROLE {role}"
    ));
    let message = chain(&try_import(&other, "client1", &bytes).await.unwrap_err());
    assert!(
        message.contains(&format!("this database lacks role {role};")),
        "{message}"
    );
}

#[tokio::test]
async fn what_is_refused_for_a_clone_is_refused_for_an_export() {
    let (pool, database) = shop().await;
    database.run("CREATE SCHEMA client1; CREATE OPERATOR FAMILY client1.sorted USING btree");
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    assert!(
        matches!(&error, ExportError::Unsupported { objects, .. } if objects.len() == 1),
        "{error:?}"
    );
    database.run(
        "DROP OPERATOR FAMILY client1.sorted USING btree; CREATE FUNCTION client1.f() RETURNS void LANGUAGE plpgsql AS \
         $$ BEGIN EXECUTE 'DELETE FROM client1.items'; END $$",
    );
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    assert!(
        matches!(&error, ExportError::Unclear { objects, .. } if objects == &["function f()"]),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_pool_with_connections_of_its_own_making_needs_to_be_told_how_to_make_the_drivers() {
    let (_pool, database) = shop().await;
    database.run("CREATE SCHEMA client1; CREATE TABLE client1.items (id int)");
    let pool = TenantPool::builder(database.url())
        .extension_schemas(["ext"])
        .establish_with(|config| Box::pin(async move { PostgresConnection::connect(&config, NoTls).await }))
        .build()
        .await
        .unwrap();
    let error = pool.export_tenant("client1").to(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ExportError::NeedsTls { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("give the same TLS connector to `tls`"),
        "{error}"
    );
    let mut bytes = Vec::new();
    pool.export_tenant("client1").tls(NoTls).to(&mut bytes).await.unwrap();
    let error = try_import(&pool, "client2", &bytes).await.unwrap_err();
    assert!(matches!(error, ImportError::NeedsTls { .. }), "{error:?}");
    pool.import_tenant("client2").tls(NoTls).from(&bytes[..]).await.unwrap();
}

#[tokio::test]
async fn a_shared_row_that_the_target_lacks_is_told_with_the_foreign_key_that_leads_to_it() {
    let (pool, database) = shop().await;
    database.run(
        "CREATE SCHEMA client1; CREATE TABLE client1.orders (user_id bigint CONSTRAINT buyer REFERENCES public.users); \
         INSERT INTO client1.orders VALUES (2)",
    );
    let bytes = export(&pool, "client1").await;
    database.run("DROP SCHEMA client1 CASCADE; DELETE FROM public.users WHERE id = 2");
    let before = database.schemas();
    let message = chain(&try_import(&pool, "client1", &bytes).await.unwrap_err());
    assert!(
        message.starts_with("can't create foreign key buyer of orders in tenant \"client1\", to import it: "),
        "{message}"
    );
    assert_eq!(database.schemas(), before);
    database.run("INSERT INTO public.users VALUES (2, 'Bob')");
    import(&pool, "client1", &bytes).await;
}
