//! Which of Diesel's SQL types stands for a type of a column on MySQL or MariaDB.

/// The name in `table!` for a type as the server writes it (`int(10) unsigned`); `None` if Diesel has none.
///
/// An enum and a set are texts to Diesel, and so are MariaDB's types that are written as texts (`uuid`, `inet6`).
pub(super) fn of(column_type: &str) -> Option<&'static str> {
    let column_type = column_type.to_ascii_lowercase();
    let word = column_type
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    // Also in the list of an enum, whose word comes first.
    let is_unsigned = column_type
        .rsplit(')')
        .next()
        .is_some_and(|rest| rest.contains("unsigned"));
    let unsigned = |signed, unsigned| if is_unsigned { unsigned } else { signed };
    Some(match word {
        "tinyint" if column_type == "tinyint(1)" => "Bool",
        "tinyint" => unsigned("TinyInt", "Unsigned<TinyInt>"),
        "smallint" => unsigned("SmallInt", "Unsigned<SmallInt>"),
        "mediumint" | "int" => unsigned("Integer", "Unsigned<Integer>"),
        "bigint" => unsigned("BigInt", "Unsigned<BigInt>"),
        "year" => "Unsigned<SmallInt>",
        "float" => "Float",
        "double" => "Double",
        "decimal" => "Numeric",
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => "Text",
        "enum" | "set" | "uuid" | "inet4" | "inet6" => "Text",
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "bit" => "Binary",
        "date" => "Date",
        "time" => "Time",
        "datetime" => "Datetime",
        "timestamp" => "Timestamp",
        "json" => "Json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_type_that_diesel_has_is_found() {
        for (column_type, own) in [
            ("tinyint(1)", "Bool"),
            ("tinyint(4)", "TinyInt"),
            ("tinyint", "TinyInt"),
            ("tinyint(1) unsigned", "Unsigned<TinyInt>"),
            ("smallint(6)", "SmallInt"),
            ("smallint(5) unsigned", "Unsigned<SmallInt>"),
            ("mediumint(9)", "Integer"),
            ("int(11)", "Integer"),
            ("int unsigned", "Unsigned<Integer>"),
            ("int(5) unsigned zerofill", "Unsigned<Integer>"),
            ("bigint(20)", "BigInt"),
            ("bigint(20) unsigned", "Unsigned<BigInt>"),
            ("year(4)", "Unsigned<SmallInt>"),
            ("float", "Float"),
            ("float unsigned", "Float"),
            ("double", "Double"),
            ("decimal(10,2)", "Numeric"),
            ("decimal(10,2) unsigned", "Numeric"),
            ("varchar(100)", "Text"),
            ("char(3)", "Text"),
            ("longtext", "Text"),
            ("enum('int unsigned','b')", "Text"),
            ("set('a','b')", "Text"),
            ("uuid", "Text"),
            ("varbinary(16)", "Binary"),
            ("mediumblob", "Binary"),
            ("bit(8)", "Binary"),
            ("date", "Date"),
            ("time(6)", "Time"),
            ("datetime(6)", "Datetime"),
            ("timestamp", "Timestamp"),
            ("json", "Json"),
        ] {
            assert_eq!(of(column_type), Some(own), "{column_type}");
        }
        for unknown in ["geometry", "point", "vector(3)"] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
