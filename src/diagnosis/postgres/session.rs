//! The role's sessions: the pooler in between, the search_path, how strings are read.

use std::time::Duration;

use tokio_postgres::Error;

use crate::{
    ConnectError,
    backend::postgres::{
        Connector,
        diagnosis_queries::{has_mark, has_standard_strings, keeps_statements, search_path_of_role},
        driver::{Dial, DriverSession},
    },
    diagnosis::{Check, Finding, Severity, causes::causes},
};

/// How long to wait for an answer that a pooler may never give.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the pool's options say about the role's sessions.
pub(super) struct Role<'a> {
    pub(super) extension_schemas: &'a [String],
    pub(super) brings_search_path: bool,
}

/// What is between this command and the server, and how a session starts. `plain` connects without startup options,
/// `marked` with one.
pub(super) async fn check_session(
    session: &DriverSession,
    dial: &dyn Dial,
    plain: &Connector,
    marked: &Connector,
    role: Role<'_>,
) -> Result<[Finding; 4], Error> {
    Ok([
        pooler(dial, marked).await?,
        search_path(session, role).await?,
        strings(session).await?,
        prepared_statements(session, dial, plain).await,
    ])
}

/// Sends a startup option that only a session of the server itself can know afterwards.
async fn pooler(dial: &dyn Dial, marked: &Connector) -> Result<Finding, Error> {
    let warning = |fact: String| {
        Finding::bad(
            Check::Pooler,
            Severity::Warning,
            fact,
            "set `search_path_from_role`, run ALTER ROLE … SET search_path = '', and give a URL that bypasses the \
             pooler to `migration_url`",
        )
    };
    let session = match dial.dial(marked).await {
        Ok(session) => session,
        Err(error) => {
            return Ok(warning(format!(
                "a pooler in between refuses startup options: {}",
                refusal(&error)
            )));
        }
    };
    let arrived = has_mark(session.client()).await?;
    session.close().await;
    Ok(if arrived {
        Finding::fine(
            Check::Pooler,
            "no pooler in between, or one that doesn't change sessions",
        )
    } else {
        warning("a pooler in between drops startup options".to_owned())
    })
}

async fn search_path(session: &DriverSession, role: Role<'_>) -> Result<Finding, Error> {
    let (path, reached) = search_path_of_role(session.client(), role.extension_schemas).await?;
    Ok(match (reached.as_slice(), role.brings_search_path) {
        ([], _) => Finding::fine(Check::SearchPath, format!("{path}, which reaches no table")),
        (_, false) => Finding::fine(
            Check::SearchPath,
            format!("{path}; the library's connections have their own, which is empty"),
        ),
        (reached, true) => Finding::bad(
            Check::SearchPath,
            Severity::Problem,
            format!("{path}, which reaches {}", reached.join(", ")),
            "with search_path_from_role, connections have only the role's search_path: ALTER ROLE … SET search_path = \
             ''",
        ),
    })
}

async fn strings(session: &DriverSession) -> Result<Finding, Error> {
    Ok(if has_standard_strings(session.client()).await? {
        Finding::fine(Check::Strings, "standard_conforming_strings is on")
    } else {
        Finding::bad(
            Check::Strings,
            Severity::Warning,
            "standard_conforming_strings is off for this role",
            "ALTER ROLE … SET standard_conforming_strings = on: the translator reads strings as the standard does",
        )
    })
}

async fn prepared_statements(session: &DriverSession, dial: &dyn Dial, plain: &Connector) -> Finding {
    let attempt = async {
        let other = dial.dial(plain).await.map_err(|error| refusal(&error))?;
        let kept = keeps_statements(session.client(), other.client()).await;
        kept.map_err(|error| causes(&error))?;
        other.close().await;
        Ok::<_, String>(())
    };
    match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Ok(())) => Finding::fine(Check::PreparedStatements, "outlive their transaction"),
        Ok(Err(error)) => Finding::bad(
            Check::PreparedStatements,
            Severity::Warning,
            error,
            "a pooler in between can't keep prepared statements, so that the server parses and plans each statement \
             anew: PgBouncer 1.21 or newer keeps them, with max_prepared_statements set",
        ),
        Err(_) => Finding::bad(
            Check::PreparedStatements,
            Severity::Warning,
            format!("two connections at a time got no answer within {PATIENCE:?}"),
            "a pooler in between has a single connection: give it more (default_pool_size)",
        ),
    }
}

/// The answer of the server or the pooler.
fn refusal(error: &ConnectError) -> String {
    match error {
        ConnectError::Refused { source, .. } => causes(source),
        error => causes(error),
    }
}
