//! The tenants' files, and the shared one.

use crate::{
    SchemaName, SchemaNameError,
    backend::sqlite::{
        diagnosis::{Examined, examine, examine_shared},
        files::{FileError, Folder, each},
    },
    diagnosis::{Check, Finding, Severity, causes::causes},
    tenancy::TenantStatus,
};

type Looked = Result<Option<Examined>, FileError>;

/// What a look into all files found.
pub(super) struct Tenants {
    shared: SchemaName,
    in_shared: Looked,
    found: Vec<(SchemaName, Looked)>,
    integrity: bool,
}

impl Tenants {
    pub(super) fn look(folder: &Folder, integrity: bool, threads: usize) -> Result<Self, FileError> {
        let names = folder.names()?;
        let looked = each(&names, threads, |name| examine(folder, name, integrity));
        Ok(Self {
            shared: folder.shared().clone(),
            in_shared: match folder.shared_path().exists() {
                true => examine_shared(folder, integrity),
                false => Ok(None),
            },
            found: names.into_iter().zip(looked).collect(),
            integrity,
        })
    }

    /// The status of each tenant's file and of each archive, by its name.
    pub(super) fn statuses(&self) -> impl Iterator<Item = (&SchemaName, TenantStatus)> {
        self.examined().map(|(name, examined)| (name, examined.status))
    }

    /// The names of all files, in whatever state.
    pub(super) fn names(&self) -> impl Iterator<Item = &SchemaName> {
        self.found.iter().map(|(name, _)| name)
    }

    fn examined(&self) -> impl Iterator<Item = (&SchemaName, &Examined)> {
        let found = self.found.iter();
        found.filter_map(|(name, looked)| Some((name, looked.as_ref().ok()?.as_ref()?)))
    }

    pub(super) fn check_shared(&self) -> Finding {
        match &self.in_shared {
            Ok(Some(_)) => Finding::fine(Check::SharedFile, "is there, and can be read"),
            Ok(None) => Finding::bad(
                Check::SharedFile,
                Severity::Warning,
                "is missing, or was never migrated",
                "`migrate_shared` makes it",
            ),
            Err(error) => Finding::bad(
                Check::SharedFile,
                Severity::Problem,
                causes(error),
                "no tenant can be checked out: restore the file from a backup",
            ),
        }
    }

    /// `symbolic` is the name that stands for every tenant's schema.
    pub(super) fn check_reserved(&self, symbolic: Option<&str>) -> Finding {
        let found = self.statuses().filter(|(name, _)| Some(name.as_str()) == symbolic);
        Finding::reserved_names(found.map(|(name, _)| {
            let reason = SchemaNameError::Symbolic {
                name: name.as_str().to_owned(),
            };
            (name.clone(), reason)
        }))
    }

    pub(super) fn check(&self) -> Vec<Finding> {
        let unreadable = self.found.iter().filter_map(|(name, looked)| {
            let error = looked.as_ref().err()?;
            Some(format!("{name} ({})", causes(error)))
        });
        let foreign = self.found.iter().filter(|(_, looked)| matches!(looked, Ok(None)));
        let with_shared = || {
            let shared = self.in_shared.as_ref().ok().and_then(Option::as_ref);
            self.examined().chain(shared.map(|examined| (&self.shared, examined)))
        };
        let mut findings = vec![
            Finding::names(
                Check::UnreadableFiles,
                Severity::Problem,
                unreadable.collect(),
                "such a tenant can't be used: restore its file from a backup, move a file that is something else out \
                 of the folder, or remove it by `drop_tenant`",
            ),
            Finding::names(
                Check::NeverMigrated,
                Severity::Warning,
                foreign.map(|(name, _)| name.to_string()).collect(),
                "these databases are no tenants, because they were never migrated: `migrate_tenant` makes such a file \
                 a tenant's; otherwise move it out of the folder",
            ),
            Finding::names(
                Check::JournalMode,
                Severity::Warning,
                with_shared()
                    .filter(|(_, examined)| examined.journal_mode != "wal")
                    .map(|(name, examined)| format!("{name} ({})", examined.journal_mode))
                    .collect(),
                "another program has changed the mode of these files: the first checkout that may write turns each to \
                 WAL mode, and read-only checkouts are refused until then; or run PRAGMA journal_mode = WAL in each by \
                 SQLite's own command, sqlite3",
            )
            .or_fine("all files are in WAL mode"),
        ];
        if self.integrity {
            let damaged = with_shared().filter(|(_, examined)| !examined.damage.is_empty());
            let finding = Finding::names(
                Check::Integrity,
                Severity::Problem,
                damaged
                    .map(|(name, examined)| format!("{name} ({})", examined.damage.join("; ")))
                    .collect(),
                "restore the file from a backup, or save what can be read by the command .recover of sqlite3",
            );
            findings.push(finding.or_fine("SQLite finds no damage in any file"));
        }
        findings
    }
}
