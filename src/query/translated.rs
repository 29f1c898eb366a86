//! A query with its own map, and what it becomes when it is run.

use std::{cell::Cell, mem, sync::Arc};

use diesel::{
    QueryResult,
    internal::derives::multiconnection::AstPassHelper,
    query_builder::{AsQuery, AstPass, Query, QueryBuilder, QueryFragment, QueryId},
    result::Error::QueryBuilderError,
};

use super::{
    TranslatedBackend, Translation,
    text::{tell_translation, translate, untranslated_sql, will_be_translated},
};
use crate::{
    IntoSchemaName, SchemaNameError,
    translate::{POISON, SchemaTranslateMap},
};

/// A query with its own map, made by [`TranslateDsl`](super::TranslateDsl).
///
/// It can be refined further (`filter`, `select`, `count`, …) and runs wherever the query itself would, by value or by
/// reference. It is translated as a whole, so it must be the outermost query: nested in another query it is an error,
/// never untranslated SQL.
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until it is run"]
pub struct Translated<Q> {
    pub(super) query: Q,
    translation: Result<Arc<Translation>, SchemaNameError>,
}

impl<Q> Translated<Q> {
    /// Gives `query` a map that replaces the connection's.
    pub fn new(query: Q, map: SchemaTranslateMap) -> Self {
        Self {
            query,
            translation: Ok(Arc::new(Translation::new(map))),
        }
    }

    /// Replaces the query's map.
    pub fn with_schema_map(self, map: SchemaTranslateMap) -> Self {
        Self::new(self.query, map)
    }

    /// Sends the query's unqualified tables to another schema than before; see
    /// [`TranslateDsl::in_schema`](super::TranslateDsl::in_schema).
    pub fn in_schema(self, schema: impl IntoSchemaName) -> Self {
        Self::leading_to(self.query, schema)
    }

    /// Sends the unqualified tables of `query` to one schema. If no schema can have that name, the query fails when it
    /// is run.
    pub(super) fn leading_to(query: Q, schema: impl IntoSchemaName) -> Self {
        match schema.into_schema_name() {
            Ok(name) => Self::new(query, SchemaTranslateMap::tenant(name)),
            Err(error) => Self {
                query,
                translation: Err(error),
            },
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

/// The [`QueryId`] of all translated queries. It tells the connection that the query is translated. It is never static:
/// the text depends on the map, so that statements must be cached by their text.
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
        let translation = self.translation()?;
        tell_translation(translation);
        out.push_sql(&translate::<DB>(&sql, translation.map())?);
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

    // Every pass over a query that is run by reference comes here. Diesel's synchronous connections, and those of
    // diesel-async behind its wrapper, execute a `&Translated`, and this method is all that Diesel knows of it. A query
    // in which this one is nested comes here as well.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if let Some((collector, lookup)) = out.bind_collector() {
            return DB::collect_binds(&self.query, self.translation()?, collector, lookup, DB::get());
        }
        // Only the pass that writes the text has a query builder to convert.
        let written = Cell::new(None);
        let rest = out.cast_database::<DB>(
            |collector| collector,
            |builder| {
                written.set(Some(self.write::<DB>(builder)));
                builder
            },
            |backend| backend,
            |lookup| lookup,
        );
        match written.take() {
            Some(written) => written,
            None => self.query.walk_ast(rest),
        }
    }
}

impl<Q> Translated<Q> {
    /// Writes the translated text, if it is the beginning of the whole text. Anywhere else, and in a text that will be
    /// translated as a whole, the query is nested, which is an error.
    fn write<DB>(&self, builder: &mut DB::QueryBuilder) -> QueryResult<()>
    where
        DB: TranslatedBackend,
        Q: QueryFragment<DB>,
    {
        let before = mem::take(builder).finish();
        if !before.is_empty() || will_be_translated() {
            builder.push_sql(&before);
            builder.push_sql(POISON);
            return Ok(());
        }
        self.to_sql(builder, DB::get())?;
        // Text that is written after this query continues with the next bind's number.
        for _ in 0..number_of_binds::<DB, _>(&self.query)? {
            builder.push_bind_param_value_only();
        }
        Ok(())
    }

    fn translation(&self) -> QueryResult<&Arc<Translation>> {
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

/// How many binds a query has, as its builder counts them. A builder that doesn't number binds counts none.
fn number_of_binds<DB, Q>(query: &Q) -> QueryResult<usize>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB>,
{
    let mut builder = DB::QueryBuilder::default();
    query.to_sql(&mut builder, DB::get())?;
    builder.push_sql("$");
    builder.push_bind_param();
    let text = builder.finish();
    let next = text.rsplit('$').next().and_then(|number| number.parse::<usize>().ok());
    Ok(next.map_or(0, |next| next - 1))
}
