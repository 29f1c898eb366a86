use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::Command,
};

use crate::StartError;

/// Whom the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    Caller,
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// The caller's own account, or the server's when that is root.
    ///
    /// Who the caller is shows in `own_directory`, which it has just made: the standard library cannot say it.
    pub(crate) fn choose(own_directory: &Path, account: &'static str) -> Result<Self, StartError> {
        let attempt = || format!("see who owns {}", own_directory.display());
        let owner = fs::metadata(own_directory).map_err(StartError::io(attempt()))?.uid();
        if owner != 0 {
            return Ok(Self::Caller);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(StartError::io("read /etc/passwd"))?;
        Self::named(account, &passwd).ok_or(StartError::NoAccount { account })
    }

    fn named(name: &str, passwd: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self::Other { uid, gid })
        })
    }

    pub(crate) fn give(self, path: &Path) -> Result<(), StartError> {
        match self {
            Self::Caller => Ok(()),
            Self::Other { uid, gid } => {
                let attempt = format!("give {} to the account that the server runs as", path.display());
                chown(path, Some(uid), Some(gid)).map_err(StartError::io(attempt))
            }
        }
    }

    pub(crate) fn run(self, command: &mut Command) {
        match self {
            Self::Caller => {}
            Self::Other { uid, gid } => {
                command.uid(uid).gid(gid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\n\npostgres:x:101:104:x,,,:/:/bin/sh\n";
        assert_eq!(
            Account::named("postgres", passwd),
            Some(Account::Other { uid: 101, gid: 104 })
        );
        assert_eq!(Account::named("nobody", passwd), None);
        assert_eq!(Account::named("postgres", "postgres:x:many:104::/:"), None);
    }
}
