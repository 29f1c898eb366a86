use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::MariaDbError;

/// Folders that distributions put the server in, which are often not in `$PATH`. `scripts/install-mariadb.sh` looks in
/// the same ones.
const PLACES: &[&str] = &[
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
    "/usr/local/mariadb/bin",
];

/// Where MariaDB's programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) install: PathBuf,
    pub(super) server: PathBuf,
    pub(super) client: PathBuf,
}

impl Binaries {
    pub(super) fn find() -> Result<Self, MariaDbError> {
        Self::search(env::var_os("PATH").as_deref(), Path::new("/"))
    }

    fn search(path: Option<&OsStr>, root: &Path) -> Result<Self, MariaDbError> {
        let path = path.unwrap_or_default();
        let find = |program: &'static str| {
            let places = PLACES.iter().map(|place| root.join(place.trim_start_matches('/')));
            let found = env::split_paths(path)
                .chain(places)
                .map(|folder| folder.join(program))
                .find(|file| file.is_absolute() && file.is_file());
            found.ok_or_else(|| {
                let places = PLACES.iter().map(|&place| place.to_owned());
                let searched = [format!("$PATH ({})", path.to_string_lossy())];
                MariaDbError::NotInstalled {
                    program,
                    searched: searched.into_iter().chain(places).collect(),
                }
            })
        };
        Ok(Self {
            install: find("mariadb-install-db")?,
            server: find("mariadbd")?,
            client: find("mariadb")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::random;

    #[test]
    fn the_path_comes_first_and_a_missing_program_is_named_with_the_remedy() {
        let root = env::temp_dir().join(format!("mariadb-{}", random::hex(8).unwrap()));
        let (first, second) = (root.join("bin"), root.join("usr/sbin"));
        for folder in [&first, &second] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("mariadbd"), "").unwrap();
        }
        fs::write(second.join("mariadb-install-db"), "").unwrap();
        let missing = Binaries::search(Some(first.as_os_str()), &root)
            .unwrap_err()
            .to_string();
        assert!(
            missing.contains("`mariadb`") && missing.contains("scripts/install-mariadb.sh"),
            "{missing}"
        );
        fs::write(second.join("mariadb"), "").unwrap();
        let found = Binaries::search(Some(first.as_os_str()), &root).unwrap();
        assert_eq!(
            found,
            Binaries {
                install: second.join("mariadb-install-db"),
                server: first.join("mariadbd"),
                client: second.join("mariadb"),
            }
        );
        fs::remove_dir_all(root).unwrap();
    }
}
