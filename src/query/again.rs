//! A query that is sent a second time.

use std::sync::Arc;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Untyped,
};

use super::{Capture, Finished, capture::Bind, type_names::TypeKey};

/// A query that is sent a second time. Its statement isn't cached.
pub(crate) struct Again {
    finished: Arc<Finished>,
    binds: Vec<Bind>,
}

impl Again {
    /// The same text once more, with the OIDs that the types of its binds have now; types are found by their names.
    /// `None` if the binds could not be kept.
    pub(crate) async fn of<F>(
        capture: &Capture,
        finished: Arc<Finished>,
        find: impl Fn(TypeKey) -> F,
    ) -> QueryResult<Option<Self>>
    where
        F: Future<Output = QueryResult<(u32, u32)>>,
    {
        let binds = capture.binds_now(find).await?;
        Ok(binds.map(|binds| Self { finished, binds }))
    }
}

impl Query for Again {
    type SqlType = Untyped;
}

impl QueryId for Again {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Again {
    fn to_sql(&self, out: &mut <Pg as diesel::backend::Backend>::QueryBuilder, _: &Pg) -> QueryResult<()> {
        diesel::query_builder::QueryBuilder::push_sql(out, &self.finished.sql);
        Ok(())
    }

    fn collect_binds<'b>(
        &'b self,
        out: &mut <Pg as diesel::backend::Backend>::BindCollector<'b>,
        _: &mut <Pg as diesel::sql_types::TypeMetadata>::MetadataLookup,
        _: &'b Pg,
    ) -> QueryResult<()> {
        for bind in &self.binds {
            out.metadata.push(bind.metadata.clone());
            out.binds.push(bind.bytes.clone());
        }
        Ok(())
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(false)
    }

    // Only called to print the binds, whose values are gone.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.finished.sql);
        Ok(())
    }
}
