//! How a tenant's place stands in the columns of its row.

use diesel::{
    QueryableByName,
    sql_types::{Nullable, Text},
};

use crate::{Placement, SchemaName, SchemaNameError, tenancy::Tables};

/// The columns, in the order of their [values].
pub(super) const COLUMNS: &str = "schema_name, tenant_id, database_name";

/// Writes a row's place as one value, where the SQL of the tables says `{place of NEW}`. `array` is the function that
/// makes one value of several.
pub(super) fn with_places(sql: &str, array: &str) -> String {
    ["NEW", "OLD", "t"].iter().fold(sql.to_owned(), |sql, row| {
        let place = format!("{array}({row}.database_name, {row}.schema_name, {row}.tenant_id)");
        sql.replace(&format!("{{place of {row}}}"), &place)
    })
}

/// The columns of a row. There may be neither a schema nor a tenant id: then the row says nothing of the place.
#[derive(QueryableByName)]
pub(super) struct PlacementColumns {
    #[diesel(sql_type = Nullable<Text>)]
    schema_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tenant_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    database_name: Option<String>,
}

impl PlacementColumns {
    pub(super) fn placement(self) -> Result<Option<Placement>, SchemaNameError> {
        let placement = match (self.schema_name, self.tenant_id) {
            (Some(schema), _) => Placement::schema(schema.parse()?),
            (None, Some(tenant_id)) => Placement::rows(tenant_id),
            (None, None) => return Ok(None),
        };
        Ok(Some(match self.database_name {
            Some(database) => placement.in_database(database),
            None => placement,
        }))
    }
}

/// The values of the columns, as they stand in SQL. `literal` writes a string.
pub(super) fn values(placement: &Placement, literal: fn(&str) -> String) -> [String; 3] {
    let (database, tables) = placement.parts();
    let (schema, tenant_id) = match tables {
        Tables::Schema(schema) => (Some(schema), None),
        Tables::Rows(tenant_id) => (None, Some(&**tenant_id)),
    };
    [schema.map(SchemaName::as_str), tenant_id, database].map(|value| value.map_or_else(|| "NULL".to_owned(), literal))
}
