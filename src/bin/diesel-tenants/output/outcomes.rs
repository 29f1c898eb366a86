use std::{error::Error, fmt::Display};

use serde_json::{Value, json};

use super::{Ending, Printer, line, say};

/// What was done to some tenants, one after the other.
#[derive(Debug)]
pub struct Outcomes {
    printer: Printer,
    tenants: Vec<Value>,
    ending: Ending,
}

impl Outcomes {
    pub fn new(printer: Printer) -> Self {
        Self {
            printer,
            tenants: Vec::new(),
            ending: Ending::Well,
        }
    }

    /// Notes and prints what was done to a tenant: `done` is a word such as `created`, `more` what else is to be said.
    pub fn add<E: Error + 'static>(&mut self, tenant: &str, done: &str, result: Result<String, E>) {
        let name = tenant.escape_debug();
        match result {
            Ok(more) => {
                self.say(format_args!(
                    "{name}: {done}{}{more}",
                    if more.is_empty() { "" } else { ", " }
                ));
                self.tenants
                    .push(json!({ "tenant": tenant, "outcome": done, "more": more }));
            }
            Err(error) => {
                let error = line(&error);
                eprintln!("{name}: failed: {error}");
                self.ending = Ending::Failed;
                self.tenants
                    .push(json!({ "tenant": tenant, "outcome": "failed", "error": error }));
            }
        }
    }

    fn say(&self, text: impl Display) {
        if !self.printer.is_json() {
            say!("{text}");
        }
    }

    /// Prints the JSON, if that is wanted.
    pub fn end(self) -> anyhow::Result<Ending> {
        self.printer.result(&json!({ "tenants": self.tenants }), || ())?;
        Ok(self.ending)
    }
}
