//! All kinds of types, names, keys and relations, declared by the files in `kinds/schema`.

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    prelude::*,
    serialize::{self, IsNull, Output, ToSql},
};
use diesel_async::RunQueryDsl;
use std::io::Write;

use diesel_tenants::{
    TenantPool,
    rust_schema::{SchemaWarning, Side},
};
use diesel_tenants_test_support::Database;

use crate::setting::{assert_is, empty, migrations};

mod schema;

use schema::{
    shared::{self, europeans, users},
    tenant::{self, customers, open_orders, order_lines, order_lines_, orders, totals, transfers, type_},
};

const SHARED: &str = "tests/schema/kinds/migrations";
const TENANT: &str = "tests/schema/kinds/tenant_migrations";

/// An enum of two tenants, each with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = tenant::sql_types::OrderStatus)]
enum Status {
    New,
    Paid,
}

impl ToSql<tenant::sql_types::OrderStatus, Pg> for Status {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self {
            Self::New => b"new",
            Self::Paid => b"paid",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<tenant::sql_types::OrderStatus, Pg> for Status {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            b"new" => Ok(Self::New),
            b"paid" => Ok(Self::Paid),
            other => Err(format!("unknown status {other:?}").into()),
        }
    }
}

/// An enum that all share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = shared::sql_types::Currency)]
struct Euro;

impl ToSql<shared::sql_types::Currency, Pg> for Euro {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(b"EUR")?;
        Ok(IsNull::No)
    }
}

impl FromSql<shared::sql_types::Currency, Pg> for Euro {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        (value.as_bytes() == b"EUR")
            .then_some(Self)
            .ok_or_else(|| "not euros".into())
    }
}

async fn two_tenants() -> (TenantPool, Database) {
    let (pool, database) = empty().await;
    pool.migrate_shared(migrations(SHARED)).await.unwrap();
    for name in ["client1", "client2"] {
        pool.create_tenant(name, migrations(TENANT)).await.unwrap();
    }
    (pool, database)
}

#[tokio::test]
async fn all_kinds_give_the_files_beside_this_one() {
    let (pool, _database) = empty().await;
    let schema = pool
        .rust_schema()
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    assert_is(&schema, "tests/schema/kinds/schema");
    let left_out = |side, table: &str| SchemaWarning::NoPrimaryKey {
        side,
        table: table.to_owned(),
    };
    assert_eq!(
        schema.warnings(),
        [
            SchemaWarning::InBoth {
                table: "countries".to_owned()
            },
            left_out(Side::Shared, "log"),
            left_out(Side::Tenant, "no_key"),
        ]
    );
}

#[tokio::test]
async fn a_live_tenant_gives_the_same_bytes_as_the_migrations_whichever_it_is() {
    let (pool, _database) = two_tenants().await;
    let request = pool.rust_schema();
    let migrated = request
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    for name in ["client1", "client2"] {
        assert_eq!(request.from_tenant(name).await.unwrap(), migrated, "{name}");
    }
}

#[tokio::test]
async fn typed_queries_across_run_for_two_tenants_on_one_connection() {
    let (pool, database) = two_tenants().await;
    database.run(
        "INSERT INTO public.countries VALUES ('DE', 'Germany', 'EUR'), ('XX', 'Nowhere', 'it''s \"gold\"');
         INSERT INTO public.users (email, country) VALUES ('ada@example.org', 'DE'), ('grace@example.org', 'XX')",
    );
    for (name, status) in [("client1", Status::New), ("client2", Status::Paid)] {
        let mut conn = pool.for_tenant(name).get().await.unwrap();
        diesel::insert_into(customers::table)
            .values((
                customers::id.eq(1),
                customers::user_id.eq(1),
                customers::label.eq(name),
                customers::matrix.eq(vec![Some(1)]),
            ))
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::insert_into(orders::table)
            .values((
                orders::id.eq(7),
                orders::customer.eq(1),
                orders::status.eq(status),
                orders::history.eq(vec![Some(Status::New), None]),
                orders::quantity.eq(2),
                orders::currency.eq(Euro),
            ))
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::insert_into(order_lines::table)
            .values((
                order_lines::order_id.eq(7),
                order_lines::line.eq(1),
                order_lines::article.eq(name),
            ))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    for (name, status) in [("client1", Status::New), ("client2", Status::Paid)] {
        let mut conn = pool.for_tenant(name).get().await.unwrap();
        type Line = (
            String,
            Status,
            Vec<Option<Status>>,
            Option<Euro>,
            String,
            Option<String>,
        );
        let lines: Vec<Line> = orders::table
            .inner_join(customers::table.inner_join(users::table))
            .inner_join(order_lines::table)
            .filter(orders::status.eq(status))
            .select((
                users::email,
                orders::status,
                orders::history,
                orders::currency,
                order_lines::article,
                customers::label.nullable(),
            ))
            .load(&mut conn)
            .await
            .unwrap();
        let history = vec![Some(Status::New), None];
        let expected = (
            "ada@example.org".to_owned(),
            status,
            history,
            Some(Euro),
            name.to_owned(),
            Some(name.to_owned()),
        );
        assert_eq!(lines, [expected]);

        let open: Vec<(Option<i64>, Option<Status>)> = open_orders::table
            .filter(open_orders::id.eq_any(orders::table.select(orders::id.nullable())))
            .select((open_orders::id, open_orders::status))
            .load(&mut conn)
            .await
            .unwrap();
        assert_eq!(open, [(Some(7), Some(status))]);
        let found: (i16, String) = order_lines::table
            .find((7, 1))
            .select((order_lines::line, order_lines::article))
            .first(&mut conn)
            .await
            .unwrap();
        assert_eq!(found, (1, name.to_owned()));
        let european: Option<i64> = europeans::table.select(europeans::id).first(&mut conn).await.unwrap();
        assert_eq!(european, Some(1));
        let both: i64 = shared::countries::table
            .inner_join(tenant::countries::table)
            .count()
            .get_result(&mut conn)
            .await
            .unwrap();
        assert_eq!(both, 0, "it runs");
    }
}

#[tokio::test]
async fn odd_names_reach_the_tables_and_columns_that_have_them() {
    let (pool, database) = two_tenants().await;
    database.run(
        r#"INSERT INTO client2."type" ("Id", "type", fn, bool, star, "table") VALUES (1, 'a', 2, true, 3, 4);
           INSERT INTO client2."Order Lines" ("Größe", "größe", "2fa", "a ""quoted"" name", order_lines) VALUES (1, 2, 'f', 'q', 5)"#,
    );
    let mut conn = pool.for_tenant("client2").get().await.unwrap();
    let odd: (i32, String, Option<i32>, Option<bool>, Option<i32>, Option<i32>) = type_::table
        .select((
            type_::id,
            type_::type__,
            type_::fn_,
            type_::bool_,
            type_::star_,
            type_::table_,
        ))
        .first(&mut conn)
        .await
        .unwrap();
    assert_eq!(odd, (1, "a".to_owned(), Some(2), Some(true), Some(3), Some(4)));
    type Odd = (i32, i32, Option<String>, Option<String>, Option<i32>);
    let odd: Odd = order_lines_::table
        .select(order_lines_::all_columns)
        .first(&mut conn)
        .await
        .unwrap();
    assert_eq!(odd, (1, 2, Some("f".to_owned()), Some("q".to_owned()), Some(5)));
    let none: i64 = transfers::table.count().get_result(&mut conn).await.unwrap();
    assert_eq!(none, 0);
    let keys: Vec<Option<i64>> = totals::table.select(totals::customer).load(&mut conn).await.unwrap();
    assert_eq!(keys, []);
}
