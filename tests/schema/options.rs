//! What can be asked for, and what is warned of.

use diesel_tenants::{
    TenantPool,
    rust_schema::{AllowTogether, RustSchema, RustSchemaError, SchemaWarning, Side},
};
use diesel_tenants_test_support::Server;

use crate::setting::{Sql, empty};

const USERS: &str = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)";

async fn schema_of(shared: &str, tenant: &str) -> RustSchema {
    let (pool, _database) = empty().await;
    pool.rust_schema()
        .from_migrations(Sql::of(shared), Sql::of(tenant))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_symbolic_schema_pins_tenants_tables_and_types_to_it() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .symbolic_schema("tenant")
        .build()
        .await
        .unwrap();
    let tenant = Sql::of("CREATE TYPE state AS ENUM ('on'); CREATE TABLE lamps (id int PRIMARY KEY, state state)");
    let schema = pool
        .rust_schema()
        .from_migrations(Sql::of(USERS), tenant)
        .await
        .unwrap();
    assert!(
        schema.tenant().contains("    tenant.lamps (id) {\n"),
        "{}",
        schema.tenant()
    );
    assert!(
        schema
            .tenant()
            .contains(r#"postgres_type(name = "state", schema = "tenant")"#),
        "{}",
        schema.tenant()
    );
}

#[tokio::test]
async fn another_shared_schema_is_pinned_and_public_is_looked_at_for_tables_left_there() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .shared_schema("common")
        .build()
        .await
        .unwrap();
    let shared = Sql::of(
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE public.orders (id int); CREATE TABLE public.old (id int)",
    );
    let tenant = Sql::of("CREATE TABLE orders (id int PRIMARY KEY, by int REFERENCES common.users)");
    let schema = pool.rust_schema().from_migrations(shared, tenant).await.unwrap();
    assert!(
        schema.shared().contains("    common.users (id) {\n"),
        "{}",
        schema.shared()
    );
    assert!(
        schema.tenant().contains("diesel::joinable!(orders -> users (by));\n"),
        "{}",
        schema.tenant()
    );
    assert_eq!(
        schema.warnings(),
        [SchemaWarning::InPublic {
            table: "orders".to_owned()
        }]
    );
}

#[tokio::test]
async fn a_shared_schema_that_is_no_identifier_is_refused_before_anything_is_made() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .shared_schema("my-shared")
        .build()
        .await
        .unwrap();
    let error = pool
        .rust_schema()
        .from_migrations(Sql::of(""), Sql::of(""))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, RustSchemaError::SchemaNotAnIdentifier { schema } if schema == "my-shared"),
        "{error}"
    );
}

#[tokio::test]
async fn tables_can_be_left_out_and_types_named() {
    let (pool, _database) = empty().await;
    let tenant = "CREATE DOMAIN amount AS numeric;
        CREATE TABLE texts (id int PRIMARY KEY, document tsvector NOT NULL, amounts amount[]);
        CREATE TABLE secrets (id int PRIMARY KEY REFERENCES texts)";
    let schema = pool
        .rust_schema()
        .except(["secrets"])
        .sql_type("tsvector", "diesel_full_text_search::TsVector")
        .sql_type("diesel_tenants_scratch.amount", "crate::types::Amount")
        .from_migrations(Sql::of(USERS), Sql::of(tenant))
        .await
        .unwrap();
    let text = schema.tenant();
    for part in [
        "    use crate::types::Amount;\n    use diesel_full_text_search::TsVector;\n",
        "        document -> TsVector,\n",
        "        amounts -> Nullable<Array<Nullable<Amount>>>,\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("secrets") && !text.contains("sql_types {"), "{text}");
}

#[tokio::test]
async fn only_related_tables_may_appear_together_if_asked_for() {
    let (pool, _database) = empty().await;
    let shared = "CREATE TABLE countries (id int PRIMARY KEY); CREATE TABLE users (id int PRIMARY KEY, country int REFERENCES countries)";
    let tenant = "CREATE TABLE orders (id int PRIMARY KEY, buyer int REFERENCES public.users, seller int REFERENCES public.users);
        CREATE TABLE alone (id int PRIMARY KEY, alone int REFERENCES alone)";
    let request = pool.rust_schema().allow_together(AllowTogether::Related);
    let schema = request.from_migrations(Sql::of(shared), Sql::of(tenant)).await.unwrap();
    let allowed = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains("allow_tables"));
        lines
            .map(|line| {
                line.trim_start_matches("diesel::allow_tables_to_appear_in_same_query!")
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(allowed(schema.shared()), ["(countries, users);"]);
    assert_eq!(allowed(schema.tenant()), ["(users, orders);"]);
    assert!(
        !schema.tenant().contains("joinable"),
        "two foreign keys: which is meant?"
    );

    let request = request.allow_together(AllowTogether::Nothing);
    let schema = request.from_migrations(Sql::of(shared), Sql::of(tenant)).await.unwrap();
    assert_eq!(allowed(schema.shared()).len() + allowed(schema.tenant()).len(), 0);
}

#[tokio::test]
async fn wide_tables_name_the_feature_that_they_need_and_too_wide_ones_are_left_out() {
    let wide = |name: &str, columns: usize| {
        let columns: Vec<String> = (2..=columns).map(|number| format!("c{number} int")).collect();
        format!("CREATE TABLE {name} (id int PRIMARY KEY, {});", columns.join(", "))
    };
    let tenant: String = [
        ("w16", 16),
        ("w17", 17),
        ("w33", 33),
        ("w65", 65),
        ("w128", 128),
        ("w129", 129),
    ]
    .map(|(name, columns)| wide(name, columns))
    .concat();
    let schema = schema_of("", &tenant).await;
    let messages: Vec<String> = schema.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        messages,
        [
            "the tenant table \"w129\" is left out: it has 129 columns, and Diesel takes 128; declare those that you need by hand",
            "the tenant table \"w128\" has 128 columns: enable the feature 128-column-tables of diesel",
            "the tenant table \"w17\" has 17 columns: enable the feature 32-column-tables of diesel",
            "the tenant table \"w33\" has 33 columns: enable the feature 64-column-tables of diesel",
            "the tenant table \"w65\" has 65 columns: enable the feature 128-column-tables of diesel",
        ]
    );
    assert!(
        schema
            .tenant()
            .contains("// Needs diesel's feature `128-column-tables`: w128 has 128 columns.\n")
    );
    assert!(schema.tenant().contains(" w16 (id) {") && !schema.tenant().contains("w129"));
}

#[tokio::test]
async fn a_column_of_rows_is_warned_of() {
    let schema = schema_of(
        "",
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, of a)",
    )
    .await;
    let (table, column) = ("b".to_owned(), "of".to_owned());
    assert_eq!(
        schema.warnings(),
        [SchemaWarning::RowType {
            side: Side::Tenant,
            table,
            column
        }]
    );
}

#[tokio::test]
async fn tables_and_types_of_extensions_are_the_extensions() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .extension_schemas(["extensions"])
        .build()
        .await
        .unwrap();
    let schema = pool
        .rust_schema()
        .set_up("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions")
        .from_migrations(Sql::of(USERS), Sql::of("CREATE TABLE notes (id int PRIMARY KEY, title citext, more hstore)"))
        .await
        .unwrap();
    assert!(
        schema
            .shared()
            .contains(r#"postgres_type(name = "hstore", schema = "extensions")"#),
        "{}",
        schema.shared()
    );
    assert!(
        schema
            .tenant()
            .contains("        title -> Nullable<Citext>,\n        more -> Nullable<Hstore>,\n"),
        "{}",
        schema.tenant()
    );
    assert!(
        schema
            .tenant()
            .contains("    use super::super::shared::sql_types::Hstore;\n"),
        "{}",
        schema.tenant()
    );
}

#[tokio::test]
async fn no_tables_give_no_declarations() {
    let schema = schema_of("", "").await;
    for text in [schema.shared(), schema.tenant()] {
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_an_error() {
    let (pool, _database) = empty().await;
    let error = pool.rust_schema().from_tenant("nobody").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "can't read the tables of tenant \"nobody\": there is no such schema in the database"
    );
    assert!(matches!(
        pool.rust_schema().from_tenant("public").await,
        Err(RustSchemaError::InvalidName(_))
    ));
}
