//! The statements that copy the rows of tables.

use crate::{
    SchemaName,
    backend::postgres::{catalog::row_tables::RowTable, quote::identifier, structure::moved},
};

/// The statement that copies all rows of a table. A value of one of the template's own types is converted by way of
/// text to the clone's type.
pub(super) fn copy_rows(table: &RowTable, from: &SchemaName, to: &SchemaName) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column| identifier(column)).collect();
    let values = columns
        .iter()
        .zip(&table.own_types)
        .map(|(column, data_type)| match &data_type[..] {
            "" => column.clone(),
            data_type => format!("{column}::pg_catalog.text::{}", moved(data_type, from, to)),
        });
    let values = values.collect::<Vec<_>>().join(", ");
    let columns = match &columns[..] {
        [] => String::new(),
        columns => format!("({}) OVERRIDING SYSTEM VALUE ", columns.join(", ")),
    };
    let table = identifier(&table.name);
    let (from, to) = (from.quoted(), to.quoted());
    format!("INSERT INTO {to}.{table} {columns}SELECT {values} FROM ONLY {from}.{table}")
}
