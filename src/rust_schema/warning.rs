use std::fmt;

/// Which of the two files a table is declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The shared tables' file.
    Shared,
    /// The tenants' file.
    Tenant,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shared => "shared",
            Self::Tenant => "tenant",
        })
    }
}

/// Something in the declarations, or missing from them, that you should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SchemaWarning {
    /// A shared table and a tenant's table have the same name.
    InBoth {
        /// The name of both tables.
        table: String,
    },
    /// A tenant's table also exists in `public`, which is not the shared schema.
    InPublic {
        /// The table.
        table: String,
    },
    /// A table without a primary key, which Diesel can't declare.
    NoPrimaryKey {
        /// The file that lacks the table.
        side: Side,
        /// The table.
        table: String,
    },
    /// A table with more columns than Diesel's features allow.
    TooManyColumns {
        /// The file that lacks the table.
        side: Side,
        /// The table.
        table: String,
        /// How many columns it has.
        columns: usize,
    },
    /// A table with so many columns that Diesel needs a feature for it.
    ManyColumns {
        /// The file that declares the table.
        side: Side,
        /// The table.
        table: String,
        /// How many columns it has.
        columns: usize,
    },
    /// On SQLite: a table without a primary key, which is declared with SQLite's own key of a row.
    RowId {
        /// The file that declares the table.
        side: Side,
        /// The table.
        table: String,
    },
    /// On SQLite: a column of the primary key that may be NULL.
    NullableKey {
        /// The file that declares the table.
        side: Side,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// On SQLite: a column that was declared without a type, and so holds values of any type.
    Untyped {
        /// The file that declares the table.
        side: Side,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// On SQLite and MySQL: a column whose type Diesel lacks.
    UnknownType {
        /// The file that lacks the column.
        side: Side,
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The declared type.
        sql_type: String,
    },
    /// A column whose type is the row type of a table.
    RowType {
        /// The file that declares the table.
        side: Side,
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl fmt::Display for SchemaWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InBoth { table } => write!(
                f,
                "the table {table:?} is in the shared schema and in the tenants': which one a query means shows in the \
                 Rust path only; rename one of them, or drop the one that is there by mistake"
            ),
            Self::InPublic { table } => write!(
                f,
                "the tenants' table {table:?} is also in the schema public: if a migration of tenants was once run \
                 there, drop it"
            ),
            Self::NoPrimaryKey { side, table } => write!(
                f,
                "the {side} table {table:?} is left out: it has no primary key, which Diesel needs; add one, or \
                 declare the table by hand"
            ),
            Self::TooManyColumns { side, table, columns } => write!(
                f,
                "the {side} table {table:?} is left out: it has {columns} columns, and Diesel takes 128; declare those \
                 that you need by hand"
            ),
            Self::ManyColumns { side, table, columns } => {
                let feature = match columns {
                    ..=32 => 32,
                    33..=64 => 64,
                    _ => 128,
                };
                write!(
                    f,
                    "the {side} table {table:?} has {columns} columns: enable the feature {feature}-column-tables of \
                     diesel"
                )
            }
            Self::RowId { side, table } => write!(
                f,
                "the {side} table {table:?} has no primary key: it is declared with the number that SQLite gives to \
                 each row, which VACUUM may change; add a primary key"
            ),
            Self::NullableKey { side, table, column } => write!(
                f,
                "the column {column:?} of the {side} table {table:?} is in the primary key and may be NULL, which \
                 SQLite allows: declare it NOT NULL"
            ),
            Self::Untyped { side, table, column } => write!(
                f,
                "the column {column:?} of the {side} table {table:?} has no type, and is declared as Binary: declare a \
                 type, in a view by CAST"
            ),
            Self::UnknownType {
                side,
                table,
                column,
                sql_type,
            } => write!(
                f,
                "the column {column:?} of the {side} table {table:?} is left out, and with it the table if it is in \
                 the primary key, because Diesel has no type for {sql_type}: name a type of Diesel's in \
                 `sql_types`, or change the column's type"
            ),
            Self::RowType { side, table, column } => write!(
                f,
                "the column {column:?} of the {side} table {table:?} has the type of a table's rows: it can be \
                 selected, but not be bound without its type's schema; use a composite type of its own"
            ),
        }
    }
}
