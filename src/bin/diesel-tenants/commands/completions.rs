use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{arguments::Arguments, output::Ending};

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell: for bash, `diesel-tenants completions bash > /etc/bash_completion.d/diesel-tenants`.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<Ending> {
        let mut command = Arguments::command();
        clap_complete::generate(self.shell, &mut command, "diesel-tenants", &mut io::stdout());
        Ok(Ending::Well)
    }
}
