//! The settings of a session that the server reports by itself, whenever one of them changes.

/// What the server has reported, and what it was when the session was taken over.
#[derive(Debug, Default)]
pub(super) struct Settings {
    known: Vec<Setting>,
    /// Whether one of them is another one than was given. Each checkout asks twice.
    have_changed: bool,
}

#[derive(Debug)]
struct Setting {
    name: Box<str>,
    /// `None` if it was not known.
    given: Option<Box<str>>,
    now: Box<str>,
}

/// What servers report, but for what no session can change.
const REPORTED: [&str; 10] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "IntervalStyle",
    "is_superuser",
    "search_path",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

/// Changes when a replica becomes a primary, whatever the session does.
const NOT_OF_THE_SESSION: &str = "in_hot_standby";

impl Settings {
    /// What was reported while the session began.
    pub(super) fn of<'a>(reported: impl Fn(&str) -> Option<&'a str>) -> Self {
        let known = REPORTED.iter().filter_map(|name| {
            let value: Box<str> = reported(name)?.into();
            Some(Setting {
                name: (*name).into(),
                given: Some(value.clone()),
                now: value,
            })
        });
        Self {
            known: known.collect(),
            have_changed: false,
        }
    }

    /// Notes what a setting is from now on.
    pub(super) fn note(&mut self, name: &str, value: &str) {
        if name == NOT_OF_THE_SESSION {
            return;
        }
        match self.known.iter_mut().find(|setting| *setting.name == *name) {
            Some(setting) => setting.now = value.into(),
            None => self.known.push(Setting {
                name: name.into(),
                given: None,
                now: value.into(),
            }),
        }
        self.have_changed = self
            .known
            .iter()
            .any(|setting| setting.given.as_ref() != Some(&setting.now));
    }

    /// Takes the settings that there are now for those that were given.
    pub(super) fn take_over(&mut self) {
        for setting in &mut self.known {
            setting.given = Some(setting.now.clone());
        }
        self.have_changed = false;
    }

    /// Whether a setting is another one than was given.
    pub(super) fn have_changed(&self) -> bool {
        self.have_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_changed_until_it_is_what_it_was() {
        let mut settings = Settings::of(|name| (name == "TimeZone").then_some("UTC"));
        assert!(!settings.have_changed());
        for (name, value, has_changed) in [
            ("TimeZone", "Asia/Tokyo", true),
            ("TimeZone", "UTC", false),
            ("in_hot_standby", "off", false),
            ("scram_iterations", "1", true),
        ] {
            settings.note(name, value);
            assert_eq!(settings.have_changed(), has_changed, "{name} {value}");
        }
        settings.take_over();
        assert!(!settings.have_changed());
    }
}
