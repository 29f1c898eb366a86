use std::{fmt, sync::Arc};

use futures_core::future::BoxFuture;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{ScriptFailure, StatementAnswer};
use crate::SchemaName;

/// The answers of the tenants to a script. The script runs as the answers are asked for; see
/// [`ScriptRequest::start`](super::ScriptRequest::start).
///
/// Dropping this stops the script: no further tenant is begun, and the transactions in progress are rolled back.
#[must_use = "the script runs as `next` is called"]
pub struct ScriptAnswers<'a> {
    tenants: usize,
    answers: BoxStream<'a, Answered>,
    /// What is done after the last answer.
    end: Option<BoxFuture<'a, ()>>,
}

type Answered = (SchemaName, Result<Vec<StatementAnswer>, ScriptFailure>);

impl<'a> ScriptAnswers<'a> {
    /// Runs what each tenant is to run, for several tenants at a time.
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(super) fn new<T, F>(
        texts: Vec<(SchemaName, T)>,
        run: impl Fn(T) -> F + Send + Sync + 'a,
        concurrency: usize,
        stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
    ) -> Self
    where
        T: Send + 'a,
        F: Future<Output = Result<Vec<StatementAnswer>, ScriptFailure>> + Send,
    {
        Self::of_groups(vec![texts], run, concurrency, stop)
    }

    /// Like [`new`](Self::new), with several groups of tenants that run side by side, each with the same concurrency.
    pub(super) fn of_groups<T, F>(
        groups: Vec<Vec<(SchemaName, T)>>,
        run: impl Fn(T) -> F + Send + Sync + 'a,
        concurrency: usize,
        stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
    ) -> Self
    where
        T: Send + 'a,
        F: Future<Output = Result<Vec<StatementAnswer>, ScriptFailure>> + Send,
    {
        let tenants = groups.iter().map(Vec::len).sum();
        let shared = Arc::new((run, stop));
        let groups = groups.into_iter().map(|texts| {
            let shared = Arc::clone(&shared);
            let each = texts.into_iter().map(move |(tenant, text)| {
                let shared = Arc::clone(&shared);
                async move {
                    let (run, stop) = &*shared;
                    let answered = match stop() {
                        true => Err(ScriptFailure::NotReached),
                        false => run(text).await,
                    };
                    (tenant, answered)
                }
            });
            stream::iter(each).buffered(concurrency)
        });
        Self {
            tenants,
            answers: stream::select_all(groups.collect::<Vec<_>>()).boxed(),
            end: None,
        }
    }

    /// The same, and then this.
    pub(super) fn ending(self, end: impl Future<Output = ()> + Send + 'a) -> Self {
        Self {
            end: Some(Box::pin(end)),
            ..self
        }
    }

    /// The number of tenants in which the script runs.
    pub fn tenants(&self) -> usize {
        self.tenants
    }

    /// The next tenant with its answer to each statement, in the order in which the tenants were given; by default
    /// sorted by name. Tenants of several databases come in that order for each database. `None` once there are no
    /// more.
    ///
    /// A failure in one tenant doesn't stop the script in the others.
    pub async fn next(&mut self) -> Option<(SchemaName, Result<Vec<StatementAnswer>, ScriptFailure>)> {
        let answered = self.answers.next().await;
        if answered.is_none()
            && let Some(end) = self.end.take()
        {
            end.await;
        }
        answered
    }
}

impl fmt::Debug for ScriptAnswers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptAnswers")
            .field("tenants", &self.tenants)
            .finish_non_exhaustive()
    }
}
