//! A tenant's migration that works outside of the tenant's schema is named, or refused.

use diesel_tenants::{FleetError, TenantPool, migrations::TenantOutcome};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

fn in_public() -> Folder {
    Folder::of(&[(
        "0001_a",
        "CREATE TABLE public.accounts (id bigint PRIMARY KEY, name text);\n\
         INSERT INTO public.accounts VALUES (1, current_setting('search_path'));",
        "DROP TABLE public.accounts;",
    )])
}

async fn database() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    (pool, database)
}

fn tables(database: &Database) -> Vec<String> {
    database.values("SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename = 'accounts'")
}

#[tokio::test]
async fn a_fleets_report_names_what_a_migration_makes_in_public_and_the_second_tenants_failure_says_why() {
    let (pool, database) = database().await;
    database.run("CREATE SCHEMA a; CREATE SCHEMA b");
    let migration = pool.migrate_tenants(in_public()).only(["a", "b"]).workers(1);
    let report = migration.keep_going().run().await.unwrap();
    assert_eq!(report.to_string(), "1 migrated, 1 failed");
    let named: Vec<String> = report.outside.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["migration 0001_a: CREATE TABLE public.accounts"]);
    let TenantOutcome::Failed(error) = &report.tenants[1].outcome else {
        panic!("{report:?}");
    };
    let failure = "migration 0001_a of tenant \"b\" could not be applied; the schema is as it was before; it works outside \
                   the tenant's schema, where another tenant's migration may have done the same before (CREATE TABLE \
                   public.accounts): move that to the shared migrations: relation \"accounts\" already exists";
    assert_eq!(chain(error), failure);
    let message = chain(&pool.migrate_tenant("b", in_public()).await.unwrap_err());
    assert_eq!(message, failure);
    let message = chain(&pool.create_tenant("c", in_public()).await.unwrap_err());
    assert!(message.contains("(CREATE TABLE public.accounts)"), "{message}");
    #[cfg(feature = "serde")]
    assert_eq!(
        serde_json::to_value(&report).unwrap()["outside"],
        serde_json::json!([{ "migration": "0001_a", "statements": ["CREATE TABLE public.accounts"] }])
    );
}

#[tokio::test]
async fn where_it_is_refused_nothing_is_run_and_shared_migrations_are_free() {
    let (_, database) = database().await;
    let strict = TenantPool::builder(database.url()).refuse_outside_work();
    let strict = strict.build().await.unwrap();
    database.run("CREATE SCHEMA a");
    let error = strict.migrate_tenants(in_public()).only(["a"]).run().await.unwrap_err();
    assert!(matches!(error, FleetError::OutsideWork { .. }), "{error:?}");
    let refusal = "migration 0001_a: CREATE TABLE public.accounts: this works outside";
    for message in [
        chain(&error),
        chain(&strict.migrate_tenant("a", in_public()).await.unwrap_err()),
        chain(&strict.create_tenant("b", in_public()).await.unwrap_err()),
        chain(&strict.ensure_tenant("b", in_public()).await.unwrap_err()),
        chain(&strict.prepare_spares(1, in_public()).await.unwrap_err()),
    ] {
        assert!(
            message.contains(refusal) && message.contains("shared migrations"),
            "{message}"
        );
    }
    assert!(tables(&database).is_empty());
    assert!(
        database
            .values("SELECT nspname FROM pg_namespace WHERE nspname = 'b'")
            .is_empty()
    );
    // Its own schema may be named.
    let own = Folder::of(&[("0001_own", "CREATE TABLE a.accounts (id int)", "")]);
    strict.migrate_tenant("a", own).await.unwrap();
    strict.migrate_shared(in_public()).await.unwrap();
    assert_eq!(tables(&database).len(), 2);
}
