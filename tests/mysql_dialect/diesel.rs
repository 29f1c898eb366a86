//! What Diesel writes for MySQL: each query that its types allow, as MariaDB reads it.

use diesel::{
    alias, debug_query,
    dsl::{DuplicatedKeys, avg, case_when, count, count_star, date, exists, max, min, not, now, sum},
    insert_into, insert_or_ignore_into,
    mysql::Mysql,
    prelude::*,
    replace_into, select,
    sql_types::{Integer, Nullable, Text},
    update,
};

use super::{oracle, translate};

diesel::table! {
    shared.users (id) {
        id -> Integer,
        name -> Nullable<Text>,
    }
}
diesel::table! {
    items (id) {
        id -> Integer,
        description -> Nullable<Text>,
        price -> Nullable<Integer>,
    }
}
diesel::table! {
    orders (id) {
        id -> Integer,
        user_id -> Nullable<Integer>,
        item_id -> Nullable<Integer>,
        quantity -> Nullable<Integer>,
    }
}
diesel::table! {
    #[sql_name = "odd name"]
    odd (first) {
        #[sql_name = "a b"]
        first -> Integer,
        #[sql_name = "c`d"]
        second -> Integer,
    }
}
diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders, items, odd);

diesel::define_sql_function! {
    fn last_insert_id() -> diesel::sql_types::BigInt;
}
diesel::define_sql_function! {
    fn coalesce(one: Nullable<Integer>, other: Integer) -> Integer;
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = items)]
struct Item {
    description: Option<String>,
    price: Option<i32>,
}

fn item(price: i32) -> Item {
    Item {
        description: Some("it's `FROM` \"orders\"".to_owned()),
        price: Some(price),
    }
}

/// The text of a query, without its binds.
macro_rules! texts {
    ($($query:expr),* $(,)?) => {
        vec![$(debug_query::<Mysql, _>(&$query).to_string()),*]
    };
}

fn check(texts: Vec<String>) {
    let mut oracle = oracle::lock();
    for text in texts {
        let (sql, _) = text.rsplit_once(" -- binds: ").expect("Diesel shows the binds");
        let translated = translate(sql);
        // A statement with binds can't be explained.
        let filled = |sql: &str| sql.replace('?', "1");
        oracle.means_the_same(&filled(sql), &filled(&translated));
    }
}

#[test]
fn queries() {
    let (one, two) = alias!(orders as one, orders as two);
    check(texts![
        users::table.select(users::all_columns),
        items::table.find(1),
        orders::table.count(),
        odd::table.filter(odd::second.eq(1)).order(odd::first.desc()),
        users::table.inner_join(orders::table.inner_join(items::table)).select((
            users::name,
            items::description,
            orders::quantity
        )),
        orders::table
            .left_join(users::table)
            .left_join(items::table)
            .filter(users::id.is_null().or(items::price.gt(1)))
            .select((orders::all_columns, users::name.nullable())),
        users::table
            .left_join(orders::table.left_join(items::table))
            .select(users::id),
        orders::table
            .inner_join(users::table.on(users::id.eq(orders::id).and(users::name.like("a%"))))
            .select(orders::id),
        one.inner_join(two.on(one.field(orders::id).eq(two.field(orders::id))))
            .select((one.field(orders::id), two.fields((orders::user_id, orders::quantity)))),
        users::table
            .filter(users::id.eq_any(orders::table.select(orders::id)))
            .filter(users::id.ne_all(vec![1, 2, 3]))
            .filter(exists(orders::table.filter(orders::user_id.eq(users::id.nullable())))),
        users::table.filter(not(exists(items::table.filter(items::id.eq(users::id))))),
        items::table.filter(items::price.nullable().eq_any(orders::table.select(orders::quantity))),
        items::table.filter(items::price.eq(orders::table.select(max(orders::quantity)).single_value())),
        orders::table
            .group_by((orders::user_id, orders::item_id))
            .having(sum(orders::quantity).gt(1_i64))
            .select((
                orders::user_id,
                orders::item_id,
                count_star(),
                max(orders::id),
                min(orders::id)
            )),
        orders::table.select((
            count(orders::user_id),
            count(orders::item_id).aggregate_distinct(),
            sum(orders::quantity)
        )),
        items::table.select(avg(items::id)),
        items::table
            .select(items::description)
            .distinct()
            .order((items::description.asc(), items::price.desc()))
            .then_order_by(items::id)
            .limit(5)
            .offset(10),
        items::table
            .into_boxed()
            .filter(items::price.between(1, 2))
            .or_filter(items::description.not_like("a%"))
            .filter(items::price.is_not_null()),
        items::table
            .select(items::description.concat("x"))
            .filter(items::description.like("a!%").escape('!')),
        items::table.select((
            coalesce(items::price, 0),
            case_when(items::price.gt(1), "many".into_sql::<Text>())
                .when(items::price.eq(1), "one".into_sql::<Text>())
                .otherwise("none".into_sql::<Text>()),
            (items::id + 1) * 2 - items::id / 3,
        )),
        select(exists(items::table.filter(items::id.eq(1)))),
        select((date(now), last_insert_id(), 1.into_sql::<Integer>())),
        items::table.filter(items::id.eq(items::id + 1)).select(items::id.gt(1)),
        users::table
            .select(users::id)
            .union(orders::table.select(orders::id))
            .union_all(items::table.select(items::id)),
    ]);
}

#[test]
fn locks() {
    check(texts![
        items::table.for_update(),
        items::table.filter(items::id.eq(1)).for_update().skip_locked(),
        items::table.for_update().no_wait(),
    ]);
    // MariaDB has no FOR SHARE.
    let share = debug_query::<Mysql, _>(&users::table.inner_join(orders::table).for_share()).to_string();
    assert!(translate(&share).contains("INNER JOIN `client1`.`orders`"));
}

#[test]
fn inserts() {
    check(texts![
        insert_into(items::table).values(item(1)),
        insert_into(items::table).values(vec![item(1), item(2)]),
        insert_into(items::table).values((items::price.eq(1), items::description.eq("a"))),
        insert_into(items::table).values(vec![
            (items::id.eq(1), Some(items::price.eq(1))),
            (items::id.eq(2), None)
        ]),
        insert_into(items::table).default_values(),
        insert_into(users::table).values(users::name.eq("a")),
        insert_into(items::table)
            .values(orders::table.select(orders::quantity).filter(orders::id.gt(1)))
            .into_columns(items::price),
        insert_into(users::table)
            .values(users::table.inner_join(orders::table).select(users::name))
            .into_columns(users::name),
        insert_or_ignore_into(items::table).values(item(1)),
        insert_or_ignore_into(users::table).values(vec![users::id.eq(1), users::id.eq(2)]),
        replace_into(items::table).values((items::id.eq(1), items::price.eq(2))),
        replace_into(users::table).values(users::id.eq(1)),
        insert_into(items::table).values(item(1)).on_conflict_do_nothing(),
        insert_into(users::table)
            .values(users::id.eq(1))
            .on_conflict(DuplicatedKeys)
            .do_nothing(),
        insert_into(users::table)
            .values(users::id.eq(1))
            .on_conflict(DuplicatedKeys)
            .do_update()
            .set((users::name.eq("b"), users::id.eq(users::id + 1))),
        insert_into(items::table)
            .values(vec![item(1), item(2)])
            .on_conflict(DuplicatedKeys)
            .do_update()
            .set(items::price.eq(items::price + 1)),
    ]);
}

#[test]
fn updates_and_deletes() {
    check(texts![
        update(items::table).set(items::price.eq(items::price + 1)),
        update(items::table.find(1)).set(item(2)),
        update(users::table.filter(users::id.eq_any(orders::table.select(orders::id)))).set(users::name.eq("a")),
        update(orders::table)
            .filter(exists(users::table.filter(users::id.nullable().eq(orders::user_id))))
            .set((orders::quantity.eq(None::<i32>), orders::item_id.eq(orders::user_id))),
        update(items::table).set(items::price.eq(orders::table.select(max(orders::quantity)).single_value())),
        diesel::delete(items::table),
        diesel::delete(users::table.find(1)),
        diesel::delete(orders::table.filter(orders::item_id.eq_any(items::table.select(items::id.nullable())))),
        diesel::delete(orders::table).filter(orders::id.gt(1)).into_boxed(),
    ]);
}

#[test]
fn raw_pieces() {
    use diesel::dsl::sql;

    check(texts![
        items::table.filter(
            sql::<diesel::sql_types::Bool>("price IN (SELECT quantity FROM orders) AND id > ").bind::<Integer, _>(1)
        ),
        items::table.select(sql::<Nullable<Text>>(
            "(SELECT shared.users.name FROM shared.users LIMIT 1)"
        )),
        diesel::sql_query("SELECT i.id FROM items AS i, shared.users u WHERE i.id = ? AND i.description <> '?'")
            .bind::<Integer, _>(1),
    ]);
}
