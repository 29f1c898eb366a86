//! Which statements a connection keeps prepared, and which are to be closed on the server: that is said with the next
//! statement (`request`), or by `close_statements` (`connection`).

use std::sync::Arc;

use quick_cache::{DefaultHashBuilder, Lifecycle, UnitWeighter, unsync::Cache};

use super::{columns::Columns, text::StatementText};

/// The statements that are prepared on one connection, and those that may be soon.
///
/// A statement is prepared when it comes a second time, soon after the first. Until then it is sent without a name:
/// most of what a long tail of tenants asks for never comes again before it would have to make room for others, and a
/// statement without a name costs the server neither memory nor a message to close it.
pub(super) struct Statements {
    kept: Cache<u64, Kept, UnitWeighter, DefaultHashBuilder, Evicted>,
    capacity: usize,
    /// A table of statements that were sent once. The low bits of a statement's hash are the index; the entry is the
    /// high bits.
    seen: Box<[u32]>,
    /// With what their names begin.
    prefix: Box<str>,
    last: u64,
    /// The names of statements that had to make room, and are not closed on the server yet.
    to_close: Vec<StatementName>,
}

/// A statement's name on the server, which no other statement of the connection ever had.
pub(super) type StatementName = Arc<str>;

/// A prepared statement.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) name: StatementName,
    pub(super) columns: Arc<Columns>,
}

struct Kept {
    prepared: Prepared,
    text: Arc<dyn StatementText>,
    types: Box<[u32]>,
}

/// A statement's text and the types of its values.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    hash: u64,
    text: &'a Arc<dyn StatementText>,
    types: &'a [u32],
}

/// With what the names of statements begin, unless told otherwise. An application's own `PREPARE` must not choose one of
/// them: its statement would run in place of a query.
const PREFIX: &str = "diesel_tenants_";

/// How many statements are remembered that came once. A power of two.
const SEEN: usize = 4096;

impl<'a> Key<'a> {
    pub(super) fn new(text: &'a Arc<dyn StatementText>, types: &'a [u32]) -> Self {
        // The types are few, small, and mostly the same for a text.
        let mix = |hash: u64, oid: &u32| {
            (hash ^ u64::from(*oid))
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(23)
        };
        Self {
            hash: types.iter().fold(text.hash(), mix),
            text,
            types,
        }
    }
}

impl Kept {
    /// Two texts may have one hash.
    fn is(&self, key: Key<'_>) -> bool {
        (std::ptr::addr_eq(Arc::as_ptr(&self.text), Arc::as_ptr(key.text)) || self.text.sql() == key.text.sql())
            && *self.types == *key.types
    }
}

impl Statements {
    /// Keeps as many statements as `capacity`; none at all with 0.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            kept: Cache::with(
                capacity.clamp(1, 1024),
                capacity.max(1) as u64,
                UnitWeighter,
                DefaultHashBuilder::default(),
                Evicted,
            ),
            capacity,
            seen: vec![0; SEEN].into(),
            prefix: PREFIX.into(),
            last: 0,
            to_close: Vec::new(),
        }
    }

    /// The prepared statement of that text and those types.
    pub(super) fn get(&self, key: Key<'_>) -> Option<Prepared> {
        if self.capacity == 0 {
            return None;
        }
        let kept = self.kept.get(&key.hash).filter(|kept| kept.is(key))?;
        Some(kept.prepared.clone())
    }

    /// A name under which to prepare a statement that is about to be sent, if that is worth it.
    pub(super) fn admit(&mut self, key: Key<'_>) -> Option<StatementName> {
        if self.capacity == 0 {
            return None;
        }
        // Never 0, which is an empty place.
        let fingerprint = (key.hash >> 32) as u32 | 1;
        let place = &mut self.seen[key.hash as usize % SEEN];
        let came_before = std::mem::replace(place, fingerprint) == fingerprint;
        came_before.then(|| {
            self.last += 1;
            format!("{}{}", self.prefix, self.last).into()
        })
    }

    /// Keeps a statement that was prepared. The least useful one makes room.
    pub(super) fn keep(&mut self, key: Key<'_>, prepared: Prepared) {
        self.forget(key);
        let kept = Kept {
            prepared,
            text: Arc::clone(key.text),
            types: key.types.into(),
        };
        self.kept.insert_with_lifecycle(key.hash, kept, &mut self.to_close);
    }

    /// Forgets a statement that the server doesn't know any more, or knows differently.
    pub(super) fn forget(&mut self, key: Key<'_>) {
        if let Some((_, forgotten)) = self.kept.remove(&key.hash) {
            self.to_close.push(forgotten.prepared.name);
        }
    }

    /// Has a statement closed that the server may have under this name.
    pub(super) fn discard(&mut self, name: StatementName) {
        self.to_close.push(name);
    }

    /// The names of statements to be closed on the server.
    pub(super) fn to_close(&self) -> &[StatementName] {
        &self.to_close
    }

    /// Notes that the server was told to close them.
    pub(super) fn closed(&mut self) {
        self.to_close.clear();
    }

    /// Has the names of statements begin with this.
    pub(super) fn name_by(&mut self, prefix: &str) {
        self.prefix = prefix.into();
    }

    /// Keeps as many statements from now on, and none of those that it has. Where none are kept, it stays so.
    pub(super) fn limit(&mut self, capacity: usize) {
        if self.capacity == 0 || self.capacity == capacity {
            return;
        }
        let forgotten: Vec<StatementName> = self.kept.drain().map(|(_, kept)| kept.prepared.name).collect();
        let (last, mut to_close) = (self.last, std::mem::take(&mut self.to_close));
        to_close.extend(forgotten);
        *self = Self {
            prefix: std::mem::take(&mut self.prefix),
            last,
            to_close,
            ..Self::new(capacity)
        };
    }

    /// How many statements are prepared.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}

/// Collects the names of what had to make room.
struct Evicted;

impl Lifecycle<u64, Kept> for Evicted {
    type RequestState = Vec<StatementName>;

    fn on_evict(&self, names: &mut Vec<StatementName>, _: u64, kept: Kept) {
        names.push(kept.prepared.name);
    }
}
