//! Which of Diesel's SQL types stands for a type that a column of SQLite was declared with. SQLite takes any word for a
//! type; these are the words that Diesel's own command understands.

/// The name in `table!` for a declared type; `None` if Diesel has none.
pub(super) fn of(declared: &str) -> Option<&'static str> {
    let declared = declared.to_ascii_lowercase();
    let has = |word: &str| declared.contains(word);
    Some(match declared.as_str() {
        "bool" | "boolean" => "Bool",
        "int2" => "SmallInt",
        "int8" => "BigInt",
        _ if has("int") => match () {
            () if has("tiny") => "Bool",
            () if has("small") => "SmallInt",
            () if has("big") => "BigInt",
            () => "Integer",
        },
        _ if has("char") || has("clob") || has("text") => "Text",
        "" => "Binary",
        _ if has("blob") || has("binary") => "Binary",
        _ if has("float") || has("real") => "Float",
        _ if has("double") || has("num") || has("dec") => "Double",
        "datetime" | "timestamp" => "Timestamp",
        "date" => "Date",
        "time" => "Time",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn declared_types_mean_what_they_mean_to_the_diesel_command() {
        for (declared, own) in [
            ("INTEGER", "Integer"),
            ("int", "Integer"),
            ("UNSIGNED BIG INT", "BigInt"),
            ("BIGINT", "BigInt"),
            ("int8", "BigInt"),
            ("SMALLINT", "SmallInt"),
            ("tinyint(1)", "Bool"),
            ("BOOLEAN", "Bool"),
            ("VARCHAR(20)", "Text"),
            ("TEXT", "Text"),
            ("CLOB", "Text"),
            ("BLOB", "Binary"),
            ("VARBINARY", "Binary"),
            ("", "Binary"),
            ("REAL", "Float"),
            ("FLOAT", "Float"),
            ("DOUBLE PRECISION", "Double"),
            ("NUMERIC(10,2)", "Double"),
            ("DECIMAL", "Double"),
            ("TIMESTAMP", "Timestamp"),
            ("datetime", "Timestamp"),
            ("DATE", "Date"),
            ("TIME", "Time"),
        ] {
            assert_eq!(of(declared), Some(own), "{declared}");
        }
        for unknown in ["UUID", "JSON", "ANY", "timestamptz"] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
    }
}
