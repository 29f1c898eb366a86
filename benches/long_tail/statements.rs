//! The statements of the load: five shapes, and six texts of each.
//!
//! Every statement returns the number of the tenant whose row it found, so that the benchmark can check it.

use diesel::{
    expression::{ValidGrouping, is_aggregate},
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types,
};

diesel::table! {
    public.users (id) { id -> Integer, name -> Text }
}

/// The number of shapes, and of the statements in the small set.
const SHAPES: usize = 5;
/// All of the shapes in all of their texts.
pub const STATEMENTS: usize = SHAPES * 6;

/// A number that is part of the SQL text. Each makes another statement, as if it were written at another place of an
/// application.
#[derive(Debug, Clone, Copy)]
pub struct Literal<const VALUE: i32>;

impl<const VALUE: i32> Expression for Literal<VALUE> {
    type SqlType = sql_types::Integer;
}

impl<const VALUE: i32, T> AppearsOnTable<T> for Literal<VALUE> {}

impl<const VALUE: i32, T> SelectableExpression<T> for Literal<VALUE> {}

impl<const VALUE: i32, G> ValidGrouping<G> for Literal<VALUE> {
    type IsAggregate = is_aggregate::Never;
}

impl<const VALUE: i32> QueryId for Literal<VALUE> {
    type QueryId = Self;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const VALUE: i32> QueryFragment<Pg> for Literal<VALUE> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&VALUE.to_string());
        Ok(())
    }
}

/// The tables of one schema, and the statements about them, in each of the texts that are listed.
macro_rules! tables_and_statements {
    ($module:ident $([$schema:ident])?: $($text:literal)*) => {
        pub mod $module {
            use diesel::{dsl::max, pg::Pg, prelude::*, upsert::excluded};
            use diesel_async::{AsyncConnection, RunQueryDsl};

            use super::{Literal, SHAPES, users};

            diesel::table! {
                $($schema.)? orders (id) { id -> Integer, user_id -> Integer, tenant -> Integer, quantity -> Integer }
            }
            diesel::table! {
                $($schema.)? items (id) {
                    id -> Integer, order_id -> Integer, tenant -> Integer, description -> Text, price -> Integer,
                }
            }
            diesel::joinable!(orders -> users (user_id));
            diesel::joinable!(items -> orders (order_id));
            diesel::allow_tables_to_appear_in_same_query!(users, orders, items);

            /// Runs one of the statements, and returns what it says its tenant is.
            pub async fn run<C: AsyncConnection<Backend = Pg>>(conn: &mut C, statement: usize) -> QueryResult<i32> {
                let shape = statement % SHAPES;
                match statement / SHAPES {
                    $($text => shaped::<C, $text>(conn, shape).await,)*
                    _ => unreachable!("nobody has written statement {statement}"),
                }
            }

            async fn shaped<C: AsyncConnection<Backend = Pg>, const TEXT: i32>(
                conn: &mut C,
                shape: usize,
            ) -> QueryResult<i32> {
                match shape {
                    0 => {
                        let query = users::table
                            .inner_join(orders::table)
                            .filter(orders::id.eq(1))
                            .select((users::name, orders::tenant, orders::quantity + Literal::<TEXT>));
                        let (_, tenant, _): (String, i32, i32) = query.get_result(conn).await?;
                        Ok(tenant)
                    }
                    1 => {
                        let query = orders::table
                            .inner_join(items::table)
                            .filter(orders::id.eq(1).and(items::price.ge(Literal::<TEXT>)))
                            .order(items::id)
                            .select((items::tenant, items::description, items::price));
                        let lines: Vec<(i32, String, i32)> = query.load(conn).await?;
                        lines.as_slice().first().map(|line| line.0).ok_or(diesel::NotFound)
                    }
                    2 => {
                        let query = items::table
                            .filter(items::order_id.eq(1).and(items::price.ge(Literal::<TEXT>)))
                            .select(max(items::tenant));
                        query.get_result::<Option<i32>>(conn).await?.ok_or(diesel::NotFound)
                    }
                    3 => {
                        diesel::update(orders::table.filter(orders::id.eq(1)))
                            .set(orders::quantity.eq(Literal::<TEXT>))
                            .returning(orders::tenant)
                            .get_result(conn)
                            .await
                    }
                    _ => {
                        let (tenant, _): (i32, i32) = diesel::insert_into(items::table)
                            .values((
                                items::id.eq(1),
                                items::order_id.eq(1),
                                items::tenant.eq(0),
                                items::description.eq("a pen"),
                                items::price.eq(100),
                            ))
                            .on_conflict(items::id)
                            .do_update()
                            .set(items::price.eq(excluded(items::price)))
                            .returning((items::tenant, items::price + Literal::<TEXT>))
                            .get_result(conn)
                            .await?;
                        Ok(tenant)
                    }
                }
            }
        }
    };
}

// The tables of whichever tenant the connection belongs to.
tables_and_statements!(unqualified: 0 1 2 3 4 5);

/// What one would write without this crate: the same tables and the same statements again, for each tenant. A compiler
/// takes its time for that: there are all of the statements for the first few tenants only.
macro_rules! by_hand {
    ([$($all:ident)*] [$($small:ident)*]) => {
        $(tables_and_statements!($all [$all]: 0 1 2 3 4 5);)*
        $(tables_and_statements!($small [$small]: 0);)*

        /// Whether there are tables and statements for so many.
        pub fn are_written_by_hand(tenants: usize, statements: usize) -> bool {
            let all = [$(stringify!($all)),*].len();
            let small = [$(stringify!($small)),*].len();
            tenants <= all || tenants <= all + small && statements <= SHAPES
        }

        pub async fn by_hand<C: diesel_async::AsyncConnection<Backend = Pg>>(
            conn: &mut C,
            tenant: usize,
            statement: usize,
        ) -> QueryResult<i32> {
            let mut index = 0;
            $({
                if index == tenant {
                    return $all::run(conn, statement).await;
                }
                index += 1;
            })*
            $({
                if index == tenant {
                    return $small::run(conn, statement).await;
                }
                index += 1;
            })*
            unreachable!("tenant {index} has no tables");
        }
    };
}

by_hand! {
    [tenant0 tenant1 tenant2 tenant3]
    [tenant4 tenant5 tenant6 tenant7 tenant8 tenant9 tenant10 tenant11
     tenant12 tenant13 tenant14 tenant15 tenant16 tenant17 tenant18 tenant19]
}
