use std::{
    hash::Hash,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Instant,
};

use quick_cache::{
    Equivalent,
    sync::{Cache, EntryAction, EntryResult},
};

use crate::tenancy::{DirectoryCache, DirectoryError};

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
    /// `None` if the directory must be asked again.
    fresh_until: Option<Instant>,
    /// When the directory gave the answer.
    said: Instant,
}

impl<V> Answer<V> {
    fn is_fresh(&self, now: Instant) -> bool {
        self.fresh_until.is_some_and(|until| now < until)
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
            fresh_until: answer.fresh_until.filter(|_| !is_outdated),
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
        let fresh_until = Some(Instant::now() + time);
        match (found, before) {
            (
                Err(_),
                Some(Answer {
                    found: Ok(Some(value)),
                    said: then,
                    ..
                }),
            ) if !self.times.stale_if_error.is_zero()
                && said.duration_since(then) < self.times.ttl + self.times.stale_if_error =>
            {
                Answer {
                    found: Ok(Some(value)),
                    fresh_until,
                    said: then,
                }
            }
            (found, _) => Answer {
                found,
                fresh_until,
                said,
            },
        }
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
    use std::{pin::pin, time::Duration};

    use futures_util::poll;
    use tokio::sync::oneshot;

    use super::*;

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
