use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Untyped,
};

/// Raw SQL that is prepared when it comes again, which Diesel's own never is: for the queries that each tenant's first
/// checkout asks.
pub(crate) struct PreparedSql<Q>(pub(crate) Q);

impl<Q> Query for PreparedSql<Q> {
    type SqlType = Untyped;
}

impl<Q> QueryId for PreparedSql<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for PreparedSql<Q> {
    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }

    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
