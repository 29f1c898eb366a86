//! SQLite testifies by its files: who reads one leaves a time, who writes one leaves another content.

mod files;
mod in_use;
mod watch;
