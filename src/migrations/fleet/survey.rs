//! Which versions are applied to which tenants, by a handful of queries for thousands of them.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;

use super::FleetError;
use crate::{SchemaName, TenantPool};

/// Schemas asked for by one query. Its transaction holds two locks for each, a table's and its index's, of at least 6,400
/// on a server with PostgreSQL's defaults.
const SCHEMAS_A_QUERY: usize = 500;

/// Schemas asked for on one connection, whose end in the server remembers the tables of each.
const SCHEMAS_A_CONNECTION: usize = 2_000;

/// What a version table holds. Tenants whose tables hold the same share one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// Oldest first, each with the checksum it was applied with, where one was kept.
    pub(super) versions: Vec<(String, Option<String>)>,
    /// Whether the table has a column for checksums.
    pub(super) has_checksums: bool,
    /// Whether there is a table.
    pub(super) has_table: bool,
}

impl Applied {
    pub(super) fn contains(&self, version: &str) -> bool {
        self.versions
            .binary_search_by(|(applied, _)| applied.as_str().cmp(version))
            .is_ok()
    }
}

/// What is applied to each tenant of a fleet.
pub(super) struct Survey {
    /// One that can't be read is an error of its own, and none of the others'.
    pub(super) tenants: Vec<(SchemaName, QueryResult<Arc<Applied>>)>,
}

type Answers = HashMap<String, QueryResult<Arc<Applied>>>;

impl Survey {
    /// Of all tenants, or of those chosen, with the canaries among them.
    pub(super) async fn of(
        pool: &TenantPool,
        connection: &mut AsyncPgConnection,
        chosen: Option<Vec<SchemaName>>,
        canaries: &[SchemaName],
        workers: usize,
    ) -> Result<Self, FleetError> {
        let listed = pool.tenants_by(connection).await.map_err(FleetError::Tenants)?;
        let (migrated, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|tenant| tenant.status.is_migrated());
        let asked_for: HashSet<&SchemaName> = chosen.iter().flatten().chain(canaries).collect();
        if let Some(tenant) = others.iter().find(|tenant| asked_for.contains(&tenant.name)) {
            return Err(FleetError::UnknownTenant {
                tenant: tenant.name.clone(),
            });
        }
        let mut tenants = match &chosen {
            Some(chosen) => chosen.clone(),
            None => migrated.into_iter().map(|tenant| tenant.name).collect(),
        };
        let known: HashSet<&SchemaName> = tenants.iter().collect();
        let missing: Vec<SchemaName> = canaries.iter().filter(|name| !known.contains(name)).cloned().collect();
        tenants.splice(0..0, missing);

        let mut answers = ask_for_all(pool, connection, &tenants, workers).await?;
        let mut found = Vec::with_capacity(tenants.len());
        for tenant in tenants {
            match answers.remove(tenant.as_str()) {
                Some(applied) => found.push((tenant, applied)),
                None if asked_for.contains(&tenant) => return Err(FleetError::UnknownTenant { tenant }),
                // Dropped since it was listed.
                None => {}
            }
        }
        Ok(Self { tenants: found })
    }

    /// What can be read, each distinct list of versions once, with the tenants who have it.
    pub(super) fn groups(&self) -> Vec<(&Applied, Vec<&SchemaName>)> {
        let mut groups: Vec<(&Applied, Vec<&SchemaName>)> = Vec::new();
        let mut known: HashMap<*const Applied, usize> = HashMap::new();
        for (tenant, applied) in &self.tenants {
            if let Ok(applied) = applied {
                let index = *known.entry(Arc::as_ptr(applied)).or_insert_with(|| {
                    groups.push((applied, Vec::new()));
                    groups.len() - 1
                });
                groups[index].1.push(tenant);
            }
        }
        groups
    }
}

/// Asks by as many connections as there are workers, once it is worth it.
async fn ask_for_all(
    pool: &TenantPool,
    connection: &mut AsyncPgConnection,
    schemas: &[SchemaName],
    workers: usize,
) -> Result<Answers, FleetError> {
    if schemas.len() <= SCHEMAS_A_QUERY {
        return Ok(ask_piecemeal(connection, schemas).await);
    }
    let parts: Vec<&[SchemaName]> = schemas.chunks(SCHEMAS_A_CONNECTION).collect();
    let next = AtomicUsize::new(0);
    let work = async || {
        let mut answers = Answers::new();
        while let Some(part) = parts.get(next.fetch_add(1, Relaxed)) {
            let mut connection = pool.migration_connector().connect().await?;
            answers.extend(ask_piecemeal(&mut connection, part).await);
        }
        Ok::<_, FleetError>(answers)
    };
    let answers = try_join_all((0..workers.min(parts.len())).map(|_| work())).await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Asks for some schemas. Those that don't exist are missing from the answer.
async fn ask_piecemeal(connection: &mut AsyncPgConnection, schemas: &[SchemaName]) -> Answers {
    let mut answers = Answers::with_capacity(schemas.len());
    let mut parts: Vec<&[SchemaName]> = schemas.chunks(SCHEMAS_A_QUERY).rev().collect();
    while let Some(part) = parts.pop() {
        match (ask(connection, part).await, part) {
            (Ok(found), _) => answers.extend(found.into_iter().map(|(name, applied)| (name, Ok(applied)))),
            (Err(error), [schema]) => {
                answers.insert(schema.as_str().to_owned(), Err(error));
            }
            // One that is dropped just now, or whose table isn't Diesel's, spoils the query for all.
            (Err(_), _) => {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
    }
    answers
}

async fn ask(connection: &mut AsyncPgConnection, schemas: &[SchemaName]) -> QueryResult<Vec<(String, Arc<Applied>)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Array<Text>)]
        schemas: Vec<String>,
        #[diesel(sql_type = Nullable<Bool>)]
        has_checksums: Option<bool>,
        #[diesel(sql_type = Nullable<Text>)]
        applied: Option<String>,
    }

    let names: Vec<&str> = schemas.iter().map(SchemaName::as_str).collect();
    // `query_to_xml` is the server's only way to run a query whose text is made by another one. What is asked for is
    // encoded, so that the XML is as simple as it looks here.
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT pg_catalog.array_agg(found.schema) AS schemas, found.has_checksums, found.applied FROM ( \
         SELECT n.nspname::pg_catalog.text AS schema, t.has_checksums, CASE WHEN t.has_checksums IS NOT NULL THEN \
         pg_catalog.query_to_xml(pg_catalog.format('SELECT pg_catalog.string_agg(pg_catalog.encode(\
         pg_catalog.convert_to(version, ''UTF8''), ''hex'') || '':'' || %s, '','' ORDER BY version COLLATE \"C\") AS x \
         FROM %I.__diesel_schema_migrations', CASE WHEN t.has_checksums THEN 'pg_catalog.encode(\
         pg_catalog.convert_to(coalesce(checksum, ''''), ''UTF8''), ''hex'')' ELSE '''''' END, n.nspname), \
         false, true, '')::pg_catalog.text END AS applied \
         FROM pg_catalog.pg_namespace n LEFT JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a \
         WHERE a.attrelid = c.oid AND a.attname = 'checksum' AND NOT a.attisdropped) AS has_checksums \
         FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = '__diesel_schema_migrations' \
         AND c.relkind IN ('r', 'p')) t ON true \
         WHERE n.nspname = ANY ($1)) found GROUP BY found.has_checksums, found.applied",
    )
    .bind::<Array<Text>, _>(names)
    .load(connection)
    .await?;
    let mut answers = Vec::with_capacity(schemas.len());
    for row in rows {
        let applied = Arc::new(Applied {
            versions: decode(row.applied.as_deref().unwrap_or_default()).ok_or_else(|| {
                diesel::result::Error::DeserializationError("the versions applied can't be read".into())
            })?,
            has_checksums: row.has_checksums == Some(true),
            has_table: row.has_checksums.is_some(),
        });
        answers.extend(row.schemas.into_iter().map(|schema| (schema, Arc::clone(&applied))));
    }
    Ok(answers)
}

/// Reads `<row …><x>version:checksum,version:checksum</x></row>`, each in hexadecimal digits.
fn decode(xml: &str) -> Option<Vec<(String, Option<String>)>> {
    let Some((_, rest)) = xml.split_once("<x>") else {
        return Some(Vec::new());
    };
    let (list, _) = rest.split_once("</x>")?;
    list.split(',')
        .map(|entry| {
            let (version, checksum) = entry.split_once(':')?;
            let checksum = decode_hex(checksum)?;
            Some((decode_hex(version)?, (!checksum.is_empty()).then_some(checksum)))
        })
        .collect()
}

fn decode_hex(digits: &str) -> Option<String> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let bytes = pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_decoded_with_their_checksums() {
        let xml = "<row xmlns:xsi=\"x\">\n  <x>3031:,e4b8ad3c:6162</x>\n</row>\n";
        assert_eq!(
            decode(xml),
            Some(vec![("01".to_owned(), None), ("中<".to_owned(), Some("ab".to_owned()))])
        );
        assert_eq!(decode("<row xmlns:xsi=\"x\">\n</row>\n"), Some(Vec::new()));
        assert_eq!(decode(""), Some(Vec::new()));
        for broken in ["<x>3031", "<x>3:</x>", "<x>zz:</x>", "<x>3031</x>", "<x>ff:</x>"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
