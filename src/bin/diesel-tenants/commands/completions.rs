use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{
    arguments::Arguments,
    output::{Ending, say},
};

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell: for bash, `diesel-tenants completions bash > /etc/bash_completion.d/diesel-tenants`.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<Ending> {
        let (mut command, mut script) = (Arguments::command(), Vec::new());
        clap_complete::generate(self.shell, &mut command, "diesel-tenants", &mut script);
        say!("{}", String::from_utf8_lossy(&script).trim_end());
        Ok(Ending::Well)
    }
}
