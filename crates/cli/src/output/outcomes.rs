use std::{error::Error, fmt::Display};

use serde_json::{Value, json};

use super::{Ending, Printer, line, name, say, tell};

/// The outcomes of an operation on several tenants, one after the other.
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

    /// Does the same for each of several tenants, one after the other, even after a failure, and prints each outcome.
    /// `done` and the results are as for [`add`](Self::add).
    pub async fn of_each<E: Error + 'static>(
        printer: Printer,
        tenants: &[String],
        done: &str,
        mut act: impl AsyncFnMut(&str) -> Result<(String, Value), E>,
    ) -> anyhow::Result<Ending> {
        let mut outcomes = Self::new(printer);
        for tenant in tenants {
            outcomes.add(tenant, done, act(tenant).await);
        }
        outcomes.end()
    }

    /// Records and prints what was done to a tenant: `done` is a word such as `created`; details come as text, and as
    /// an object for JSON.
    pub fn add<E: Error + 'static>(&mut self, tenant: &str, done: &str, result: Result<(String, Value), E>) {
        let name = name(tenant);
        match result {
            Ok((text, details)) => {
                let separator = if text.is_empty() { "" } else { ", " };
                self.say(format_args!("{name}: {done}{separator}{text}"));
                let mut document = json!({ "tenant": tenant, "outcome": done });
                if let (Value::Object(document), Value::Object(details)) = (&mut document, details) {
                    document.extend(details);
                }
                self.tenants.push(document);
            }
            Err(error) => {
                let error = line(&error);
                tell!("{name}: failed: {error}");
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

    /// Prints the JSON, if it was asked for.
    pub fn end(self) -> anyhow::Result<Ending> {
        self.printer.result(&json!({ "tenants": self.tenants }), || ())?;
        Ok(self.ending)
    }
}
