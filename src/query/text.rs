use std::borrow::Cow;

use diesel::{
    QueryResult,
    query_builder::{QueryBuilder, QueryFragment},
    result::Error::{self, QueryBuilderError},
};

use super::TranslatedBackend;
use crate::translate::{SchemaTranslateMap, TranslateError, cache};

/// The text of a query as Diesel writes it.
pub(super) fn untranslated_sql<DB, Q>(query: &Q, backend: &DB) -> QueryResult<String>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB> + ?Sized,
{
    let mut out = DB::QueryBuilder::default();
    query.to_sql(&mut out, backend)?;
    Ok(out.finish())
}

/// Translates through the cache of templates.
pub(super) fn translate<'a>(sql: &'a str, map: &SchemaTranslateMap) -> QueryResult<Cow<'a, str>> {
    cache::get(sql)
        .and_then(|template| template.render(sql, map))
        .map_err(into_diesel)
}

pub(super) fn into_diesel(error: TranslateError) -> Error {
    QueryBuilderError(Box::new(error))
}
