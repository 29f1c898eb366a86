use diesel::{
    Expression, QueryDsl, RunQueryDsl,
    dsl::{Distinct, DistinctOn, GroupBy, Having, IntoBoxed},
    query_dsl::methods::{
        BoxedDsl, DistinctDsl, DistinctOnDsl, FilterDsl, FindDsl, GroupByDsl, HavingDsl, LimitDsl, LockingDsl,
        ModifyLockDsl, OffsetDsl, OrFilterDsl, OrderDsl, SelectDsl, ThenOrderDsl,
    },
};

use super::Translated;
use crate::{IntoSchemaName, translate::SchemaTranslateMap};

/// Gives one query its own map.
///
/// Works on everything that Diesel can run: tables, selects, inserts, updates, deletes, `sql_query`; on any connection,
/// sync or async. Write joins first, then the schema: `orders.inner_join(items).in_schema("client2").select(…)`.
pub trait TranslateDsl: Sized {
    /// Sends the query's unqualified tables to one schema, whatever the connection's map. Tables pinned to a schema
    /// stay there, also those in a [symbolic schema](SchemaTranslateMap::with_symbolic): for these give the query a map
    /// that names it, by [`with_schema_map`](Self::with_schema_map).
    ///
    /// The schema's existence isn't checked beforehand: if it is missing, the query fails with the server's error
    /// "relation … does not exist".
    ///
    /// # Errors
    /// If no schema can have that name, the query fails when it is run, with a
    /// [`SchemaNameError`](crate::SchemaNameError) inside a
    /// [`QueryBuilderError`](diesel::result::Error::QueryBuilderError).
    fn in_schema(self, schema: impl IntoSchemaName) -> Translated<Self> {
        Translated::leading_to(self, schema)
    }

    /// Gives the query a map that replaces the connection's: nothing is merged.
    fn with_schema_map(self, map: SchemaTranslateMap) -> Translated<Self> {
        Translated::new(self, map)
    }
}

impl<Q> TranslateDsl for Q {}

impl<Q> QueryDsl for Translated<Q> {}

impl<Q, Conn> RunQueryDsl<Conn> for Translated<Q> {}

/// Forwards a method of the query DSL to the query inside.
macro_rules! forward {
    ($($trait:ident::$method:ident $(<$param:ident $(: $bound:ident)?>)? ($($arg:ident: $type:ty)?);)+) => { $(
        impl<Q, $($param)?> $trait $(<$param>)? for Translated<Q>
        where
            Q: $trait $(<$param>)?,
            $($($param: $bound,)?)?
        {
            type Output = Translated<Q::Output>;

            fn $method(self, $($arg: $type)?) -> Self::Output {
                self.map(|query| query.$method($($arg)?))
            }
        }
    )+ };
}

forward! {
    SelectDsl::select<Selection: Expression>(selection: Selection);
    FilterDsl::filter<Predicate>(predicate: Predicate);
    OrFilterDsl::or_filter<Predicate>(predicate: Predicate);
    FindDsl::find<PrimaryKey>(id: PrimaryKey);
    OrderDsl::order<Expr: Expression>(expr: Expr);
    ThenOrderDsl::then_order_by<Expr>(expr: Expr);
    LimitDsl::limit(limit: i64);
    OffsetDsl::offset(offset: i64);
    LockingDsl::with_lock<Lock>(lock: Lock);
    ModifyLockDsl::modify_lock<Modifier>(modifier: Modifier);
}

impl<Q: DistinctDsl> DistinctDsl for Translated<Q> {
    type Output = Translated<Q::Output>;

    fn distinct(self) -> Distinct<Self> {
        self.map(DistinctDsl::distinct)
    }
}

impl<Q: DistinctOnDsl<Selection>, Selection> DistinctOnDsl<Selection> for Translated<Q> {
    type Output = Translated<Q::Output>;

    fn distinct_on(self, selection: Selection) -> DistinctOn<Self, Selection> {
        self.map(|query| query.distinct_on(selection))
    }
}

impl<Q: GroupByDsl<Expr>, Expr: Expression> GroupByDsl<Expr> for Translated<Q> {
    type Output = Translated<Q::Output>;

    fn group_by(self, expr: Expr) -> GroupBy<Self, Expr> {
        self.map(|query| query.group_by(expr))
    }
}

impl<Q: HavingDsl<Predicate>, Predicate> HavingDsl<Predicate> for Translated<Q> {
    type Output = Translated<Q::Output>;

    fn having(self, predicate: Predicate) -> Having<Self, Predicate> {
        self.map(|query| query.having(predicate))
    }
}

impl<'a, Q: BoxedDsl<'a, DB>, DB> BoxedDsl<'a, DB> for Translated<Q> {
    type Output = Translated<Q::Output>;

    fn internal_into_boxed(self) -> IntoBoxed<'a, Self, DB> {
        self.map(BoxedDsl::internal_into_boxed)
    }
}
