use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::StartError;

/// Folders that distributions put the server in, outside of `$PATH`: (parent, start of the folder's name, rest).
/// `scripts/install-postgresql.sh` looks in the same ones.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // the PostgreSQL project's packages for Fedora, RHEL
    ("/usr/lib", "postgresql", "bin"),          // openSUSE
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/usr/local", "pgsql", "bin"),             // built from source
];

/// Where the server's programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
}

impl Binaries {
    pub(crate) fn find() -> Result<Self, StartError> {
        Self::search(env::var_os("PATH").as_deref(), Path::new("/"))
    }

    fn search(path: Option<&OsStr>, root: &Path) -> Result<Self, StartError> {
        let mut searched = Vec::new();

        let path = path.unwrap_or_default();
        searched.push(format!("$PATH ({})", path.to_string_lossy()));
        if let Some(found) = env::split_paths(path).find_map(|folder| Self::inside(&folder)) {
            return Ok(found);
        }

        searched.push("pg_config --bindir".to_owned());
        let pg_config = env::split_paths(path)
            .map(|folder| folder.join("pg_config"))
            .find(|file| file.is_file());
        if let Some(found) = pg_config.and_then(|program| Self::inside(&bindir(&program)?)) {
            return Ok(found);
        }

        for (parent, name, rest) in PLACES {
            searched.push(
                Path::new(parent)
                    .join(format!("{name}*"))
                    .join(rest)
                    .display()
                    .to_string(),
            );
            let parent = root.join(parent.trim_start_matches('/'));
            let newest_first = folders_newest_first(&parent, name);
            if let Some(found) = newest_first.iter().find_map(|folder| Self::inside(&folder.join(rest))) {
                return Ok(found);
            }
        }
        Err(StartError::NotInstalled { searched })
    }

    /// The first number of the version, as `postgres --version` prints it: "postgres (PostgreSQL) 15.13 (Debian …)".
    pub(crate) fn major_version(&self) -> Result<u32, StartError> {
        let output = Command::new(&self.postgres)
            .arg("--version")
            .stdin(Stdio::null())
            .output();
        let output = output.map_err(StartError::io(format!("run {}", self.postgres.display())))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let digits: String = text
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().map_err(|_| StartError::UnknownVersion {
            program: self.postgres.clone(),
            output: text.into_owned(),
        })
    }

    fn inside(folder: &Path) -> Option<Self> {
        let [initdb, postgres] = ["initdb", "postgres"].map(|name| folder.join(name));
        (folder.is_absolute() && initdb.is_file() && postgres.is_file()).then_some(Self { initdb, postgres })
    }
}

fn bindir(pg_config: &Path) -> Option<PathBuf> {
    let output = Command::new(pg_config)
        .arg("--bindir")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(folder.trim_end()))
}

/// By the version in the folder's name, as a number: 9.6 is older than 15, and a name without one oldest of all.
fn folders_newest_first(parent: &Path, name: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(Option<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let entry_name = entry.file_name();
            let version = entry_name.to_str()?.strip_prefix(name)?.trim_start_matches(['@', '-']);
            let major = version.split('.').next().and_then(|major| major.parse().ok());
            Some((major, entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    struct Root(PathBuf);

    impl Root {
        fn new() -> Self {
            let root = env::temp_dir().join(format!("binaries-{}", random::hex(8).unwrap()));
            fs::create_dir(&root).unwrap();
            Self(root)
        }

        fn install(&self, folder: &str) {
            let folder = self.0.join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("initdb"), "").unwrap();
            fs::write(folder.join("postgres"), "").unwrap();
        }

        fn found(&self, path: &str) -> Result<String, StartError> {
            let path = if path.is_empty() {
                None
            } else {
                Some(self.0.join(path).into_os_string())
            };
            let found = Binaries::search(path.as_deref(), &self.0)?;
            Ok(found.postgres.strip_prefix(&self.0).unwrap().display().to_string())
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn the_path_comes_before_any_distribution() {
        let root = Root::new();
        root.install("usr/lib/postgresql/17/bin");
        root.install("home/pg/bin");
        assert_eq!(root.found("home/pg/bin").unwrap(), "home/pg/bin/postgres");
    }

    #[test]
    fn pg_config_names_the_folder() {
        use std::os::unix::fs::PermissionsExt;

        let root = Root::new();
        root.install("hidden/bin");
        fs::create_dir(root.0.join("path")).unwrap();
        let program = root.0.join("path/pg_config");
        fs::write(
            &program,
            format!("#!/bin/sh\necho '{}'\n", root.0.join("hidden/bin").display()),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(root.found("path").unwrap(), "hidden/bin/postgres");
    }

    #[test]
    fn of_several_versions_the_newest_complete_one_is_taken() {
        let root = Root::new();
        for version in ["9.6", "13", "15"] {
            root.install(&format!("usr/lib/postgresql/{version}/bin"));
        }
        // The client package alone makes such a folder as well.
        fs::create_dir_all(root.0.join("usr/lib/postgresql/16/bin")).unwrap();
        assert_eq!(root.found("").unwrap(), "usr/lib/postgresql/15/bin/postgres");
    }

    #[test]
    fn every_usual_place_is_looked_at() {
        for place in [
            "usr/pgsql-16/bin",
            "usr/lib/postgresql16/bin",
            "usr/libexec/postgresql16",
            "opt/homebrew/opt/postgresql@17/bin",
            "opt/homebrew/opt/postgresql/bin",
            "usr/local/opt/postgresql@14/bin",
            "usr/local/pgsql/bin",
        ] {
            let root = Root::new();
            root.install(place);
            assert_eq!(root.found("").unwrap(), format!("{place}/postgres"));
        }
    }

    #[test]
    fn where_there_is_none_the_error_lists_the_places_and_the_remedies() {
        let message = Root::new().found("").unwrap_err().to_string();
        for part in [
            "$PATH",
            "pg_config --bindir",
            "/usr/lib/postgresql/*/bin",
            "apt-get install postgresql",
        ] {
            assert!(message.contains(part), "{part} is missing in {message}");
        }
        assert!(message.contains("DATABASE_URL"), "{message}");
    }
}
