use std::{fmt, sync::Arc};

use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{ScriptFailure, StatementAnswer, sessions::Sessions};
use crate::SchemaName;

/// The answers of the tenants to a script. The script runs as the answers are asked for; see
/// [`ScriptRequest::start`](super::ScriptRequest::start).
///
/// Dropping this stops the script: no further tenant is begun, and the transactions in progress are rolled back.
#[must_use = "the script runs as `next` is called"]
pub struct ScriptAnswers<'a> {
    tenants: usize,
    sessions: Arc<Sessions<'a>>,
    answers: BoxStream<'a, Answered>,
}

type Answered = (SchemaName, Result<Vec<StatementAnswer>, ScriptFailure>);

impl<'a> ScriptAnswers<'a> {
    /// Runs each tenant's text, for several tenants at a time.
    pub(super) fn new(
        texts: Vec<(SchemaName, String)>,
        sessions: Sessions<'a>,
        concurrency: usize,
        stop: Box<dyn Fn() -> bool + Send + Sync + 'a>,
    ) -> Self {
        let tenants = texts.len();
        let sessions = Arc::new(sessions);
        let shared = (Arc::clone(&sessions), Arc::new(stop));
        let each = texts.into_iter().map(move |(tenant, sql)| {
            let (sessions, stop) = shared.clone();
            async move {
                let answered = match stop() {
                    true => Err(ScriptFailure::NotReached),
                    false => sessions.run(&sql).await,
                };
                (tenant, answered)
            }
        });
        Self {
            tenants,
            sessions,
            answers: stream::iter(each).buffered(concurrency).boxed(),
        }
    }

    /// The number of tenants in which the script runs.
    pub fn tenants(&self) -> usize {
        self.tenants
    }

    /// The next tenant with its answer to each statement, in the order in which the tenants were given; by default
    /// sorted by name. `None` once there are no more.
    ///
    /// A failure in one tenant doesn't stop the script in the others.
    pub async fn next(&mut self) -> Option<(SchemaName, Result<Vec<StatementAnswer>, ScriptFailure>)> {
        let answered = self.answers.next().await;
        if answered.is_none() {
            self.sessions.close().await;
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
