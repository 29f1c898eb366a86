//! SQLite's own names.

/// Table-valued functions that read no file.
const FUNCTIONS: [&str; 6] = [
    "carray",
    "generate_series",
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
];

/// Virtual tables that exist without CREATE, and show pages of any file or what the whole connection does.
const OF_CONNECTION: [&str; 6] = [
    "bytecode",
    "dbstat",
    "sqlite_dbpage",
    "sqlite_stmt",
    "tables_used",
    "fsdir",
];

/// Why such a table is refused.
pub(super) const OF_CONNECTION_REFUSED: &str = "a table that shows other files or the whole connection";

/// Modules that come with SQLite, and whose tables keep all they have in their own file.
const MODULES: [&str; 7] = ["fts3", "fts3tokenize", "fts4", "fts5", "geopoly", "rtree", "rtree_i32"];

/// Functions that are given the name of a table, or SQL, in a string. Diesel's own puts it into a text that it runs.
const FUNCTIONS_OF_NAMES: [&str; 3] = ["diesel_manage_updated_at", "eval", "rtreecheck"];

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

pub(super) fn is_function(name: &str) -> bool {
    is_one_of(&FUNCTIONS, name)
}

pub(super) fn is_of_connection(name: &str) -> bool {
    is_one_of(&OF_CONNECTION, name)
}

pub(super) fn is_function_of_names(name: &str) -> bool {
    is_one_of(&FUNCTIONS_OF_NAMES, name)
}

/// The catalog of temporary objects, which is in no file.
pub(super) fn is_temporary(name: &str) -> bool {
    is_one_of(&["sqlite_temp_master", "sqlite_temp_schema"], name)
}

/// The names of the two databases that every connection has.
pub(super) fn is_own_schema(name: &str) -> bool {
    is_one_of(&["main", "temp"], name)
}

/// What REINDEX looks for in every file: SQLite's own collations, and the indexes on expressions.
pub(super) fn is_reindexed_everywhere(name: &str) -> bool {
    is_one_of(&["binary", "expressions", "nocase", "rtrim"], name)
}

/// Whether the tables of a module, given so many commas in its arguments, are in the file of the virtual table. With
/// one argument more, the last two modules take the name of another file.
pub(super) fn module_stays_in_its_file(module: &str, commas: usize) -> bool {
    is_one_of(&MODULES, module)
        || module.eq_ignore_ascii_case("fts5vocab") && commas < 2
        || module.eq_ignore_ascii_case("fts4aux") && commas == 0
}
