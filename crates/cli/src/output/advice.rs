//! Turns the advice in the library's errors into what the command's users can type.

/// Words of the library's errors, and the words that replace them here; the longest come first.
///
/// The settings of a pool that are also those of `diesel-tenants.toml` keep their names.
const WORDS: &[(&str, &str)] = &[
    (
        "remove it from the server's sql_mode, or give the connections a mode of their own with `sql_mode`",
        "remove it from the server's sql_mode",
    ),
    (
        "bring it up to date by `migrate_tenant` or `ensure_tenant`",
        "let `diesel-tenants tenant create --if-not-exists` bring it up to date",
    ),
    (
        "hold them for a shorter time, or raise `max_size`",
        "try again when fewer commands run",
    ),
    (
        "read a live tenant (`from_tenant`, `--tenant`)",
        "read a live tenant (`--tenant`)",
    ),
    ("wait for the builder's `reuse_after`", "wait for as long"),
    (
        "set `search_path_from_role`, run",
        "set search_path_from_role in diesel-tenants.toml, run",
    ),
    (
        "give a URL that bypasses the pooler to `migration_url`",
        "give a URL that bypasses the pooler to --migration-url",
    ),
    ("let `force` do it", "let `--force` do it"),
    ("let `leave_texts` go on", "let `--leave-texts` go on"),
    ("`keep` names", "`--keep` names"),
    (
        "the same call of `move_tenant` finishes it",
        "`diesel-tenants tenant move` to the same place finishes it",
    ),
    ("`tenants` lists", "`diesel-tenants tenant list` lists"),
    ("`archived_tenants` lists", "`diesel-tenants tenant archived` lists"),
    ("`drop_tenant`", "`diesel-tenants tenant drop`"),
    ("`suspend_tenant`", "`diesel-tenants tenant suspend`"),
    ("`create_tenant`", "`diesel-tenants tenant create`"),
    ("`ensure_tenant`", "`diesel-tenants tenant create --if-not-exists`"),
    ("`export_tenant`", "`diesel-tenants tenant export`"),
    ("`clone_tenant`", "`diesel-tenants tenant clone`"),
    ("`migrate_shared`", "`diesel-tenants shared migrate`"),
    ("`migrate_tenant`", "`diesel-tenants migrate --only`"),
    ("`rename_tenant`", "`diesel-tenants tenant rename`"),
    ("`resume_tenant`", "`diesel-tenants tenant resume`"),
    ("`migration_url`", "`--migration-url`"),
    ("`pause_writes`", "`--pause-writes`"),
    ("or `wait` for longer", "or wait for longer by `--wait`"),
    ("`prepare_directory`", "`diesel-tenants directory prepare`"),
    (
        "to the pool's builder",
        "to the pool's builder, or name it under [databases] in diesel-tenants.toml",
    ),
];

/// A message of the library, in the command's words.
pub fn in_our_words(message: &str) -> String {
    let mut words = message.to_owned();
    if message.contains('`') {
        for (library, command) in WORDS {
            if words.contains(library) {
                words = words.replace(library, command);
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// Words between backticks in the library's errors that are not functions of the library: settings that
    /// `diesel-tenants.toml` has too, names in other files, and names in the database.
    const COMMON: &[&str] = &[
        "domains",
        "extension_schemas",
        "id",
        "ignore_startup_parameters",
        "init_connect",
        "journal_mode",
        "main",
        "max_prepared_statements",
        "orders",
        "require_ssl",
        "run_in_transaction",
        "search_path_from_role",
        "set_up",
        "shared_schema",
        "sql_mode",
        "sql_types",
        "symbolic_schema",
        "template",
        "tenants",
        "tenants_left",
    ];

    /// Functions in errors that the command never gets, because it does not call or set these functions.
    const OUT_OF_REACH: &[&str] = &[
        // A policy that chooses among databases, a directory of shards.
        "among",
        "or_main",
        "citus",
        // For shares, replicas, the context, and a pool that the application sets up.
        "max_per_tenant",
        "max_size",
        "max_lifetime",
        "max_statements",
        "max_tenants",
        "replica",
        "with_tenant",
        // Of an application that creates a tenant with rows of its own.
        "with",
        "tenant_exists",
        "listen",
        // For tables that the application prepares.
        "enable_row_security",
        // The command always gives its TLS connector.
        "establish_with",
        "tls",
        // The command recognizes a URL of SQLite itself.
        "sqlite",
        // The command recognizes a URL of MySQL itself.
        "mysql",
        "MysqlUrl",
        "sql_mode",
        // Tests of an application.
        "test_transaction",
        "TestTemplate",
        "transaction",
        // Moves.
        "pause_writes",
        "wait",
    ];

    /// Names in SQL for MySQL, which quotes names by backticks.
    const QUOTED: &[&str] = &[
        "__diesel_tenants_progress",
        "column",
        "common",
        "database",
        "items",
        "key",
        "name",
        "other",
        "public",
        "root",
        "text",
    ];

    #[test]
    fn no_error_of_the_library_advises_a_function_in_a_shell() {
        let mut words = Vec::new();
        // The library is in the folder above this package.
        let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        collect(&packages.join("../src"), &mut words);
        collect(&packages.join("translate/src"), &mut words);
        assert!(words.len() > 20, "the errors are found: {words:?}");
        for (file, word) in words {
            assert!(
                [COMMON, OUT_OF_REACH, QUOTED]
                    .iter()
                    .any(|known| known.contains(&&*word)),
                "`{word}` in {file} is no word of the command's: say in WORDS what stands for it"
            );
        }
    }

    /// The names between backticks in the library's strings, after translation.
    fn collect(folder: &Path, words: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // What the command doesn't use.
                if !["blocking", "testing", "web"].contains(&&*path.file_name().unwrap().to_string_lossy()) {
                    collect(&path, words);
                }
                continue;
            }
            // Errors are written in Rust.
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            // Texts of `must_use` and `unreachable!` are not shown to the command's users.
            let unread = ["must_use", "unreachable!"];
            let is_code = |line: &&str| !line.starts_with("//") && !unread.iter().any(|macro_| line.contains(macro_));
            let code: Vec<&str> = text.lines().map(str::trim).filter(is_code).collect();
            // A backslash at the end of a line continues a string.
            let code = in_our_words(&code.join("\n").replace("\\\n", ""));
            let is_name = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let names = code.split('`').filter(is_name);
            words.extend(names.map(|word| (path.display().to_string(), word.to_owned())));
        }
    }
}
