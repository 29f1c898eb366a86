use std::sync::Arc;

use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, MoveableBindCollector, Query, QueryBuilder as _, QueryFragment, QueryId},
    sql_types::Untyped,
    sqlite::{Sqlite, SqliteQueryBuilder},
};

use crate::SchemaName;

type Collector<'a> = <Sqlite as Backend>::BindCollector<'a>;

/// Values of a statement that nobody else holds, so that they can go to another thread.
pub(crate) type Binds = <Collector<'static> as MoveableBindCollector<Sqlite>>::BindData;

/// A statement on its way to the connection's thread.
pub(crate) struct Statement {
    pub(crate) text: Arc<dyn AsRef<str> + Send + Sync>,
    pub(crate) binds: Binds,
    /// Whether the connection may keep it prepared.
    pub(crate) may_be_kept: bool,
    /// The schemas that the query's own map leads to, whose files may not be attached yet.
    pub(crate) own_schemas: Vec<SchemaName>,
}

impl Statement {
    /// A query that is translated by nobody.
    pub(super) fn plain<Q>(query: &Q) -> QueryResult<Self>
    where
        Q: QueryFragment<Sqlite>,
    {
        let mut sql = SqliteQueryBuilder::new();
        query.to_sql(&mut sql, &Sqlite)?;
        Ok(Self {
            text: Arc::new(sql.finish()),
            binds: Self::binds_of(query)?,
            may_be_kept: query.is_safe_to_cache_prepared(&Sqlite)?,
            own_schemas: Vec::new(),
        })
    }

    pub(crate) fn binds_of<Q>(query: &Q) -> QueryResult<Binds>
    where
        Q: QueryFragment<Sqlite>,
    {
        let mut collector = Collector::default();
        query.collect_binds(&mut collector, &mut (), &Sqlite)?;
        Ok(collector.moveable())
    }

    pub(super) fn sql(&self) -> &str {
        (*self.text).as_ref()
    }
}

impl Query for Statement {
    type SqlType = Untyped;
}

/// Without an id, Diesel's connection keeps the statement under its text.
impl QueryId for Statement {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        if !self.may_be_kept {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(self.sql());
        out.push_bind_collector_data(&self.binds)
    }
}
