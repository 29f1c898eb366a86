//! The contents of many schemas' version tables, by one query.

use diesel::{
    QueryResult, QueryableByName,
    result::Error::DeserializationError,
    sql_types::{Array, Bool, Nullable, Text},
};
use diesel_async::RunQueryDsl;

use super::table;
use crate::{PostgresConnection, SchemaName, backend::postgres::quote::literal};

/// Schemas whose version tables have the same contents.
pub(crate) struct Alike {
    pub(crate) schemas: Vec<String>,
    pub(crate) has_checksums: bool,
    /// The versions with their checksums, oldest first.
    pub(crate) versions: Vec<(String, Option<String>)>,
}

/// Reads the version tables of several schemas; each schema comes with whether its table has a column for checksums.
/// Fails if one of the tables is missing.
pub(crate) async fn survey(
    connection: &mut PostgresConnection,
    schemas: impl IntoIterator<Item = (&SchemaName, bool)>,
) -> QueryResult<Vec<Alike>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Array<Text>)]
        schemas: Vec<String>,
        #[diesel(sql_type = Bool)]
        has_checksums: bool,
        #[diesel(sql_type = Array<Nullable<Text>>)]
        applied: Vec<Option<String>>,
    }

    let rows: Vec<Row> = diesel::sql_query(question(schemas)).load(connection).await?;
    let alike = |row: Row| {
        Ok(Alike {
            versions: decode(row.applied)
                .ok_or_else(|| DeserializationError("the versions applied can't be read".into()))?,
            schemas: row.schemas,
            has_checksums: row.has_checksums,
        })
    };
    rows.into_iter().map(alike).collect()
}

/// One query that names each table. Schemas with the same contents share a row of the answer, so the answer is short
/// even for many tenants.
fn question<'a>(schemas: impl IntoIterator<Item = (&'a SchemaName, bool)>) -> String {
    let tables = schemas.into_iter().map(|(schema, has_checksums)| {
        let checksum = if has_checksums { "v.checksum" } else { "NULL" };
        format!(
            "({}, {has_checksums}, ARRAY(SELECT pg_catalog.unnest(ARRAY[v.version::pg_catalog.text, {checksum}]) \
             FROM {} v))",
            literal(schema.as_str()),
            table(schema)
        )
    });
    let tables: Vec<String> = tables.collect();
    format!(
        "SELECT pg_catalog.array_agg(f.schema) AS schemas, f.has_checksums, f.applied \
         FROM (VALUES {}) AS f (schema, has_checksums, applied) GROUP BY f.has_checksums, f.applied",
        tables.join(", ")
    )
}

/// Decodes alternating versions and checksums, and sorts them oldest first. `None` for anything else.
fn decode(applied: Vec<Option<String>>) -> Option<Vec<(String, Option<String>)>> {
    let mut versions = Vec::with_capacity(applied.len() / 2);
    let mut values = applied.into_iter();
    while let Some(version) = values.next() {
        versions.push((version?, values.next()?));
    }
    versions.sort();
    Some(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_their_checksums_in_order() {
        let values = |texts: &[Option<&str>]| texts.iter().map(|text| text.map(str::to_owned)).collect();
        assert_eq!(
            decode(values(&[Some("a<&"), None, Some("01"), Some("f")])),
            Some(vec![("01".to_owned(), Some("f".to_owned())), ("a<&".to_owned(), None),])
        );
        assert_eq!(decode(Vec::new()), Some(Vec::new()));
        for broken in [&[Some("1")][..], &[None, Some("f")]] {
            assert_eq!(decode(values(broken)), None, "{broken:?}");
        }
    }
}
