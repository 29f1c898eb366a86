//! Asking before data are lost.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};

use crate::{arguments::Consent, output::shown};

/// Asks on the terminal. Fails if the answer is no, and where nobody can be asked.
pub fn confirm(consent: &Consent, question: &str) -> anyhow::Result<()> {
    if consent.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!("{question} Nobody can be asked, since stdin is no terminal: nothing was done; say --yes if it is meant");
    }
    eprint!("{} [y/N] ", shown(question));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("can't read the answer")?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => bail!("nothing was done"),
    }
}
