//! PRAGMAs, as statements and as table-valued functions.

use super::{Finder, Read, keyword::Keyword, lexer::Kind, name, relation::Name};
use crate::{
    session_effect::HazardKind,
    slot::{Form, Slot},
};

/// What a PRAGMA works on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pragma {
    /// The connection's own lists: nothing of a file.
    List,
    /// A setting of the connection.
    Setting,
    /// A file. Without a schema it works on `main`, or on every file.
    File,
    /// A file, and an object in it. Only such a PRAGMA takes a schema as a function too, behind its argument.
    FileObject,
    /// How the connection uses a file.
    FileSetting,
    /// Unknown: SQLite ignores it, or passes it to whatever reads and writes the file.
    Unknown,
    /// Names files, or limits memory, for the whole process.
    Refused,
}

const PRAGMAS: [(Pragma, &[&str]); 6] = [
    (
        Pragma::List,
        &[
            "collation_list",
            "compile_options",
            "database_list",
            "function_list",
            "module_list",
            "pragma_list",
        ],
    ),
    (
        Pragma::Setting,
        &[
            "analysis_limit",
            "automatic_index",
            "busy_timeout",
            "case_sensitive_like",
            "cell_size_check",
            "checkpoint_fullfsync",
            "count_changes",
            "defer_foreign_keys",
            "empty_result_callbacks",
            "encoding",
            "foreign_keys",
            "full_column_names",
            "fullfsync",
            "ignore_check_constraints",
            "legacy_alter_table",
            "legacy_file_format",
            "query_only",
            "read_uncommitted",
            "recursive_triggers",
            "reverse_unordered_selects",
            "short_column_names",
            "shrink_memory",
            "temp_store",
            "threads",
            "trusted_schema",
            "wal_autocheckpoint",
            "writable_schema",
        ],
    ),
    (
        Pragma::File,
        &[
            "application_id",
            "data_version",
            "freelist_count",
            "incremental_vacuum",
            "optimize",
            "page_count",
            "table_list",
            "user_version",
            "wal_checkpoint",
        ],
    ),
    (
        Pragma::FileObject,
        &[
            "foreign_key_check",
            "foreign_key_list",
            "index_info",
            "index_list",
            "index_xinfo",
            "integrity_check",
            "quick_check",
            "table_info",
            "table_xinfo",
        ],
    ),
    (
        Pragma::FileSetting,
        &[
            "auto_vacuum",
            "cache_size",
            "cache_spill",
            "default_cache_size",
            "journal_mode",
            "journal_size_limit",
            "locking_mode",
            "max_page_count",
            "mmap_size",
            "page_size",
            "schema_version",
            "secure_delete",
            "synchronous",
        ],
    ),
    (
        Pragma::Refused,
        &[
            "activate_extensions",
            "data_store_directory",
            "hard_heap_limit",
            "lock_proxy_file",
            "soft_heap_limit",
            "temp_store_directory",
        ],
    ),
];

/// PRAGMAs that change how connections to a file wait for each other.
const LOCKING: [&str; 2] = ["journal_mode", "locking_mode"];

/// What this PRAGMA works on.
pub(super) fn kind(name: &str) -> Pragma {
    let is_named = |(_, names): &&(Pragma, &[&str])| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    PRAGMAS.iter().find(is_named).map_or(Pragma::Unknown, |(kind, _)| *kind)
}

/// What the PRAGMA works on that a table-valued function `pragma_…` runs.
pub(super) fn kind_of_function(name: &str) -> Option<Pragma> {
    let prefix = name.get(.."pragma_".len())?;
    prefix
        .eq_ignore_ascii_case("pragma_")
        .then(|| kind(&name[prefix.len()..]))
}

impl Finder<'_> {
    /// `PRAGMA [schema.]name`, `PRAGMA [schema.]name = value` and `PRAGMA [schema.]name(value)`.
    pub(super) fn pragma(&mut self) -> Read {
        self.advance();
        let pragma = self.relation_name()?;
        let name = name::name(self.sql, pragma.last);
        let kind = kind(&name);
        match (kind, pragma.schema) {
            (Pragma::Refused, _) => return Err(self.unexpected_at(pragma.last, REFUSED)),
            (_, Some(schema)) => self.record_schema(schema),
            (Pragma::List | Pragma::Setting, None) => {}
            (Pragma::File | Pragma::FileObject | Pragma::FileSetting | Pragma::Unknown, None) => {
                self.slots.push(Slot::Tenant {
                    at: pragma.last.start,
                    form: Form::Prefix,
                })
            }
        }
        let has_value = self.skip_pragma_value()?;
        let changes = match kind {
            Pragma::Setting | Pragma::FileSetting => has_value,
            kind => kind == Pragma::Unknown,
        };
        if has_value && LOCKING.iter().any(|locking| name.eq_ignore_ascii_case(locking)) {
            self.note_hazard(HazardKind::FileLocking, pragma.last);
        }
        let is_of_connection = has_value && pragma.schema.is_some_and(|schema| self.is_temp(schema));
        if changes || is_of_connection {
            self.affects_session(pragma.last);
        }
        Ok(())
    }

    /// The value of a PRAGMA: one number or word. Whether there was one.
    fn skip_pragma_value(&mut self) -> Result<bool, crate::error::Fault> {
        let in_parens = self.skip_kind(Kind::Open);
        if !in_parens && !self.skip_equals() {
            return Ok(false);
        }
        self.skip_kind(Kind::Sign);
        let is_value = self.kind() == Kind::Literal
            || self.kind().is_name()
            || self.is_any(&[Keyword::On, Keyword::Delete, Keyword::Default]);
        if !is_value {
            return Err(self.unexpected("a value was expected"));
        }
        self.advance();
        if in_parens {
            self.close()?;
        }
        Ok(true)
    }

    /// `pragma_name(…)` in place of a table: SQLite ignores a schema before the name, and takes it as the last
    /// argument.
    pub(super) fn pragma_function(&mut self, function: &Name, kind: Pragma) -> Read {
        match kind {
            Pragma::List | Pragma::Setting if self.kind() == Kind::Open => return self.arguments(),
            Pragma::List | Pragma::Setting => return Ok(()),
            Pragma::FileObject if function.schema.is_none() && !self.in_own_file => {}
            _ => return Err(self.unexpected_at(function.last, REFUSED_FUNCTION)),
        }
        self.expect_kind(Kind::Open, "the argument of a pragma function was expected")?;
        self.expression()?;
        if self.skip_kind(Kind::Comma) {
            self.given_schema()?;
        } else {
            self.slots.push(Slot::Tenant {
                at: self.token().start,
                form: Form::NextArgument,
            });
        }
        self.close()
    }

    /// The schema as an argument that the text gives: its value must show.
    fn given_schema(&mut self) -> Read {
        let token = self.token();
        if token.kind != Kind::String || self.ahead(1) != Kind::Close {
            return Err(self.unexpected("a schema in a string was expected"));
        }
        self.advance();
        let key = self.key(token);
        self.slots.push(Slot::NamedString {
            start: token.start,
            end: token.end,
            key,
        });
        Ok(())
    }
}

const REFUSED: &str = "a PRAGMA whose effect is on the whole process";
const REFUSED_FUNCTION: &str = "a pragma function whose file can't be chosen here";
