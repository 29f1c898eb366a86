use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;

use crate::output::{Ending, print_raw};

/// Prints the pages of the whole command.
pub fn run(command: Command) -> anyhow::Result<Ending> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    render(&command, &mut pages)?;
    print_raw(String::from_utf8_lossy(&pages).trim_end());
    Ok(Ending::Well)
}

/// The page of a command, and those of its subcommands.
fn render(command: &Command, out: &mut impl Write) -> io::Result<()> {
    Man::new(command.clone()).render(out)?;
    let mut shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.try_for_each(|command| render(command, out))
}
