//! The text of a query, translated and ready to be sent.

use std::{
    any::TypeId,
    borrow::Cow,
    cell::Cell,
    sync::{Arc, LazyLock},
};

use diesel::{
    QueryResult,
    internal::derives::multiconnection::AstPassHelper,
    query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId},
};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};

#[cfg(feature = "blocking")]
use super::type_names::collecting_for;
use super::{
    TranslatedBackend, Translation,
    refusal::Refusals,
    text::{into_diesel, translated_sql, untranslated_sql},
    translated::AlreadyTranslated,
    type_names::TypeLookupTime,
};
use crate::{
    backend::postgres::engine::{StatementText, TypeScope, hash_of},
    translate::{CacheStatistics, Evictions, Template, TranslateError},
};

/// Translated SQL, and the results of its analysis.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) sql: Box<str>,
    /// Whether running it may leave something behind on the session.
    pub(crate) affects_session: bool,
    /// Why a session that tenants use in turn must not run the text. Rare, so it is in a box.
    pub(crate) refusals: Option<Box<Refusals>>,
    /// Whether the session may remember an id that the statement generated.
    pub(crate) leaves_id: bool,
    /// Whether a failure undoes the whole statement, so that it can be sent again.
    pub(crate) fails_whole: bool,
    /// What the query was translated by, if it brought its own map and its database wants to know.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only SQLite opens schemas"))]
    own_translation: Option<Arc<Translation>>,
    hash: u64,
    /// The tables, as a span names them; written when a span is first wanted.
    #[cfg(feature = "tracing")]
    tables: std::sync::OnceLock<Box<str>>,
}

/// The finished texts of queries whose text depends on nothing but their type and the map.
///
/// Bounded by bytes, like every cache with entries per tenant: 10,000 tenants × 30 statements of 500 bytes would be 150
/// MB. What doesn't fit is rendered anew from its template.
static FINISHED: LazyLock<FinishedTexts> =
    LazyLock::new(|| Cache::with(65_536, 64 << 20, ByBytes, DefaultHashBuilder::default(), &EVICTIONS));

type FinishedTexts = Cache<(TypeId, u64), Arc<Finished>, ByBytes, DefaultHashBuilder, &'static Evictions>;

/// The finished texts that made room for others.
static EVICTIONS: Evictions = Evictions::new();

/// Statistics of the cache of finished texts, which has an entry for each tenant and each query whose text is fixed.
pub fn finished_statistics() -> CacheStatistics {
    CacheStatistics::new(FINISHED.hits(), FINISHED.misses(), FINISHED.len(), FINISHED.weight())
        .evicting(EVICTIONS.count())
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<(TypeId, u64), Arc<Finished>> for ByBytes {
    fn weight(&self, _: &(TypeId, u64), finished: &Arc<Finished>) -> u64 {
        (size_of::<Finished>() + size_of::<(TypeId, u64)>() + finished.sql.len()) as u64
    }
}

impl Finished {
    /// The text of `query` under the checkout's translation. A [`Translated`](super::Translated) query brings its own
    /// map.
    ///
    /// The cache of finished texts is used only if Diesel, too, lets the query's type stand for its text: the type has
    /// an id, and the statement is cached.
    pub(crate) fn of<DB, Q>(query: &Q, prepared: bool, translation: &Translation) -> QueryResult<Arc<Self>>
    where
        DB: TranslatedBackend,
        Q: QueryFragment<DB> + QueryId,
    {
        let backend = DB::default();
        if is_translated::<Q>() {
            let (sql, own) = translated_sql(query, &backend)?;
            return Self::new::<DB>(&sql, own, |_| Ok(Cow::Borrowed(&*sql)));
        }
        if !prepared || Q::query_id().is_none() {
            return Self::from_sql::<DB>(&untranslated_sql(query, &backend)?, translation);
        }
        // One query has one id and a text for each database, so the database is part of the key.
        let key = (TypeId::of::<(DB, Q::QueryId)>(), translation.id());
        if let Some(finished) = FINISHED.get(&key) {
            return Ok(finished);
        }
        let finished = Self::from_sql::<DB>(&untranslated_sql(query, &backend)?, translation)?;
        FINISHED.insert(key, Arc::clone(&finished));
        Ok(finished)
    }

    /// The text of raw SQL under the checkout's translation.
    pub(crate) fn from_sql<DB: TranslatedBackend>(sql: &str, translation: &Translation) -> QueryResult<Arc<Self>> {
        Self::new::<DB>(sql, None, |template| template.render(sql, translation.map()))
    }

    fn new<'a, DB: TranslatedBackend>(
        sql: &str,
        own_translation: Option<Arc<Translation>>,
        render: impl FnOnce(&Template) -> Result<Cow<'a, str>, TranslateError>,
    ) -> QueryResult<Arc<Self>> {
        let template = Template::cached_for(DB::DIALECT, sql).map_err(into_diesel)?;
        let refusals = Refusals::of(sql, &template);
        let sql: Box<str> = render(&template).map_err(into_diesel)?.into();
        let hash = hash_of(&sql);
        Ok(Arc::new(Self {
            fails_whole: DB::fails_whole(&sql),
            leaves_id: DB::leaves_id(&sql),
            sql,
            affects_session: template.affects_session(),
            refusals,
            own_translation,
            hash,
            #[cfg(feature = "tracing")]
            tables: std::sync::OnceLock::new(),
        }))
    }

    /// The tables that the text names, each once, without their schemas: many tenants have one text then.
    #[cfg(feature = "tracing")]
    pub(crate) fn tables(&self, dialect: crate::translate::Dialect) -> &str {
        self.tables.get_or_init(|| {
            let Ok(template) = Template::analyse_for(dialect, &self.sql) else {
                return Box::default();
            };
            let mut tables = Vec::new();
            for table in template.tables(&self.sql) {
                if !tables.contains(&table) {
                    tables.push(table);
                }
            }
            tables.truncate(MOST_TABLES);
            tables.join(" ").into()
        })
    }
}

/// How many tables a span names at most.
#[cfg(feature = "tracing")]
const MOST_TABLES: usize = 8;

#[cfg(feature = "sqlite")]
impl AsRef<str> for Finished {
    fn as_ref(&self) -> &str {
        &self.sql
    }
}

/// The text was made from a query and a map, and is found by nothing else.
impl StatementText for Finished {
    fn sql(&self) -> &str {
        &self.sql
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn fails_whole(&self) -> bool {
        self.fails_whole
    }
}

fn is_translated<Q: QueryId>() -> bool {
    TypeId::of::<Q::QueryId>() == TypeId::of::<AlreadyTranslated>()
}

/// A query with its finished text, on its way to the wrapped connection.
pub(crate) struct Rendered<Q> {
    query: Q,
    finished: Arc<Finished>,
    translation: Arc<Translation>,
    /// Whether the statement is cached.
    prepared: bool,
    /// When the connection asks for the types that the query names.
    type_lookup_time: TypeLookupTime,
}

impl<Q> Rendered<Q> {
    pub(crate) fn new(query: Q, prepared: bool, finished: Arc<Finished>, translation: Arc<Translation>) -> Self {
        Self {
            query,
            finished,
            translation,
            prepared,
            type_lookup_time: TypeLookupTime::Apart,
        }
    }

    /// The query for a connection that looks up types at this time.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_type_lookup_time(self, type_lookup_time: TypeLookupTime) -> Self {
        Self {
            type_lookup_time,
            ..self
        }
    }

    /// The same query, as one that isn't kept prepared.
    #[cfg(feature = "mysql")]
    pub(crate) fn for_one_use(self) -> Self {
        Self {
            prepared: false,
            ..self
        }
    }

    pub(crate) fn finished(&self) -> &Arc<Finished> {
        &self.finished
    }

    /// Whether the statement may be kept prepared.
    pub(crate) fn is_prepared(&self) -> bool {
        self.prepared
    }

    /// The schemas that the query's own map leads to.
    #[cfg(feature = "sqlite")]
    pub(crate) fn own_schemas(&self) -> Vec<crate::SchemaName> {
        let own = self.finished.own_translation.iter();
        own.flat_map(|own| own.map().iter())
            .map(|(_, schema)| schema.clone())
            .collect()
    }

    /// Where types are looked for first that the query names. A query with its own map names the schemas itself.
    pub(crate) fn scope_of_types(&self) -> Option<TypeScope>
    where
        Q: QueryId,
    {
        (!is_translated::<Q>())
            .then(|| self.translation.scope_of_types())
            .flatten()
    }
}

impl<Q: Query> Query for Rendered<Q> {
    type SqlType = Q::SqlType;
}

/// Without an id, the wrapped connection caches the statement by its text, and the tenant is part of the text.
impl<Q> QueryId for Rendered<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, DB> QueryFragment<DB> for Rendered<Q>
where
    DB: TranslatedBackend,
    Q: QueryFragment<DB> + QueryId,
{
    fn to_sql(&self, out: &mut DB::QueryBuilder, _: &DB) -> QueryResult<()> {
        out.push_sql(&self.finished.sql);
        Ok(())
    }

    fn collect_binds<'b>(
        &'b self,
        out: &mut DB::BindCollector<'b>,
        lookup: &mut DB::MetadataLookup,
        backend: &'b DB,
    ) -> QueryResult<()> {
        let mut collect = || match is_translated::<Q>() {
            true => self.query.collect_binds(out, lookup, backend),
            false => DB::collect_binds(&self.query, &self.translation, out, lookup, backend),
        };
        match self.type_lookup_time {
            TypeLookupTime::Apart => collect(),
            #[cfg(feature = "blocking")]
            time => collecting_for(time, collect),
        }
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(self.prepared)
    }

    // Diesel's synchronous connections run what changes rows by reference, and this method is all that Diesel knows of
    // a reference; see `Translated::walk_ast`.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if let Some((collector, lookup)) = out.bind_collector() {
            return self.collect_binds(collector, lookup, DB::get());
        }
        if !self.prepared {
            out.unsafe_to_cache_prepared();
        }
        let written = Cell::new(false);
        let rest = out.cast_database::<DB>(
            |collector| collector,
            |builder| {
                builder.push_sql(&self.finished.sql);
                written.set(true);
                builder
            },
            |backend| backend,
            |lookup| lookup,
        );
        match written.get() {
            true => Ok(()),
            // A pass that prints the binds, or asks whether the statement may be cached.
            false => self.query.walk_ast(rest),
        }
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use diesel::{pg::Pg, prelude::*, sqlite::Sqlite};

    use super::*;
    use crate::translate::SchemaTranslateMap;

    diesel::table! { orders (id) { id -> Integer } }

    #[test]
    fn no_database_finds_the_finished_text_of_another() {
        let translation = Translation::new(SchemaTranslateMap::tenant("client1".parse().unwrap()));
        let query = || orders::table.select(orders::id);
        for _ in 0..2 {
            let postgres = Finished::of::<Pg, _>(&query(), true, &translation).unwrap();
            assert_eq!(&*postgres.sql, r#"SELECT "orders"."id" FROM "client1"."orders""#);
            let sqlite = Finished::of::<Sqlite, _>(&query(), true, &translation).unwrap();
            assert_eq!(&*sqlite.sql, r#"SELECT `orders`.`id` FROM "client1".`orders`"#);
        }
    }
}
