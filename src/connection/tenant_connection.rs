use std::{collections::HashSet, fmt, sync::Arc};

use diesel::{
    QueryResult,
    query_builder::{QueryFragment, QueryId},
};
use diesel_async::{TransactionManager, pooled_connection::PoolableConnection};

use super::{
    Condition, Wrapped,
    session::{Session, Waiting},
};
#[cfg(any(feature = "blocking", feature = "mysql"))]
use crate::backend::postgres::engine::StatementText;
use crate::{
    PostgresConnection,
    query::{Finished, Rendered, Sharing, TranslatedBackend, Translation, count_refusal},
    signals::{Label, Span},
    translate::SchemaTranslateMap,
};

/// A Diesel connection that translates every statement under one map. See the [module](crate::connection).
///
/// The map can't be changed: not between two statements, and not inside a transaction. A query with [its own
/// map](crate::TranslateDsl) is translated by that map instead.
///
/// Around a connection of diesel-async it is one of diesel-async. Around a connection of Diesel itself, such as
/// `PgConnection`, it is one of Diesel, with the feature `blocking`.
///
/// The server may refuse a statement before it runs: because a migration changed its columns' types, the tenant was
/// created anew, or a prepared statement is gone. A [`PostgresConnection`] then prepares and sends the statement again.
/// Inside a transaction that is not possible: there the statement fails once.
///
/// # Errors
/// A statement that can't be translated fails with a [`TranslateError`](crate::TranslateError) inside a
/// [`QueryBuilderError`](diesel::result::Error::QueryBuilderError), and nothing is sent.
pub struct TenantConnection<C = PostgresConnection> {
    pub(crate) inner: C,
    pub(super) translation: Arc<Translation>,
    pub(crate) session: Session,
    /// What the spans of its queries say of the checkout.
    label: Label,
    /// The schemas of the tenants that were served.
    schemas: HashSet<u64>,
    /// The texts that the wrapped connection may keep prepared, if it does so without bounds, by their hashes.
    #[cfg(any(feature = "blocking", feature = "mysql"))]
    prepared: HashSet<u64>,
    /// How many these may be.
    #[cfg(feature = "mysql")]
    most_prepared: usize,
}

impl<C> TenantConnection<C> {
    /// Translates for `connection` under `map`.
    ///
    /// The connection's own search_path resolves names that can't be translated (in strings, in function bodies): it
    /// should hold neither `public` nor any tenant. A [`TenantPool`](crate::TenantPool) ensures that; here it is your
    /// task.
    pub fn new(connection: C, map: SchemaTranslateMap) -> Self {
        Self::shared(connection, map, Sharing::Alone)
    }

    /// Translates for a session that tenants share, on which more statements are refused.
    pub(crate) fn shared(connection: C, map: SchemaTranslateMap, sharing: Sharing) -> Self {
        Self {
            inner: connection,
            translation: Arc::new(Translation::new(map)),
            session: Session::new(sharing),
            label: Label::default(),
            schemas: HashSet::new(),
            #[cfg(any(feature = "blocking", feature = "mysql"))]
            prepared: HashSet::new(),
            #[cfg(feature = "mysql")]
            most_prepared: usize::MAX,
        }
    }

    /// The map of this checkout.
    pub fn map(&self) -> &SchemaTranslateMap {
        self.translation.map()
    }

    /// Returns the inner connection, with everything that was left on it.
    pub fn into_inner(self) -> C {
        self.inner
    }

    /// The wrapped connection, for the library's own statements.
    pub(crate) fn untranslated(&mut self) -> &mut C {
        &mut self.inner
    }

    /// The wrapped connection for a statement whose future may be dropped, with a guard that must be told when the
    /// answer has arrived.
    pub(crate) fn watched(&mut self) -> (Waiting<'_>, &mut C) {
        let mut waiting = self.session.wait(true);
        waiting.begun();
        (waiting, &mut self.inner)
    }

    /// Whether a transaction is open. Diesel's own pools hand out a connection with an open test transaction: here the
    /// next tenant's writes would seem to succeed, and be lost.
    pub(crate) fn is_in_transaction(&mut self) -> bool
    where
        C: PoolableConnection,
    {
        let status = C::TransactionManager::transaction_manager_status_mut(&mut self.inner);
        status.transaction_depth().ok().flatten().is_some()
    }

    pub(crate) fn translation(&self) -> &Arc<Translation> {
        &self.translation
    }

    pub(crate) fn set_translation(&mut self, translation: Arc<Translation>) {
        if let Some(schema) = translation.namespace() {
            self.schemas.insert(schema);
        }
        self.translation = translation;
        self.label = Label::default();
    }

    /// What the spans of queries say, until there is another translation.
    pub(crate) fn set_label(&mut self, label: Label) {
        self.label = label;
    }

    /// How many tenants the connection has served.
    pub(crate) fn tenants(&self) -> usize {
        self.schemas.len()
    }

    /// Notes that the wrapped connection may keep a statement prepared.
    #[cfg(feature = "blocking")]
    pub(crate) fn note_prepared(&mut self, finished: &Finished) {
        self.prepared.insert(StatementText::hash(finished));
    }

    /// Limits the statements that the wrapped connection keeps prepared. Further ones are prepared for one use.
    #[cfg(feature = "mysql")]
    pub(crate) fn limit_prepared(&mut self, most: usize) {
        self.most_prepared = most;
    }

    /// Whether a new connection would keep further statements prepared, and this one doesn't.
    #[cfg(feature = "mysql")]
    pub(crate) fn is_full_of_statements(&self) -> bool {
        self.most_prepared > 0 && self.prepared.len() >= self.most_prepared
    }

    /// The query for a connection that keeps statements without bounds: not to be kept if there are enough.
    pub(super) fn bounded<Q>(&mut self, query: Rendered<Q>) -> Rendered<Q>
    where
        C: Wrapped,
    {
        #[cfg(feature = "mysql")]
        if C::KEEPS_WITHOUT_BOUNDS && query.is_prepared() {
            let hash = StatementText::hash(&**query.finished());
            if !self.prepared.contains(&hash) {
                if self.prepared.len() >= self.most_prepared {
                    return query.for_one_use();
                }
                self.prepared.insert(hash);
            }
        }
        query
    }

    /// How many statements a connection of Diesel itself may keep prepared.
    #[cfg(feature = "blocking")]
    pub(crate) fn prepared_statements(&self) -> usize {
        self.prepared.len()
    }

    pub(crate) fn condition(&self) -> Condition {
        self.session.condition()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn gave_up(&self) -> bool {
        self.session.gave_up()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn forget_what_was_given_up(&self) {
        self.session.forget_what_was_given_up();
    }

    /// The id of this connection, by which a pool notices that it got back another connection than it handed out.
    pub(crate) fn id(&self) -> u64 {
        self.session.id()
    }

    /// Whether a tenant id is set on the session, for tenants that share tables.
    pub(crate) fn shows_rows(&self) -> bool {
        self.session.shows_rows()
    }

    pub(crate) fn set_shows_rows(&mut self, shows_rows: bool) {
        self.session.set_shows_rows(shows_rows);
    }

    /// Finishes a query's text, for the wrapped connection.
    pub(crate) fn render<DB, Q>(&self, query: Q) -> QueryResult<Rendered<Q>>
    where
        DB: TranslatedBackend,
        Q: QueryFragment<DB> + QueryId,
    {
        // Earlier prepared statements may be outdated too, so on an outdated connection each statement is prepared
        // anew.
        let prepared = !self.session.is_outdated() && query.is_safe_to_cache_prepared(&DB::default())?;
        let finished = Finished::of(&query, prepared, &self.translation).inspect_err(count_refusal)?;
        self.record(&finished).inspect_err(count_refusal)?;
        Ok(Rendered::new(query, prepared, finished, Arc::clone(&self.translation)))
    }

    pub(crate) fn render_batch<DB: TranslatedBackend>(&self, sql: &str) -> QueryResult<Arc<Finished>> {
        let finished = Finished::from_sql::<DB>(sql, &self.translation).inspect_err(count_refusal)?;
        self.record(&finished).inspect_err(count_refusal)?;
        Ok(finished)
    }

    /// The span of a statement that is about to be sent.
    #[cfg(feature = "tracing")]
    pub(crate) fn span_of<DB: TranslatedBackend>(&self, finished: &Finished) -> Span {
        let tables = || finished.tables(DB::DIALECT);
        Span::query(DB::SYSTEM, &self.label, self.map().unqualified(), &finished.sql, tables)
    }

    #[cfg(not(feature = "tracing"))]
    #[expect(
        clippy::extra_unused_type_parameters,
        reason = "the parameters are those of the function above"
    )]
    pub(crate) fn span_of<DB: TranslatedBackend>(&self, _: &Finished) -> Span {
        Span::default()
    }

    /// The span of a query that is about to be sent; none if it can't be.
    pub(crate) fn span_of_rendered<DB: TranslatedBackend, Q>(&self, query: &QueryResult<Rendered<Q>>) -> Span {
        match query {
            Ok(query) => self.span_of::<DB>(query.finished()),
            Err(_) => Span::default(),
        }
    }

    fn record(&self, finished: &Finished) -> QueryResult<()> {
        self.session.record(finished)?;
        if finished.leaves_id {
            self.session.leave_id(self.translation.id());
        }
        Ok(())
    }
}

impl<C> fmt::Debug for TenantConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantConnection")
            .field("map", self.map())
            .finish_non_exhaustive()
    }
}
