//! What stands between, and what a session starts with.

use std::time::Duration;

use tokio_postgres::{Client, Error, types::Type};

use super::Finding;
use crate::{context::Context, output::line};

/// For an answer that a pooler may never give.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn findings(context: &Context, client: &Client) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        pooler(context).await?,
        search_path(context, client).await?,
        strings(client).await?,
        prepared_statements(context, client).await,
    ])
}

/// Sends a startup option that only a session of the server itself can know afterwards.
async fn pooler(context: &Context) -> Result<Finding, Error> {
    const CHECK: &str = "pooler";
    let advice = "set search_path_from_role in diesel-tenants.toml, run ALTER ROLE … SET search_path = '', and name a way past it by \
                  --migration-url; PgBouncer must be 1.21 or newer, with max_prepared_statements set";
    let client = match context.database.client("-c diesel_tenants.doctor=here").await {
        Ok(client) => client,
        Err(error) => {
            let found = format!("one in between refuses startup options: {}", line(&error));
            return Ok(Finding::warning(CHECK, found, advice));
        }
    };
    let sql = "SELECT pg_catalog.current_setting('diesel_tenants.doctor', true) IS NOT DISTINCT FROM 'here'";
    let arrived: bool = client.query_typed_one(sql, &[]).await?.get(0);
    Ok(if arrived {
        Finding::fine(CHECK, "none in between, or one that leaves sessions alone")
    } else {
        Finding::warning(CHECK, "one in between drops startup options", advice)
    })
}

async fn search_path(context: &Context, client: &Client) -> Result<Finding, Error> {
    const CHECK: &str = "search_path of the role";
    let sql = "SELECT pg_catalog.current_setting('search_path'), ARRAY(SELECT s.name::text FROM \
               pg_catalog.unnest(pg_catalog.current_schemas(false)) s (name) WHERE s.name::text <> ALL ($1))";
    let row = client
        .query_typed_one(sql, &[(&context.settings.tenants.extension_schemas, Type::TEXT_ARRAY)])
        .await?;
    let (path, reached): (String, Vec<String>) = (row.get(0), row.get(1));
    Ok(
        match (reached.as_slice(), context.settings.tenants.search_path_from_role) {
            ([], _) => Finding::fine(CHECK, format!("{path}, which reaches no table")),
            (_, false) => Finding::fine(
                CHECK,
                format!("{path}; the library's connections have their own, which is empty"),
            ),
            (reached, true) => Finding::problem(
                CHECK,
                format!("{path}, which reaches {}", reached.join(", ")),
                "with search_path_from_role the role's is all there is: ALTER ROLE … SET search_path = ''",
            ),
        },
    )
}

async fn strings(client: &Client) -> Result<Finding, Error> {
    const CHECK: &str = "strings";
    let sql = "SELECT pg_catalog.current_setting('standard_conforming_strings') = 'on'";
    let standard: bool = client.query_typed_one(sql, &[]).await?.get(0);
    Ok(if standard {
        Finding::fine(CHECK, "standard_conforming_strings is on")
    } else {
        Finding::warning(
            CHECK,
            "standard_conforming_strings is off for this role",
            "ALTER ROLE … SET standard_conforming_strings = on: the translator reads strings as the standard does",
        )
    })
}

/// Prepares a statement, and uses it while somebody else is in a transaction: a pooler that hands sessions from one to the other
/// may answer from one that doesn't know it.
async fn prepared_statements(context: &Context, client: &Client) -> Finding {
    const CHECK: &str = "prepared statements";
    let advice =
        "a pooler in between can't keep them: PgBouncer must be 1.21 or newer, with max_prepared_statements set";
    let attempt = async {
        let statement = client.prepare("SELECT 1::int4").await?;
        let other = context.database.client("").await?;
        other.batch_execute("BEGIN").await?;
        client.query_one(&statement, &[]).await?;
        other.batch_execute("ROLLBACK").await
    };
    match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Ok(())) => Finding::fine(CHECK, "outlive their transaction"),
        Ok(Err(error)) => Finding::problem(CHECK, line(&error), advice),
        Err(_) => Finding::warning(
            CHECK,
            format!("two connections at a time got no answer within {PATIENCE:?}"),
            "a pooler in between has a single connection: give it more (default_pool_size)",
        ),
    }
}
