//! Asks before data is lost.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};

use crate::{options::Consent, output::shown};

/// Asks on the terminal. Fails if the answer is no, and if there is no terminal.
pub fn confirm(consent: &Consent, question: &str) -> anyhow::Result<()> {
    if consent.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!(
            "{question} The question can't be asked, because stdin is not a terminal: nothing was done; add --yes to \
               agree"
        );
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
