//! Asks the server for the OIDs of types, by their names. The query stands here and not in `catalog`, because a
//! connection asks it by itself, while it sends a statement.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    result::Error,
    sql_types::{Bool, Nullable, Oid, Text},
};
use diesel_async::RunQueryDsl;

use super::{
    PostgresConnection,
    types::{Oids, TypeName, TypeScope},
};

/// Asks the server for the OIDs of types, and remembers them.
///
/// # Errors
/// A [`SerializationError`](Error::SerializationError) if there is no such type, or what the server answers.
pub(super) async fn look_up(
    connection: &PostgresConnection,
    names: Vec<TypeName>,
    scope: Option<TypeScope>,
) -> QueryResult<Vec<Oids>> {
    let tenant = scope.as_ref().map(|scope| &*scope.schema);
    let mut found = Vec::with_capacity(names.len());
    for name in &names {
        let schema = name.schema.as_deref();
        let oids = type_oids(connection, &name.name, schema.or(tenant), schema.is_some()).await?;
        let Some(oids) = oids else {
            return Err(no_such_type(name, tenant));
        };
        connection.types().insert(name, scope.as_ref(), oids);
        found.push(oids);
    }
    Ok(found)
}

fn no_such_type(name: &TypeName, tenant: Option<&str>) -> Error {
    let place = match (&name.schema, tenant) {
        (Some(schema), _) => format!("in schema {schema:?}"),
        (None, Some(tenant)) => format!("in schema {tenant:?} or on the search_path"),
        (None, None) => "on the search_path".to_owned(),
    };
    Error::SerializationError(format!("there is no type {:?} {place}", name.name).into())
}

/// The OIDs of a type and of its array type. The type is looked for in this schema, and then, unless it must be in that
/// schema, along the search_path.
async fn type_oids(
    mut connection: &PostgresConnection,
    name: &str,
    schema: Option<&str>,
    must_be_there: bool,
) -> QueryResult<Option<Oids>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Oid)]
        oid: u32,
        #[diesel(sql_type = Oid)]
        typarray: u32,
    }

    // Many schemas may have a type of that name.
    let found = diesel::sql_query(
        "SELECT t.oid, t.typarray FROM pg_catalog.pg_type t \
         CROSS JOIN (SELECT (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $2) AS oid) s \
         WHERE t.typname = $1 AND t.typnamespace = ANY (ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n \
         WHERE n.nspname = $2 OR NOT $3 AND n.nspname = ANY (pg_catalog.current_schemas(true)))) \
         AND (t.typnamespace = s.oid OR NOT $3 AND pg_catalog.pg_type_is_visible(t.oid)) \
         ORDER BY t.typnamespace = s.oid DESC NULLS LAST LIMIT 1",
    )
    .bind::<Text, _>(name)
    .bind::<Nullable<Text>, _>(schema)
    .bind::<Bool, _>(must_be_there)
    .get_result::<Found>(&mut connection)
    .await
    .optional()?;
    Ok(found.map(|found| (found.oid, found.typarray)))
}
