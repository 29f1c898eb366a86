//! Files that are there as a whole, or as they were.

use std::{
    fs::{self, File, FileType, OpenOptions, Permissions},
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, bail};

/// A file under way, beside the one that it will be, under a name that no other process has. Whatever happens, the one that is there
/// stays as it is until [`finish`](Self::finish); what is under way is removed when this is dropped, and stays only where the process
/// is killed.
pub struct WholeFile {
    target: PathBuf,
    partial: PathBuf,
    file: Option<File>,
    /// Of the file that is replaced.
    permissions: Option<Permissions>,
    may_replace: bool,
}

impl WholeFile {
    /// Begins a file. It must not exist yet, unless it may be replaced; and what is replaced is a regular file: no device, no pipe, and
    /// no link, of which it wouldn't be clear whether the link is meant or what it leads to.
    pub fn begin(target: &Path, may_replace: bool) -> anyhow::Result<Self> {
        let name = target.display();
        let permissions = match fs::symlink_metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("can't write to {name}")),
            Ok(found) if !found.is_file() => {
                bail!(
                    "{name} is {}, and only a regular file can be written or replaced: name another one, or write to the standard \
                     output by -",
                    kind(found.file_type())
                )
            }
            Ok(_) if !may_replace => {
                bail!("there is a file {name} already: name another one, or replace it by --force")
            }
            Ok(found) => Some(found.permissions()),
        };
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let chance = RandomState::new().hash_one(process::id());
        let partial = folder.join(format!(".diesel-tenants-{}-{chance:016x}.partial", process::id()));
        // Fails if there is anything of that name, a link too.
        let file = OpenOptions::new().write(true).create_new(true).open(&partial);
        let file = file.with_context(|| format!("can't write to {name}: no file can be made in its folder"))?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            file: Some(file),
            permissions,
            may_replace,
        })
    }

    /// Where to write it.
    pub fn writer(&self) -> io::Result<tokio::fs::File> {
        let file = self.file.as_ref().map(File::try_clone).transpose()?;
        file.map(tokio::fs::File::from_std)
            .ok_or_else(|| io::Error::other("the file is finished"))
    }

    /// Gives it its name, on the disk: all that was written was flushed before.
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
        // A name is on the disk when its folder is. Not every system lets one say so.
        if let Some(folder) = self.partial.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    /// Takes the name only if nobody has it by now.
    fn link(&self) -> io::Result<()> {
        match fs::hard_link(&self.partial, &self.target) {
            Ok(()) => fs::remove_file(&self.partial),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::Error::new(
                error.kind(),
                "another one of that name was made meanwhile, and is left alone",
            )),
            // There are file systems without links.
            Err(_) if fs::symlink_metadata(&self.target).is_err() => fs::rename(&self.partial, &self.target),
            Err(error) => Err(error),
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // Gone already, if all went well.
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
