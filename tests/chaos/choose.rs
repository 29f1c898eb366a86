//! Which operation comes next.

use crate::{
    migrations::Plan,
    operation::{Operation, Place},
    play::Play,
    tenants::Tenant,
    world::{End, free_name},
};

/// More tenants make each check slower, and find no more.
const MOST_TENANTS: usize = 6;

impl Play {
    /// One that can be done, given what there is.
    pub fn choose(&mut self) -> Operation {
        loop {
            if let Some(operation) = self.propose() {
                return operation;
            }
        }
    }

    fn propose(&mut self) -> Option<Operation> {
        let plan = if self.random.is_one_in(2) {
            Plan::First
        } else {
            Plan::All
        };
        let choice = self.random.below(17);
        let brings = [0, 1, 2, 3, 8, 15].contains(&choice);
        if (brings && self.tenants.len() >= MOST_TENANTS) || (!brings && self.tenants.is_empty() && choice != 12) {
            return None;
        }
        Some(match choice {
            0 => Operation::Create {
                tenant: self.free_name()?,
                plan,
            },
            1 => Operation::Ensure {
                tenant: self.free_name()?,
                plan,
            },
            2 => {
                let tenant = self.free_name()?;
                Operation::Place {
                    tenant,
                    at: self.shard_place(),
                    plan,
                }
            }
            3 => {
                let with_data = !self.random.is_one_in(4);
                let from = self.one(|tenant| tenant.place == Place::Home && !tenant.suspended)?;
                Operation::Clone {
                    from,
                    to: self.free_name()?,
                    with_data,
                }
            }
            4 => Operation::Rename {
                from: self.one(|_| true)?,
                to: self.free_name()?,
            },
            5 => Operation::Suspend {
                tenant: self.one(|tenant| !tenant.suspended)?,
            },
            6 => Operation::Resume {
                tenant: self.one(|tenant| tenant.suspended)?,
            },
            7 => Operation::Archive {
                tenant: self.one(|tenant| tenant.place == Place::Home)?,
            },
            8 => {
                let archives: Vec<String> = self.archives.keys().cloned().collect();
                let archive = self.random.pick(&archives)?.clone();
                Operation::Restore {
                    archive,
                    to: self.free_name()?,
                }
            }
            9 => Operation::Drop {
                tenant: self.one(|_| true)?,
                force: self.random.is_one_in(2),
            },
            10 if self.archives.len() + self.kept.len() > 2 => Operation::Purge,
            10 => return None,
            11 => Operation::Migrate,
            12 => Operation::Spares {
                count: 1 + self.random.below(2),
                plan,
            },
            13 => self.revert()?,
            14 => Operation::Export {
                tenant: self.one(|tenant| tenant.place == Place::Home)?,
                file: self.world.files().join("tenant"),
            },
            15 => {
                self.export.as_ref()?;
                let file = self.world.files().join("tenant");
                Operation::Import {
                    file,
                    to: self.free_name()?,
                }
            }
            _ => self.moving()?,
        })
    }

    fn moving(&mut self) -> Option<Operation> {
        let tenant = self.one(|_| true)?;
        let to = match self.tenant(&tenant).place {
            Place::Home => self.shard_place(),
            Place::Shard(_) => Place::Home,
        };
        Some(Operation::Move {
            tenant,
            to,
            drop_source: self.random.is_one_in(2),
            pause_writes: self.random.is_one_in(4),
        })
    }

    fn revert(&self) -> Option<Operation> {
        let schemas = |end: End| {
            let has_it = self.tenants.iter().filter(|tenant| tenant.versions().contains(&"3"));
            let here = has_it.filter(|tenant| tenant.end() == end);
            here.map(|tenant| tenant.schema().to_owned()).collect::<Vec<_>>()
        };
        let (home, shard) = (schemas(End::Home), schemas(End::Shard));
        (!home.is_empty() || !shard.is_empty()).then_some(Operation::Revert { home, shard })
    }

    fn one(&mut self, is_right: impl Fn(&Tenant) -> bool) -> Option<String> {
        let right: Vec<&str> = self
            .tenants
            .iter()
            .filter(|tenant| is_right(tenant))
            .map(|tenant| tenant.name.as_str())
            .collect();
        self.random.pick(&right).map(|name| (*name).to_owned())
    }

    fn free_name(&mut self) -> Option<String> {
        let taken: Vec<&str> = self.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        free_name(&taken, &mut self.random)
    }

    /// A schema of a name that was never there.
    fn shard_place(&mut self) -> Place {
        self.schemas += 1;
        Place::Shard(format!("schema {}", self.schemas))
    }
}
