use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

use crate::{
    completion,
    output::{Ending, print_raw},
};

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell: for bash, `diesel-tenants completions bash > /etc/bash_completion.d/diesel-tenants`.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> anyhow::Result<Ending> {
        let script = completion::script(&self.shell.to_string())
            .with_context(|| format!("can't write a script for {}", self.shell))?;
        print_raw(script.trim_end());
        Ok(Ending::Well)
    }
}
