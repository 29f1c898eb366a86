//! A query's text, before it is translated.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    sync::Arc,
};

use diesel::{
    QueryResult,
    query_builder::{QueryBuilder, QueryFragment},
    result::Error::{self, QueryBuilderError},
};

use super::{TranslatedBackend, Translation};
use crate::translate::{SchemaTranslateMap, Template, TranslateError};

/// The text of a query as Diesel writes it.
pub(super) fn sql_of<DB, Q>(query: &Q, backend: &DB) -> QueryResult<String>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB> + ?Sized,
{
    let mut out = DB::QueryBuilder::default();
    query.to_sql(&mut out, backend)?;
    Ok(out.finish())
}

thread_local! {
    static WILL_BE_TRANSLATED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the text that is being written on this thread will be translated afterwards. A query that is translated
/// already must not be part of such a text: its schemas would be mapped a second time.
pub(super) fn will_be_translated() -> bool {
    WILL_BE_TRANSLATED.get()
}

/// The text of a query as Diesel writes it, to be translated as a whole.
pub(super) fn untranslated_sql<DB, Q>(query: &Q, backend: &DB) -> QueryResult<String>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB> + ?Sized,
{
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            WILL_BE_TRANSLATED.set(self.0);
        }
    }

    let _restore = Restore(WILL_BE_TRANSLATED.replace(true));
    sql_of(query, backend)
}

thread_local! {
    static CAPTURES_TRANSLATION: Cell<bool> = const { Cell::new(false) };
    static CAPTURED: RefCell<Option<Arc<Translation>>> = const { RefCell::new(None) };
}

/// The text of a query that brings its own map, and that map's translation.
pub(super) fn translated_sql<DB, Q>(query: &Q, backend: &DB) -> QueryResult<(String, Option<Arc<Translation>>)>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB> + ?Sized,
{
    struct CaptureTranslation;

    impl Drop for CaptureTranslation {
        fn drop(&mut self) {
            CAPTURES_TRANSLATION.set(false);
            CAPTURED.take();
        }
    }

    // Diesel has no way to ask a query of any type for more than its text and its binds.
    CAPTURES_TRANSLATION.set(DB::OPENS_SCHEMAS);
    let _capture = CaptureTranslation;
    let sql = sql_of(query, backend)?;
    Ok((sql, CAPTURED.take()))
}

/// Tells the translation by which a query is translated, if somebody on this thread asks.
pub(super) fn tell_translation(translation: &Arc<Translation>) {
    if CAPTURES_TRANSLATION.get() {
        CAPTURED.set(Some(Arc::clone(translation)));
    }
}

/// Translates a text of this database through the cache of templates.
pub(super) fn translate<'a, DB: TranslatedBackend>(
    sql: &'a str,
    map: &SchemaTranslateMap,
) -> QueryResult<Cow<'a, str>> {
    Template::cached_for(DB::DIALECT, sql)
        .and_then(|template| template.render(sql, map))
        .map_err(into_diesel)
}

pub(super) fn into_diesel(error: TranslateError) -> Error {
    QueryBuilderError(Box::new(error))
}
