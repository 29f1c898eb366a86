//! Types that live in a tenant's schema.

use std::io::Write;

use diesel::{
    deserialize::{FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    prelude::*,
    serialize::{IsNull, Output, ToSql},
};
use diesel_tenants::{TranslateDsl, blocking::TenantConnection};
use diesel_tenants_test_support::Database;

use crate::store::{connect, database, map};

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "order_status"))]
pub struct OrderStatus;

#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = OrderStatus)]
pub enum Status {
    New,
    Sent,
}

impl ToSql<OrderStatus, Pg> for Status {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(if *self == Self::New { b"new" } else { b"sent" })?;
        Ok(IsNull::No)
    }
}

impl FromSql<OrderStatus, Pg> for Status {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        Ok(if value.as_bytes() == b"new" {
            Self::New
        } else {
            Self::Sent
        })
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::OrderStatus;

    parcels (id) {
        id -> Integer,
        status -> OrderStatus,
        history -> Array<OrderStatus>,
    }
}

/// Each tenant has a type of the same name, and so has the shared schema.
pub fn with_parcels() -> Database {
    let database = database();
    database.run("CREATE TYPE public.order_status AS ENUM ('other')");
    for tenant in ["client1", "client2"] {
        database.run(&format!(
            "CREATE TYPE {tenant}.order_status AS ENUM ('new', 'sent');
             CREATE TABLE {tenant}.parcels (id serial PRIMARY KEY, status {tenant}.order_status NOT NULL,
                 history {tenant}.order_status[] NOT NULL)"
        ));
    }
    database
}

#[test]
fn each_tenants_enums_are_its_own_on_one_connection() {
    let database = with_parcels();
    let mut conn = connect(&database, map("client1"));
    for round in 1..4 {
        for tenant in ["client1", "client2"] {
            let mut one = TenantConnection::new(conn.into_inner(), map(tenant));
            let inserted: (i32, Status, Vec<Status>) = diesel::insert_into(parcels::table)
                .values((
                    parcels::status.eq(Status::Sent),
                    parcels::history.eq(vec![Status::New, Status::Sent]),
                ))
                .returning(parcels::all_columns)
                .get_result(&mut one)
                .unwrap();
            assert_eq!(inserted, (round, Status::Sent, vec![Status::New, Status::Sent]));
            let changed = diesel::update(parcels::table.filter(parcels::status.eq(Status::New)))
                .set(parcels::history.eq(Vec::<Status>::new()));
            assert_eq!(changed.execute(&mut one), Ok(0));
            let found = parcels::table.filter(parcels::status.eq_any([Status::Sent])).count();
            assert_eq!(found.get_result::<i64>(&mut one), Ok(i64::from(round)));
            conn = one;
        }
    }
    let other = parcels::table
        .filter(parcels::status.eq(Status::Sent))
        .count()
        .in_schema("client2");
    assert_eq!(other.get_result::<i64>(&mut connect(&database, map("client1"))), Ok(3));
}

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "mood"))]
pub struct Mood;

#[derive(Debug, AsExpression)]
#[diesel(sql_type = Mood)]
pub struct Good;

impl ToSql<Mood, Pg> for Good {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        out.write_all(b"good")?;
        Ok(IsNull::No)
    }
}

#[test]
fn types_of_extensions_are_found_on_the_search_path() {
    let database = database();
    database.run(
        "CREATE SCHEMA extensions; CREATE TYPE extensions.mood AS ENUM ('good');
         CREATE TABLE client1.moods (mood extensions.mood)",
    );
    let mut conn = connect(&database, map("client1"));
    diesel::sql_query("SELECT pg_catalog.set_config('search_path', 'extensions', false)")
        .execute(&mut conn)
        .unwrap();
    let insert = || diesel::sql_query("INSERT INTO moods VALUES ($1)").bind::<Mood, _>(Good);
    for _ in 0..2 {
        assert_eq!(insert().execute(&mut conn), Ok(1));
    }
}
