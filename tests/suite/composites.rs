//! Composite types that live in a tenant's schema.

use diesel::{
    deserialize::{FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    prelude::*,
    serialize::{Output, ToSql},
    sql_types::{Integer, Record, Text},
};
use diesel_async::RunQueryDsl;

use crate::store::Store;

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "address"))]
pub struct AddressType;

#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = AddressType)]
struct Address(String, i32);

impl ToSql<AddressType, Pg> for Address {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        diesel::serialize::WriteTuple::<(Text, Integer)>::write_tuple(&(&*self.0, self.1), &mut out.reborrow())
    }
}

impl FromSql<AddressType, Pg> for Address {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        let (street, number) = FromSql::<Record<(Text, Integer)>, Pg>::from_sql(value)?;
        Ok(Self(street, number))
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::AddressType;

    places (id) {
        id -> Integer,
        address -> AddressType,
        former -> Array<AddressType>,
    }
}

#[tokio::test]
async fn composites_and_arrays_of_them_round_trip_for_two_tenants_on_one_connection() {
    let store = Store::on_one_connection().await;
    for tenant in ["client1", "client2"] {
        store.database.run(&format!(
            "CREATE TYPE {tenant}.address AS (street text, number int);
             CREATE TABLE {tenant}.places (id serial PRIMARY KEY, address {tenant}.address, former {tenant}.address[])"
        ));
    }
    for _ in 0..2 {
        for tenant in ["client1", "client2"] {
            let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
            let here = Address(tenant.to_owned(), 7);
            let stored: (Address, Vec<Address>) = diesel::insert_into(places::table)
                .values((places::address.eq(&here), places::former.eq(vec![&here, &here])))
                .returning((places::address, places::former))
                .get_result(&mut conn)
                .await
                .unwrap();
            assert_eq!(stored, (here.clone(), vec![here.clone(), here]));
        }
    }
}
