//! Analysed statements, cached so that each text is analysed once for all maps and connections.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter, sync::Cache};

use super::{Dialect, Template, TranslateError};

/// Bounded by bytes; a text seen once doesn't push out one that is used often (quick_cache evicts by S3-FIFO).
type Templates = Cache<Box<str>, Arc<Template>, ByBytes, DefaultHashBuilder, &'static Evictions>;

/// The templates of a dialect. Each dialect has a cache of its own, because a text can mean two things in two dialects.
/// So the dialect is part of every key, and no look-up has to hash or compare it.
fn templates(dialect: Dialect) -> &'static Templates {
    static POSTGRES: LazyLock<Templates> = LazyLock::new(new_cache);
    static SQLITE: LazyLock<Templates> = LazyLock::new(new_cache);
    static MYSQL: LazyLock<Templates> = LazyLock::new(new_cache);
    match dialect {
        Dialect::Postgres => &POSTGRES,
        Dialect::Sqlite => &SQLITE,
        Dialect::Mysql => &MYSQL,
    }
}

fn new_cache() -> Templates {
    Cache::with(16_384, 32 << 20, ByBytes, DefaultHashBuilder::default(), &EVICTIONS)
}

/// The templates that made room for others.
static EVICTIONS: Evictions = Evictions::new();

/// The longest text that is cached, in bytes. Longer texts are mostly batches of values that are never sent again:
/// analysing them costs less than remembering them.
const LONGEST_KEPT: usize = 64 << 10;

#[derive(Clone)]
struct ByBytes;

impl Weighter<Box<str>, Arc<Template>> for ByBytes {
    fn weight(&self, sql: &Box<str>, template: &Arc<Template>) -> u64 {
        (sql.len() + template.memory()) as u64
    }
}

/// Counts the entries of a cache that make room for others.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Evictions(AtomicU64);

impl Evictions {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl<K, V> Lifecycle<K, V> for &Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, _: V) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Counters of a cache, since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatistics {
    /// Look-ups that found an entry.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Entries held now.
    pub entries: usize,
    /// Bytes held now, as far as they are counted: texts and their analyses.
    pub bytes: u64,
    /// Entries that made room for others, as far as they are counted.
    pub evictions: u64,
}

impl CacheStatistics {
    /// The statistics of your own cache, to show beside those of this crate.
    pub fn new(hits: u64, misses: u64, entries: usize, bytes: u64) -> Self {
        Self {
            hits,
            misses,
            entries,
            bytes,
            evictions: 0,
        }
    }

    /// The same, with the number of entries that made room for others.
    #[must_use]
    pub fn evicting(self, evictions: u64) -> Self {
        Self { evictions, ..self }
    }
}

/// Statistics of the caches of analysed statements, which all maps and connections of the process share: the sums over
/// all dialects.
///
/// ```
/// let statistics = diesel_tenants_translate::template_statistics();
/// println!("{} of {} look-ups found their statement analysed", statistics.hits, statistics.hits + statistics.misses);
/// ```
pub fn template_statistics() -> CacheStatistics {
    let mut sum = CacheStatistics::new(0, 0, 0, 0).evicting(EVICTIONS.count());
    for dialect in Dialect::ALL {
        let templates = templates(dialect);
        sum.hits += templates.hits();
        sum.misses += templates.misses();
        sum.entries += templates.len();
        sum.bytes += templates.weight();
    }
    sum
}

impl Template {
    /// The template of a PostgreSQL text, from the process's cache, or analysed now. The cache of at most 32 MiB keeps
    /// frequently used texts.
    ///
    /// # Errors
    /// As for [`analyse`](Self::analyse).
    pub fn cached(sql: &str) -> Result<Arc<Self>, TranslateError> {
        Self::cached_for(Dialect::Postgres, sql)
    }

    /// The template of a text in this dialect, from the process's cache for the dialect, or analysed now.
    ///
    /// # Errors
    /// As for [`analyse`](Self::analyse).
    #[inline]
    pub fn cached_for(dialect: Dialect, sql: &str) -> Result<Arc<Self>, TranslateError> {
        if sql.len() > LONGEST_KEPT {
            return Self::analyse_for(dialect, sql).map(Arc::new);
        }
        let templates = templates(dialect);
        if let Some(template) = templates.get(sql) {
            return Ok(template);
        }
        let template = Arc::new(Self::analyse_for(dialect, sql)?);
        templates.insert(sql.into(), Arc::clone(&template));
        Ok(template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_seen_once_do_not_push_out_one_that_is_used_often_and_memory_is_bounded() {
        let hot = "SELECT hot FROM orders";
        for number in 0..100_000 {
            let once = format!("SELECT {number} FROM orders /* {} */", "x".repeat(500));
            Template::cached(&once).unwrap();
            if number % 100 == 0 {
                Template::cached(hot).unwrap();
            }
        }
        assert!(templates(Dialect::Postgres).peek(hot).is_some());
        assert!(
            templates(Dialect::Postgres).weight() <= 32 << 20,
            "{:?}",
            template_statistics()
        );
        assert!(templates(Dialect::Postgres).len() < 100_000);
        let made_room = template_statistics().evictions;
        assert!((10_000..=100_000).contains(&made_room), "{made_room}");
    }

    #[test]
    fn no_dialect_finds_the_template_of_another() {
        let sql = "SELECT a FROM orders";
        for dialect in Dialect::ALL.into_iter().chain(Dialect::ALL) {
            assert_eq!(Template::cached_for(dialect, sql).unwrap().dialect(), dialect);
        }
    }

    #[test]
    fn a_very_long_text_is_not_kept() {
        let long = format!("SELECT '{}' FROM orders", "x".repeat(LONGEST_KEPT));
        Template::cached(&long).unwrap();
        assert!(templates(Dialect::Postgres).peek(long.as_str()).is_none());
    }
}
