use std::sync::Arc;

use diesel::{
    QueryResult,
    query_builder::{AsQuery, AstPass, Query, QueryBuilder, QueryFragment, QueryId},
    result::Error::QueryBuilderError,
};

use super::{
    TranslateDsl, TranslatedBackend, Translation,
    text::{translate, untranslated_sql},
};
use crate::{
    IntoSchemaName, SchemaNameError,
    translate::{POISON, SchemaTranslateMap},
};

/// A query with a map of its own, made by [`TranslateDsl`](super::TranslateDsl).
///
/// It can be refined further (`filter`, `select`, `count`, …) and runs wherever the query itself would. It is translated
/// as a whole, so it must be the outermost query: nested in another one it is an error, never untranslated SQL.
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until it is run"]
pub struct Translated<Q> {
    pub(super) query: Q,
    translation: Result<Arc<Translation>, SchemaNameError>,
}

impl<Q> Translated<Q> {
    /// Gives `query` a map, which takes the place of the connection's.
    pub fn new(query: Q, map: SchemaTranslateMap) -> Self {
        Self {
            query,
            translation: Ok(Arc::new(Translation::new(map))),
        }
    }

    /// Gives the query another map, in place of the one it had.
    pub fn with_schema_map(self, map: SchemaTranslateMap) -> Self {
        Self::new(self.query, map)
    }

    /// Sends the query's unqualified tables to another schema, in place of the one it had; see
    /// [`TranslateDsl::in_schema`](super::TranslateDsl::in_schema).
    pub fn in_schema(self, schema: impl IntoSchemaName) -> Self {
        TranslateDsl::in_schema(self.query, schema)
    }

    /// A query that fails when it is run, since its schema can't exist.
    pub(super) fn invalid(query: Q, error: SchemaNameError) -> Self {
        Self {
            query,
            translation: Err(error),
        }
    }

    pub(super) fn map<R>(self, f: impl FnOnce(Q) -> R) -> Translated<R> {
        Translated {
            query: f(self.query),
            translation: self.translation,
        }
    }
}

/// What a [`Translated`] query becomes when it is run.
#[derive(Debug, Clone)]
pub struct TranslatedQuery<Q>(Translated<Q>);

impl<Q: AsQuery> AsQuery for Translated<Q> {
    type SqlType = Q::SqlType;
    type Query = TranslatedQuery<Q::Query>;

    fn as_query(self) -> Self::Query {
        TranslatedQuery(self.map(Q::as_query))
    }
}

impl<Q: Query> Query for TranslatedQuery<Q> {
    type SqlType = Q::SqlType;
}

/// The [`QueryId`] of all translated queries. It says so to the connection, and is never static: the text depends on
/// the map, so that statements must be cached by their text.
#[derive(Debug)]
pub struct AlreadyTranslated;

impl<Q> QueryId for Translated<Q> {
    type QueryId = AlreadyTranslated;

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> QueryId for TranslatedQuery<Q> {
    type QueryId = AlreadyTranslated;

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, DB> QueryFragment<DB> for Translated<Q>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB>,
{
    fn to_sql(&self, out: &mut DB::QueryBuilder, backend: &DB) -> QueryResult<()> {
        let sql = untranslated_sql(&self.query, backend)?;
        out.push_sql(&translate(&sql, self.translation()?.map())?);
        Ok(())
    }

    fn collect_binds<'b>(
        &'b self,
        out: &mut DB::BindCollector<'b>,
        lookup: &mut DB::MetadataLookup,
        backend: &'b DB,
    ) -> QueryResult<()> {
        DB::collect_binds(&self.query, self.translation()?, out, lookup, backend)
    }

    fn is_safe_to_cache_prepared(&self, backend: &DB) -> QueryResult<bool> {
        self.query.is_safe_to_cache_prepared(backend)
    }

    fn is_noop(&self, backend: &DB) -> QueryResult<bool> {
        self.query.is_noop(backend)
    }

    // Called for debug output, where only binds are collected and no text is written, and by whoever nests the query in
    // another one: there the text must not get through.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(POISON);
        self.query.walk_ast(out)
    }
}

impl<Q> Translated<Q> {
    fn translation(&self) -> QueryResult<&Translation> {
        match &self.translation {
            Ok(translation) => Ok(translation),
            Err(error) => Err(QueryBuilderError(Box::new(error.clone()))),
        }
    }
}

impl<Q, DB> QueryFragment<DB> for TranslatedQuery<Q>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB>,
{
    fn to_sql(&self, out: &mut DB::QueryBuilder, backend: &DB) -> QueryResult<()> {
        self.0.to_sql(out, backend)
    }

    fn collect_binds<'b>(
        &'b self,
        out: &mut DB::BindCollector<'b>,
        lookup: &mut DB::MetadataLookup,
        backend: &'b DB,
    ) -> QueryResult<()> {
        self.0.collect_binds(out, lookup, backend)
    }

    fn is_safe_to_cache_prepared(&self, backend: &DB) -> QueryResult<bool> {
        self.0.is_safe_to_cache_prepared(backend)
    }

    fn is_noop(&self, backend: &DB) -> QueryResult<bool> {
        self.0.is_noop(backend)
    }

    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}
