use std::time::Duration;

use super::{
    FileError, Folder,
    create::{UNFINISHED, Unfinished},
    identity_of,
};
use crate::backend::sqlite::{
    files::{Access, facts::read},
    migrations::{Durability, Plan},
    structure::{self, Structure},
};

impl Folder {
    /// The structure that a tenant has right after these migrations, as a file shows it that is made and thrown away.
    pub(crate) fn structure_of(&self, migrations: &Plan, wait: Duration) -> Result<Structure, FileError> {
        let (stem, _lock) = self.lock_scratch()?;
        let scratch = Unfinished {
            path: self.passing_path(&stem, UNFINISHED),
        };
        let path = &scratch.path;
        let confined = self.confine(path, Durability::Scratch, wait);
        confined.apply(migrations).map_err(FileError::migration(path))?;
        let identity = identity_of(path).map_err(|error| FileError::io("look for", path, error))?;
        let missing = || FileError::Missing { path: path.clone() };
        let read = read(path, Access::AtRest, identity.ok_or_else(missing)?, |connection, _| {
            structure::read(connection)
        });
        let (_, _, structure) = read?.ok_or_else(missing)?;
        Ok(structure)
    }
}
