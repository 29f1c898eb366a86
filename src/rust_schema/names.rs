//! Names in Rust for names in the database.

use std::collections::HashSet;

use unicode_ident::{is_xid_continue, is_xid_start};

/// Rust's keywords, of any edition.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match",
    "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names that `table!` or the generated file uses itself, so that no table or column may have them.
#[rustfmt::skip]
const USED: &[&str] = &[
    "all_columns", "bool", "columns", "diesel", "dsl", "is_nullable", "sql_types", "star", "str", "table",
];

/// Names that have another meaning in `diesel::sql_types`, or in the code around a type.
#[rustfmt::skip]
const USED_TYPES: &[&str] = &[
    "Array", "BigInt", "BigSerial", "Binary", "Blob", "Bpchar", "Bool", "Bytea", "Char", "CChar", "Cidr", "Citext",
    "Date", "Datemultirange", "Daterange", "Decimal", "Double", "Float", "Float4", "Float8", "Inet", "Int2", "Int4",
    "Int4multirange", "Int4range", "Int8", "Int8multirange", "Int8range", "Integer", "Interval", "Json", "Jsonb",
    "MacAddr", "MacAddr8", "Macaddr", "Macaddr8", "Money", "Multirange", "Nullable", "Numeric", "Nummultirange",
    "Numrange", "Oid", "PgLsn", "Range", "Record", "Self", "Serial", "SmallInt", "SmallSerial", "SqlType", "Text",
    "Time", "Timestamp", "Timestamptz", "TinyInt", "Tsmultirange", "Tsrange", "Tstzmultirange", "Tstzrange", "Uuid",
    "VarChar", "Varchar",
];

/// The names in use, so that each is used only once.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// With these names in use from the beginning.
    pub(super) fn without<S: Into<String>>(taken: impl IntoIterator<Item = S>) -> Self {
        Self {
            taken: taken.into_iter().map(Into::into).collect(),
        }
    }

    /// The wanted name. If it is in use, an underscore is appended, or else a number.
    pub(super) fn take(&mut self, wanted: String) -> String {
        let others = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = [wanted.clone(), format!("{wanted}_")].into_iter().chain(others);
        loop {
            let name = names.next().expect("numbers don't end");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// Distinct names in Rust for all given names, in the same order. A name that can be used unchanged is kept.
pub(super) fn variable_names<'a>(names: impl IntoIterator<Item = &'a str>, mut taken: Names) -> Vec<String> {
    let names = names
        .into_iter()
        .map(|name| (name, variable_name(name)))
        .collect::<Vec<_>>();
    let (plain, changed): (Vec<_>, Vec<_>) = (0..names.len()).partition(|&place| names[place].0 == names[place].1);
    let mut rust = vec![String::new(); names.len()];
    for place in plain.into_iter().chain(changed) {
        rust[place] = taken.take(names[place].1.clone());
    }
    rust
}

/// The name of a table or column in Rust: unchanged, if possible.
pub(super) fn variable_name(name: &str) -> String {
    let mut rust = String::new();
    let mut after_lower = false;
    for character in name.chars() {
        if !is_xid_continue(character) {
            push_separator(&mut rust);
        } else if character.is_uppercase() {
            if after_lower {
                push_separator(&mut rust);
            }
            rust.extend(character.to_lowercase());
        } else {
            rust.push(character);
        }
        after_lower = character.is_lowercase() || character.is_numeric();
    }
    let is_plain = rust == name;
    let mut rust = if is_plain {
        rust
    } else {
        rust.trim_end_matches('_').to_owned()
    };
    if !(rust.starts_with(is_xid_start) || rust.starts_with('_') && rust.len() > 1) {
        rust.insert(0, '_');
    }
    if rust == "_" {
        rust.push('_');
    }
    if KEYWORDS.contains(&rust.as_str()) || USED.contains(&rust.as_str()) {
        rust.push('_');
    }
    rust
}

fn push_separator(name: &mut String) {
    if !name.is_empty() && !name.ends_with('_') {
        name.push('_');
    }
}

/// Whether the attribute `sql_name` is needed for the name in the database.
pub(super) fn needs_sql_name(rust: &str, name: &str) -> bool {
    // Rust normalizes names outside ASCII, so that they may differ from the database's.
    rust != name || !name.is_ascii()
}

/// The name of a type in Rust.
pub(super) fn type_name(name: &str) -> String {
    let mut rust = String::new();
    let mut is_first = true;
    for character in name.chars() {
        if character == '_' || !is_xid_continue(character) {
            is_first = true;
        } else if is_first {
            rust.extend(character.to_uppercase());
            is_first = false;
        } else {
            rust.push(character);
        }
    }
    if !rust.starts_with(is_xid_start) {
        rust.insert_str(0, "Type");
    }
    if USED_TYPES.contains(&rust.as_str()) {
        rust.push_str("Type");
    }
    rust
}

/// Whether a name can stand in `table!` as a schema.
pub(super) fn is_schema_in_rust(name: &str) -> bool {
    let is_identifier =
        name.starts_with(|first| is_xid_start(first) || first == '_') && name.chars().all(is_xid_continue);
    is_identifier && name.is_ascii() && name != "_" && !KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_as_they_are_if_they_can() {
        for name in ["users", "user_2", "_users", "größe", "a__b", "ends_"] {
            assert_eq!(variable_name(name), name);
        }
    }

    #[test]
    fn names_become_identifiers() {
        for (name, rust) in [
            ("type", "type_"),
            ("self", "self_"),
            ("star", "star_"),
            ("Customers", "customers"),
            ("unitPrice", "unit_price"),
            ("Zip code", "zip_code"),
            ("2fa", "_2fa"),
            ("100 %", "_100"),
            ("_", "__"),
            ("%", "__"),
            ("", "__"),
            ("a\"b", "a_b"),
            ("Type", "type_"),
        ] {
            assert_eq!(variable_name(name), rust, "{name}");
        }
    }

    #[test]
    fn types_have_camels() {
        for (name, rust) in [
            ("order_status", "OrderStatus"),
            ("it's", "ItS"),
            ("json_", "JsonType"),
            ("range", "RangeType"),
            ("2d", "Type2d"),
            ("tsvector", "Tsvector"),
        ] {
            assert_eq!(type_name(name), rust, "{name}");
        }
    }

    #[test]
    fn a_schema_has_to_be_an_identifier() {
        for (name, is_one) in [
            ("public", true),
            ("tenant", true),
            ("type", false),
            ("my-own", false),
            ("_", false),
        ] {
            assert_eq!(is_schema_in_rust(name), is_one, "{name}");
        }
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut names = Names::without(["a"]);
        let taken = ["a", "a", "a", "b"].map(|name| names.take(name.to_owned()));
        assert_eq!(taken, ["a_", "a_2", "a_3", "b"]);
    }

    #[test]
    fn a_name_that_can_stay_does_whoever_comes_first() {
        let names = ["Order Lines", "order_lines", "OrderLines", "id"];
        let names = variable_names(names, Names::without(["id"]));
        assert_eq!(names, ["order_lines_", "order_lines", "order_lines_2", "id_"]);
    }
}
