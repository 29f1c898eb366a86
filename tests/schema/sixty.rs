//! Sixty tables: twelve shared ones, and forty-eight of each tenant, each with foreign keys to both.

use std::fmt::Write as _;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::setting::{Sql, assert_is, empty};

mod schema;

use schema::{
    shared::shared_03,
    tenant::{tenant_20, tenant_40, tenant_47},
};

const SHARED: usize = 12;
const TENANT: usize = 48;

fn shared() -> Sql {
    let mut sql = String::new();
    for table in 0..SHARED {
        let _ = write!(
            sql,
            "CREATE TABLE shared_{table:02} (id bigint PRIMARY KEY, name text NOT NULL"
        );
        if table > 0 {
            let _ = write!(sql, ", parent bigint REFERENCES shared_{:02}", table - 1);
        }
        sql.push_str(");\n");
    }
    Sql(sql)
}

fn tenant() -> Sql {
    let mut sql = String::new();
    for table in 0..TENANT {
        let _ = write!(
            sql,
            "CREATE TABLE tenant_{table:02} (id bigint PRIMARY KEY, name text NOT NULL, \
             shared bigint NOT NULL REFERENCES public.shared_{:02}",
            table % SHARED
        );
        if table > 0 {
            let _ = write!(sql, ", half bigint REFERENCES tenant_{:02}", table / 2);
        }
        sql.push_str(");\n");
    }
    Sql(sql)
}

#[tokio::test]
async fn sixty_tables_give_the_files_beside_this_one() {
    let (pool, _database) = empty().await;
    let schema = pool.rust_schema().from_migrations(shared(), tenant()).await.unwrap();
    assert_is(&schema, "tests/schema/sixty/schema");
    assert_eq!(schema.warnings(), []);
    // `tenant_00` has none to another one of the tenant's, and `shared_00` none at all; `tenant_01` and `tenant_00` are
    // halves.
    let joins = |text: &str| text.matches("diesel::joinable!").count();
    assert_eq!(joins(schema.shared()), SHARED - 1);
    assert_eq!(joins(schema.tenant()), TENANT + TENANT - 1);
}

#[tokio::test]
async fn joins_across_run_for_two_tenants() {
    let (pool, _database) = empty().await;
    pool.migrate_shared(shared()).await.unwrap();
    let mut conn = pool.shared().get().await.unwrap();
    for id in [1, 2] {
        diesel::insert_into(shared_03::table)
            .values((shared_03::id.eq(id), shared_03::name.eq(format!("shared {id}"))))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    drop(conn);
    for (id, name) in [(1, "client1"), (2, "client2")] {
        pool.create_tenant(name, tenant()).await.unwrap();
        let mut conn = pool.for_tenant(name).get().await.unwrap();
        diesel::sql_query(format!(
            "INSERT INTO public.shared_08 VALUES ({id}, 'eight'), ({id} + 10, 'eight') ON CONFLICT DO NOTHING"
        ))
        .execute(&mut conn)
        .await
        .unwrap();
        diesel::sql_query(format!("INSERT INTO public.shared_04 VALUES ({id}, 'four')"))
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::insert_into(tenant_20::table)
            .values((tenant_20::id.eq(1), tenant_20::name.eq(name), tenant_20::shared.eq(id)))
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::insert_into(tenant_40::table)
            .values((
                tenant_40::id.eq(1),
                tenant_40::name.eq(name),
                tenant_40::shared.eq(id),
                tenant_40::half.eq(1),
            ))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    for (id, name) in [(1, "client1"), (2, "client2")] {
        let mut conn = pool.for_tenant(name).get().await.unwrap();
        let found: Vec<(String, String)> = tenant_40::table
            .inner_join(tenant_20::table)
            .inner_join(schema::shared::shared_04::table)
            .select((tenant_20::name, schema::shared::shared_04::name))
            .load(&mut conn)
            .await
            .unwrap();
        assert_eq!(found, [(name.to_owned(), "four".to_owned())]);
        // Tables without a foreign key between them may appear together too.
        let also: Vec<String> = shared_03::table
            .filter(shared_03::id.eq_any(tenant_20::table.select(tenant_20::shared)))
            .filter(diesel::dsl::not(diesel::dsl::exists(
                tenant_47::table.filter(tenant_47::id.eq(shared_03::id)),
            )))
            .select(shared_03::name)
            .load(&mut conn)
            .await
            .unwrap();
        assert_eq!(also, [format!("shared {id}")]);
    }
}
