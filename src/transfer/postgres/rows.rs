//! Tables, under the names that both sides of a transfer use.

use crate::{
    SchemaName,
    backend::postgres::{
        catalog::{row_tables::RowTable, sequences::Sequence},
        quote::identifier,
    },
    transfer::format::{Fields, Taking},
};

/// A table whose rows are transferred. Names are as in the catalog, and are quoted only here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    /// The columns that can be written; may be empty.
    pub(super) columns: Vec<String>,
}

impl From<RowTable> for Table {
    fn from(RowTable { name, columns, .. }: RowTable) -> Self {
        Self { name, columns }
    }
}

impl Table {
    pub(super) fn fields(&self) -> Fields {
        Fields::default().text(&self.name).texts(&self.columns)
    }

    pub(super) fn of(fields: &mut Taking<'_>) -> Option<Self> {
        Some(Self {
            name: fields.text()?,
            columns: fields.texts()?,
        })
    }

    pub(super) fn copy_out(&self, schema: &SchemaName) -> String {
        format!("COPY {} TO STDOUT", self.target(schema))
    }

    pub(super) fn copy_in(&self, schema: &SchemaName) -> String {
        format!("COPY {} FROM STDIN", self.target(schema))
    }

    /// The table with its columns. Without columns there is no list, because a list can't be empty.
    fn target(&self, schema: &SchemaName) -> String {
        let table = format!("{}.{}", schema.quoted(), identifier(&self.name));
        match &self.columns[..] {
            [] => table,
            columns => {
                let columns: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
                format!("{table} ({})", columns.join(", "))
            }
        }
    }
}

impl Sequence {
    pub(super) fn fields(&self) -> Fields {
        let fields = Fields::default().text(&self.name);
        fields.long(self.last_value).flag(self.is_called)
    }

    pub(super) fn of(fields: &mut Taking<'_>) -> Option<Self> {
        Some(Self {
            name: fields.text()?,
            last_value: fields.long()?,
            is_called: fields.flag()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_quoted() {
        let schema = SchemaName::new("it's \"x\"").unwrap();
        let table = Table {
            name: "a\"; DROP TABLE b; --".to_owned(),
            columns: vec!["c\"d".to_owned(), "E".to_owned()],
        };
        assert_eq!(
            table.copy_in(&schema),
            r#"COPY "it's ""x"""."a""; DROP TABLE b; --" ("c""d", "E") FROM STDIN"#
        );
    }
}
