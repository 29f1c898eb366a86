//! The file system that a folder is on. The standard library does not tell; Linux lists what is mounted.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// File systems over which SQLite's locks are not to be relied on: those of networks, and of hosts of virtual machines.
const NETWORKS: [&str; 20] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.sshfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
    "virtiofs",
];

/// A kind of file system.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileSystem {
    /// Such as `ext4`.
    pub(crate) kind: String,
    pub(crate) is_network: bool,
}

/// The file system that a folder is on; `None` where the system does not tell.
pub(crate) fn file_system_of(folder: &Path) -> Option<FileSystem> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    among(&mounts, &fs::canonicalize(folder).ok()?)
}

/// Each line: number, parent, device, root, mount point, options, tags, a dash, kind, source, more options.
fn among(mounts: &str, folder: &Path) -> Option<FileSystem> {
    let mount = |line: &str| {
        let (place, system) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(place.split(' ').nth(4)?));
        let kind = system.split(' ').next()?.to_owned();
        folder.starts_with(&point).then(|| (point.components().count(), kind))
    };
    // What was mounted last hides what was there before.
    let (_, kind) = mounts.lines().filter_map(mount).max_by_key(|(depth, _)| *depth)?;
    Some(FileSystem {
        is_network: NETWORKS.contains(&kind.as_str()),
        kind,
    })
}

/// A blank, a tab, a line's end and a backslash are written as a backslash and three octal digits.
fn unescaped(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escape, character)| {
        text.replace(escape, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts_and_the_latest_of_those() {
        let mounts = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      2 1 0:5 / /srv/my\\040data rw,relatime shared:7 - nfs4 server:/x rw\n\
                      3 1 0:6 / /srv/over rw - nfs server:/y rw\n\
                      4 3 0:7 / /srv/over rw - tmpfs none rw\n";
        let kind = |folder: &str| {
            let found = among(mounts, Path::new(folder)).unwrap();
            (found.kind, found.is_network)
        };
        assert_eq!(kind("/srv/data"), ("ext4".to_owned(), false));
        assert_eq!(kind("/srv/my data/tenants"), ("nfs4".to_owned(), true));
        assert_eq!(kind("/srv/my database"), ("ext4".to_owned(), false));
        assert_eq!(kind("/srv/over/x"), ("tmpfs".to_owned(), false));
        assert_eq!(among("", Path::new("/")), None);
    }
}
