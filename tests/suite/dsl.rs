//! Diesel's query DSL, method by method: what each statement becomes for a tenant.

use diesel::{
    dsl::*,
    pg::Pg,
    prelude::*,
    query_builder::{AsQuery, QueryFragment},
    sql_types::{Integer, Text},
};
use diesel_tenants::{SchemaTranslateMap, Translated};

use crate::schema::{items, orders, users};

/// The SQL of a query for client1, with the shared schema pinned.
fn translated<Q: QueryFragment<Pg>>(query: Q) -> String {
    let map = SchemaTranslateMap::tenant("client1".parse().unwrap());
    let sql = diesel::debug_query::<Pg, _>(&Translated::new(query, map)).to_string();
    sql.split(" -- binds").next().unwrap().trim_end().to_owned()
}

/// Checks queries against the SQL that they become.
macro_rules! become_sql {
    ($($query:expr => $expected:literal;)+) => {
        $(assert_eq!(translated($query), $expected, "{}", stringify!($query));)+
    };
}

#[test]
fn selects() {
    become_sql! {
        items::table.as_query()
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items""#;
        items::table.select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items""#;
        items::table.select((items::id, items::price + 1))
            => r#"SELECT "items"."id", ("items"."price" + $1) FROM "client1"."items""#;
        items::table.count()
            => r#"SELECT COUNT(*) FROM "client1"."items""#;
        items::table.find(1)
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."id" = $1)"#;
        items::table.filter(items::id.eq(1))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."id" = $1)"#;
        items::table.filter(items::id.eq(1).or(items::price.gt(2).and(not(items::price.is_null()))))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE (("items"."id" = $1) OR (("items"."price" > $2) AND  NOT (("items"."price" IS NULL))))"#;
        items::table.or_filter(items::id.ne(1))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."id" != $1)"#;
        items::table.order((items::price.desc().nulls_last(), items::id.asc()))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" ORDER BY "items"."price" DESC NULLS LAST, "items"."id" ASC"#;
        items::table.order_by(items::id).then_order_by(items::price)
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" ORDER BY "items"."id", "items"."price""#;
        items::table.limit(1).offset(2)
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" LIMIT $1 OFFSET $2"#;
        items::table.distinct()
            => r#"SELECT DISTINCT "items"."id", "items"."description", "items"."price" FROM "client1"."items""#;
        items::table.distinct_on(items::price).order(items::price)
            => r#"SELECT DISTINCT ON ("items"."price") "items"."id", "items"."description", "items"."price" FROM "client1"."items" ORDER BY "items"."price""#;
        items::table.into_boxed::<Pg>().filter(items::id.lt(3)).limit(1)
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."id" < $1) LIMIT $2"#;
        items::table.select(items::id.nullable())
            => r#"SELECT "items"."id" FROM "client1"."items""#;
        items::table.select(items::id.is_distinct_from(1))
            => r#"SELECT ("items"."id" IS DISTINCT FROM $1) FROM "client1"."items""#;
        items::table.filter(items::description.like("%FROM orders%").escape('!'))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."description" LIKE $1 ESCAPE $2)"#;
        items::table.filter(items::description.ilike("x").or(items::description.similar_to("y")))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE (("items"."description" ILIKE $1) OR ("items"."description" SIMILAR TO $2))"#;
        items::table.filter(items::price.between(1, 2))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."price" BETWEEN $1 AND $2)"#;
    }
}

#[test]
fn aggregates_groups_and_windows() {
    become_sql! {
        items::table.select((sum(items::price), avg(items::price), max(items::id), min(items::id)))
            => r#"SELECT sum("items"."price"), avg("items"."price"), max("items"."id"), min("items"."id") FROM "client1"."items""#;
        orders::table.group_by(orders::user_id).select((orders::user_id, count_star()))
            => r#"SELECT "orders"."user_id", COUNT(*) FROM "client1"."orders" GROUP BY "orders"."user_id""#;
        orders::table.group_by(orders::user_id).having(count(orders::id).gt(1)).select(orders::user_id)
            => r#"SELECT "orders"."user_id" FROM "client1"."orders" GROUP BY "orders"."user_id" HAVING (count("orders"."id") > $1)"#;
        items::table.select(count(items::price).aggregate_distinct())
            => r#"SELECT count( DISTINCT "items"."price") FROM "client1"."items""#;
        items::table.select(count(items::price).aggregate_filter(items::id.gt(1)))
            => r#"SELECT count("items"."price") FILTER ( WHERE ("items"."id" > $1)) FROM "client1"."items""#;
        items::table.select(rank().partition_by(items::price).window_order(items::id))
            => r#"SELECT rank() OVER ( PARTITION BY "items"."price" ORDER BY "items"."id") FROM "client1"."items""#;
        items::table.select(lag(items::price).over())
            => r#"SELECT lag("items"."price") OVER () FROM "client1"."items""#;
        items::table.select(sum(items::price).window_order(items::id).frame_by(frame::Rows.frame_start_with(frame::UnboundedPreceding)))
            => r#"SELECT sum("items"."price") OVER ( ORDER BY "items"."id" ROWS UNBOUNDED PRECEDING ) FROM "client1"."items""#;
        items::table.select(case_when(items::price.gt(1), items::price).otherwise(items::id))
            => r#"SELECT CASE WHEN (("items"."price" > $1)) THEN ("items"."price") ELSE ("items"."id") END FROM "client1"."items""#;
        items::table.select(date(now))
            => r#"SELECT date(CURRENT_TIMESTAMP) FROM "client1"."items""#;
    }
}

#[test]
fn joins() {
    let (one, other) = diesel::alias!(items as one, items as other);
    become_sql! {
        orders::table.inner_join(items::table)
            => r#"SELECT "orders"."id", "orders"."user_id", "orders"."item_id", "orders"."quantity", "items"."id", "items"."description", "items"."price" FROM ("client1"."orders" INNER JOIN "client1"."items" ON ("orders"."item_id" = "items"."id"))"#;
        orders::table.left_join(items::table)
            => r#"SELECT "orders"."id", "orders"."user_id", "orders"."item_id", "orders"."quantity", "items"."id", "items"."description", "items"."price" FROM ("client1"."orders" LEFT OUTER JOIN "client1"."items" ON ("orders"."item_id" = "items"."id"))"#;
        users::table.inner_join(orders::table)
            => r#"SELECT "public"."users"."id", "public"."users"."name", "orders"."id", "orders"."user_id", "orders"."item_id", "orders"."quantity" FROM ("public"."users" INNER JOIN "client1"."orders" ON ("orders"."user_id" = "public"."users"."id"))"#;
        users::table.left_join(orders::table.inner_join(items::table)).select((users::name, items::price.nullable()))
            => r#"SELECT "public"."users"."name", "items"."price" FROM ("public"."users" LEFT OUTER JOIN ("client1"."orders" INNER JOIN "client1"."items" ON ("orders"."item_id" = "items"."id")) ON ("orders"."user_id" = "public"."users"."id"))"#;
        orders::table.inner_join(items::table).inner_join(users::table).select((items::id, users::id))
            => r#"SELECT "items"."id", "public"."users"."id" FROM (("client1"."orders" INNER JOIN "client1"."items" ON ("orders"."item_id" = "items"."id")) INNER JOIN "public"."users" ON ("orders"."user_id" = "public"."users"."id"))"#;
        items::table.inner_join(orders::table.on(orders::quantity.eq(items::price))).select(items::id)
            => r#"SELECT "items"."id" FROM ("client1"."items" INNER JOIN "client1"."orders" ON ("orders"."quantity" = "items"."price"))"#;
        one.inner_join(other.on(one.field(items::id).eq(other.field(items::price)))).select(other.field(items::id))
            => r#"SELECT "other"."id" FROM ("client1"."items" AS "one" INNER JOIN "client1"."items" AS "other" ON ("one"."id" = "other"."price"))"#;
        users::table.inner_join(orders::table).filter(users::name.eq("Ada")).order(users::id).select(orders::id)
            => r#"SELECT "orders"."id" FROM ("public"."users" INNER JOIN "client1"."orders" ON ("orders"."user_id" = "public"."users"."id")) WHERE ("public"."users"."name" = $1) ORDER BY "public"."users"."id""#;
    }
}

#[test]
fn subqueries_and_set_operations() {
    let dear = || items::table.filter(items::price.gt(10)).select(items::id);
    become_sql! {
        orders::table.filter(orders::item_id.eq_any(dear())).select(orders::id)
            => r#"SELECT "orders"."id" FROM "client1"."orders" WHERE ("orders"."item_id" = ANY(SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)))"#;
        orders::table.filter(orders::item_id.ne_all(dear())).select(orders::id)
            => r#"SELECT "orders"."id" FROM "client1"."orders" WHERE ("orders"."item_id" != ALL(SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)))"#;
        orders::table.filter(exists(items::table.filter(items::id.eq(orders::item_id)))).select(orders::id)
            => r#"SELECT "orders"."id" FROM "client1"."orders" WHERE EXISTS (SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE ("items"."id" = "orders"."item_id"))"#;
        diesel::select(exists(dear()))
            => r#"SELECT EXISTS (SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1))"#;
        diesel::select(not(exists(dear())))
            => r#"SELECT  NOT (EXISTS (SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)))"#;
        items::table.filter(items::price.nullable().eq(items::table.select(max(items::price)).single_value())).select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" = (SELECT max("items"."price") FROM "client1"."items" LIMIT $1))"#;
        items::table.filter(items::id.eq_any(vec![1, 2, 3])).select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items" WHERE ("items"."id" = ANY($1))"#;
        dear().union(orders::table.select(orders::item_id))
            => r#"(SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)) UNION (SELECT "orders"."item_id" FROM "client1"."orders")"#;
        dear().union_all(dear()).intersect(dear())
            => r#"((SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)) UNION ALL (SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $2))) INTERSECT (SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $3))"#;
        dear().except(orders::table.select(orders::item_id))
            => r#"(SELECT "items"."id" FROM "client1"."items" WHERE ("items"."price" > $1)) EXCEPT (SELECT "orders"."item_id" FROM "client1"."orders")"#;
        diesel::select(1.into_sql::<Integer>())
            => r#"SELECT $1"#;
    }
}

#[test]
fn postgresql_clauses() {
    become_sql! {
        items::table.for_update()
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" FOR UPDATE"#;
        items::table.for_no_key_update().skip_locked()
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" FOR NO KEY UPDATE SKIP LOCKED"#;
        items::table.for_share().no_wait()
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" FOR SHARE NOWAIT"#;
        items::table.for_key_share()
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" FOR KEY SHARE"#;
        items::table.only().select(items::id)
            => r#"SELECT "items"."id" FROM  ONLY "client1"."items""#;
        items::table.tablesample_bernoulli(10).with_seed(1.5).select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items" TABLESAMPLE BERNOULLI($1) REPEATABLE($2)"#;
        items::table.tablesample_system(10).select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items" TABLESAMPLE SYSTEM($1)"#;
        users::table.only().select(users::id)
            => r#"SELECT "public"."users"."id" FROM  ONLY "public"."users""#;
        items::table.filter(array((items::id, items::price)).contains(vec![1])).select(items::id)
            => r#"SELECT "items"."id" FROM "client1"."items" WHERE (ARRAY["items"."id", "items"."price"] @> $1)"#;
    }
}

#[test]
fn writes() {
    let row = || (items::id.eq(1), items::description.eq("x"), items::price.eq(2));
    become_sql! {
        diesel::insert_into(items::table).values(row())
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3)"#;
        diesel::insert_into(items::table).values(vec![row(), row()])
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3), ($4, $5, $6)"#;
        diesel::insert_into(items::table).default_values()
            => r#"INSERT INTO "client1"."items" DEFAULT VALUES"#;
        diesel::insert_into(items::table).values(row()).returning(items::id)
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) RETURNING "items"."id""#;
        diesel::insert_into(items::table).values(row()).on_conflict_do_nothing()
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"#;
        diesel::insert_into(items::table).values(row()).on_conflict(items::id).do_nothing()
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) ON CONFLICT ("id") DO NOTHING"#;
        diesel::insert_into(items::table).values(row()).on_conflict(items::id).do_update().set(items::price.eq(diesel::upsert::excluded(items::price)))
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) ON CONFLICT ("id") DO UPDATE SET "price" = excluded."price""#;
        diesel::query_dsl::methods::FilterDsl::filter(diesel::insert_into(items::table).values(row()).on_conflict(items::id).do_update().set(items::price.eq(items::price + 1)), items::price.lt(9))
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) ON CONFLICT ("id") DO UPDATE SET "price" = ("items"."price" + $4) WHERE ("items"."price" < $5)"#;
        diesel::insert_into(items::table).values(row()).on_conflict(diesel::upsert::on_constraint("items_pkey")).do_nothing()
            => r#"INSERT INTO "client1"."items" ("id", "description", "price") VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT "items_pkey" DO NOTHING"#;
        items::table.select((items::id, items::price)).insert_into(orders::table).into_columns((orders::id, orders::quantity))
            => r#"INSERT INTO "client1"."orders" ("id", "quantity") SELECT "items"."id", "items"."price" FROM "client1"."items""#;
        diesel::update(items::table).set(items::price.eq(1))
            => r#"UPDATE "client1"."items" SET "price" = $1"#;
        diesel::update(items::table.find(1)).set((items::price.eq(items::price * 2), items::description.eq("y")))
            => r#"UPDATE "client1"."items" SET "price" = ("items"."price" * $1), "description" = $2 WHERE ("items"."id" = $3)"#;
        diesel::update(items::table.filter(items::id.gt(1))).set(items::price.eq(1)).returning(items::all_columns)
            => r#"UPDATE "client1"."items" SET "price" = $1 WHERE ("items"."id" > $2) RETURNING "items"."id", "items"."description", "items"."price""#;
        diesel::update(users::table).set(users::name.eq("Ada")).filter(users::id.eq_any(orders::table.select(orders::user_id)))
            => r#"UPDATE "public"."users" SET "name" = $1 WHERE ("public"."users"."id" = ANY(SELECT "orders"."user_id" FROM "client1"."orders"))"#;
        diesel::delete(items::table)
            => r#"DELETE FROM "client1"."items""#;
        diesel::delete(items::table.find(1)).returning(items::id)
            => r#"DELETE FROM "client1"."items" WHERE ("items"."id" = $1) RETURNING "items"."id""#;
        diesel::delete(items::table.filter(items::id.eq_any(orders::table.select(orders::item_id))))
            => r#"DELETE FROM "client1"."items" WHERE ("items"."id" = ANY(SELECT "orders"."item_id" FROM "client1"."orders"))"#;
    }
}

#[test]
fn raw_fragments_inside_of_the_dsl() {
    become_sql! {
        items::table.select(sql::<Integer>("(SELECT max(quantity) FROM orders)"))
            => r#"SELECT (SELECT max(quantity) FROM "client1".orders) FROM "client1"."items""#;
        items::table.filter(sql::<diesel::sql_types::Bool>("EXISTS (SELECT FROM users u WHERE u.name = ").bind::<Text, _>("x").sql(")"))
            => r#"SELECT "items"."id", "items"."description", "items"."price" FROM "client1"."items" WHERE EXISTS (SELECT FROM "client1".users u WHERE u.name = $1)"#;
        diesel::sql_query("SELECT * FROM orders o JOIN public.users u ON u.id = o.user_id WHERE o.id = $1").bind::<Integer, _>(1)
            => r#"SELECT * FROM "client1".orders o JOIN public.users u ON u.id = o.user_id WHERE o.id = $1"#;
    }
}
