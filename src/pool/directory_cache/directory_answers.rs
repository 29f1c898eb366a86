use std::{
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::{Duration, Instant},
};

use quick_cache::{
    Equivalent,
    sync::{Cache, EntryAction, EntryResult},
};

use crate::{
    tenancy::{DirectoryCache, DirectoryError},
    translate::CacheStatistics,
};

/// Answers of a directory, including "there is none" and "the directory could not be asked". If a question is already
/// being asked, a second caller waits for that answer.
pub(crate) struct DirectoryAnswers<K, V> {
    answers: Cache<K, Answer<V>>,
    times: DirectoryCache,
    /// How many times anything was forgotten.
    forgotten: AtomicU64,
}

type Found<V> = Result<Option<V>, DirectoryError>;

#[derive(Clone)]
struct Answer<V> {
    found: Found<V>,
    /// When it was remembered, and for how long it is fresh; `None` if the directory must be asked again.
    fresh: Option<(Instant, Duration)>,
    /// When the directory gave the answer.
    said: Instant,
}

impl<V> Answer<V> {
    fn is_fresh(&self, now: Instant) -> bool {
        self.fresh
            .is_some_and(|(since, time)| now.saturating_duration_since(since) < time)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> DirectoryAnswers<K, V> {
    pub(crate) fn new(times: DirectoryCache) -> Self {
        Self {
            answers: Cache::new(times.capacity),
            times,
            forgotten: AtomicU64::new(0),
        }
    }

    /// The remembered answer, while it is fresh.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<Found<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let answer = self.answers.get(key)?;
        answer.is_fresh(Instant::now()).then_some(answer.found)
    }

    /// The remembered answer, or else the answer of `find`.
    pub(crate) async fn get_or_find<Q>(&self, key: &Q, find: impl Future<Output = Found<V>>) -> Found<V>
    where
        Q: Hash + Equivalent<K> + ToOwned<Owned = K> + ?Sized,
    {
        let look = |_: &K, answer: &mut Answer<V>| {
            if answer.is_fresh(Instant::now()) {
                EntryAction::Retain(answer.found.clone())
            } else {
                EntryAction::ReplaceWithGuard
            }
        };
        // If a guard is dropped unfilled, the next waiting caller gets it.
        let (guard, before) = match self.answers.entry_async(key, look).await {
            EntryResult::Retained(found) => return found,
            EntryResult::Vacant(guard) => (guard, None),
            EntryResult::Replaced(guard, before) => (guard, Some(before)),
            EntryResult::Removed(..) | EntryResult::Timeout => unreachable!("`look` neither removes nor times out"),
        };
        let forgotten = self.forgotten.load(SeqCst);
        let said = Instant::now();
        let found = find.await;
        let answer = self.answer(found, said, before);
        let found = answer.found.clone();
        // The tenant may have been changed while the directory answered.
        let is_outdated = self.forgotten.load(SeqCst) != forgotten;
        let _ = guard.insert(Answer {
            fresh: answer.fresh.filter(|_| !is_outdated),
            ..answer
        });
        found
    }

    fn answer(&self, found: Found<V>, said: Instant, before: Option<Answer<V>>) -> Answer<V> {
        let time = match &found {
            Ok(Some(_)) => self.times.ttl,
            Ok(None) => self.times.negative_ttl,
            Err(_) => self.times.failure_ttl,
        };
        let fresh = Some((Instant::now(), time));
        match (found, before) {
            (
                Err(_),
                Some(Answer {
                    found: Ok(Some(value)),
                    said: then,
                    ..
                }),
            ) if !self.times.stale_if_error.is_zero()
                && said.duration_since(then) < self.times.ttl.saturating_add(self.times.stale_if_error) =>
            {
                Answer {
                    found: Ok(Some(value)),
                    fresh,
                    said: then,
                }
            }
            (found, _) => Answer { found, fresh, said },
        }
    }

    pub(crate) fn statistics(&self) -> CacheStatistics {
        let answers = &self.answers;
        CacheStatistics::new(answers.hits(), answers.misses(), answers.len(), 0)
    }

    /// Forgets one answer, so that the next caller asks the directory.
    pub(crate) fn forget<Q>(&self, key: &Q)
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        self.forgotten.fetch_add(1, SeqCst);
        self.answers.remove(key);
    }

    /// Forgets the answers for which `is_outdated` returns true; it gets `None` for "there is none".
    pub(crate) fn forget_if(&self, is_outdated: impl Fn(Option<&V>) -> bool) {
        self.forgotten.fetch_add(1, SeqCst);
        let is_kept = |answer: &Answer<V>| match &answer.found {
            Ok(found) => !is_outdated(found.as_ref()),
            Err(_) => true,
        };
        self.answers.retain(|_, answer| is_kept(answer));
    }

    /// Forgets all answers.
    pub(crate) fn forget_all(&self) {
        self.forgotten.fetch_add(1, SeqCst);
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn an_answer_can_be_remembered_for_ever() {
        let for_ever = DirectoryCache::new()
            .ttl(Duration::MAX)
            .negative_ttl(Duration::MAX)
            .failure_ttl(Duration::MAX)
            .stale_if_error(Duration::MAX);
        let remembered = DirectoryAnswers::<String, u8>::new(for_ever);
        for found in [Some(1), None] {
            let key = format!("{found:?}");
            let first = remembered.get_or_find(&key, async { Ok(found) }).await;
            assert!(matches!(first, Ok(first) if first == found));
            let then = remembered.get_or_find(&key, async { Ok(Some(2)) }).await;
            assert!(matches!(then, Ok(then) if then == found));
        }
        let failed = || DirectoryError::new("not reached".into());
        let _ = remembered.get_or_find("c", async { Err(failed()) }).await;
        assert!(matches!(remembered.get("c"), Some(Err(_))));
        // It is not fresh, but may still be used if the directory can't be asked.
        let stale = DirectoryAnswers {
            times: DirectoryCache {
                ttl: Duration::ZERO,
                ..for_ever
            },
            ..remembered
        };
        let _ = stale.get_or_find("d", async { Ok(Some(1)) }).await;
        let kept = stale.get_or_find("d", async { Err(failed()) }).await;
        assert!(matches!(kept, Ok(Some(1))));
    }

    #[tokio::test]
    async fn an_answer_that_a_change_overtakes_is_asked_for_again() {
        type Forget = fn(&DirectoryAnswers<String, u8>);
        let (one, some, all): (Forget, Forget, Forget) = (
            |remembered| remembered.forget("a"),
            |remembered| remembered.forget_if(|_| true),
            |remembered| remembered.forget_all(),
        );
        for forget in [one, some, all] {
            // With no answer yet, and with an expired answer.
            for first in [Duration::from_secs(3600), Duration::ZERO] {
                let remembered = DirectoryAnswers::<String, u8>::new(DirectoryCache::new().ttl(first));
                if first.is_zero() {
                    let _ = remembered.get_or_find("a", async { Ok(Some(0)) }).await;
                }
                let remembered = DirectoryAnswers {
                    times: DirectoryCache::new().ttl(Duration::from_secs(3600)),
                    ..remembered
                };
                let (answer, asked) = oneshot::channel();
                let mut under_way = pin!(remembered.get_or_find("a", async { Ok(asked.await.ok()) }));
                assert!(poll!(&mut under_way).is_pending());
                forget(&remembered);
                answer.send(1).unwrap();
                assert!(matches!(under_way.await, Ok(Some(1))));
                assert!(remembered.get("a").is_none(), "the answer may be older than the change");
                let now = remembered.get_or_find("a", async { Ok(Some(2)) }).await;
                assert!(matches!(now, Ok(Some(2))), "{now:?}");
            }
        }
    }
}
