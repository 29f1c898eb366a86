//! Files that are written completely, or not at all.

use std::{
    fs::{self, File, FileType, OpenOptions, Permissions},
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, bail};

/// A file that is being written beside its target, under a name that no other process uses. An existing target stays
/// unchanged until [`finish`](Self::finish). The unfinished file is removed when this is dropped, and stays only if the
/// process is killed.
pub struct WholeFile {
    target: PathBuf,
    partial: PathBuf,
    file: Option<File>,
    /// The permissions of the file that is replaced.
    permissions: Option<Permissions>,
    may_replace: bool,
}

impl WholeFile {
    /// Begins a file. The target must not exist yet, unless it may be replaced. Only a regular file is replaced: not a
    /// device or a pipe, and not a link, because it would be unclear whether the link is meant or its target.
    pub fn begin(target: &Path, may_replace: bool) -> anyhow::Result<Self> {
        let name = target.display();
        let permissions = match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("can't write to {name}")),
            Ok(found) if !found.is_file() => {
                bail!(
                    "{name} is {}, and only a regular file can be written or replaced: name another file, or write to \
                     the standard output by -",
                    kind(found.file_type())
                )
            }
            Ok(_) if !may_replace => {
                bail!("the file {name} exists already: name another file, or replace it by --force")
            }
            Ok(found) => Some(found.permissions()),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let chance = RandomState::new().hash_one(process::id());
        let partial = folder.join(format!(".diesel-tenants-{}-{chance:016x}.partial", process::id()));
        // Fails if anything has that name, including a link.
        let file = OpenOptions::new().write(true).create_new(true).open(&partial);
        let file = file.with_context(|| format!("can't write to {name}: no file can be created in its folder"))?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            file: Some(file),
            permissions,
            may_replace,
        })
    }

    /// The writer of the unfinished file.
    pub fn writer(&self) -> io::Result<tokio::fs::File> {
        let file = self.file.as_ref().map(File::try_clone).transpose()?;
        file.map(tokio::fs::File::from_std)
            .ok_or_else(|| io::Error::other("the file is finished"))
    }

    /// Gives the file its name, durably. Everything that was written must be flushed before.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let target = self.target.display().to_string();
        let failed = || format!("can't write to {target}");
        if let Some(file) = self.file.take() {
            if let Some(permissions) = self.permissions.take() {
                file.set_permissions(permissions).with_context(failed)?;
            }
            file.sync_all().with_context(failed)?;
        }
        if self.may_replace {
            fs::rename(&self.partial, &self.target).with_context(failed)?;
        } else {
            self.link().with_context(failed)?;
        }
        // A name is durable when its folder is synced. Not every system can sync a folder, so a failure is ignored.
        if let Some(folder) = self.partial.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Takes the name only if no file has it by now.
    fn link(&self) -> io::Result<()> {
        match fs::hard_link(&self.partial, &self.target) {
            Ok(()) => fs::remove_file(&self.partial),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::Error::new(
                error.kind(),
                "another process has created a file of that name meanwhile, which was not changed",
            )),
            // Some file systems have no links.
            Err(_) if fs::symlink_metadata(&self.target).is_err() => fs::rename(&self.partial, &self.target),
            Err(error) => Err(error),
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After a success the file is gone already.
        let _ = fs::remove_file(&self.partial);
    }
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a directory"
    } else if found.is_symlink() {
        "a symbolic link"
    } else {
        "a device, a pipe or a socket"
    }
}
