//! The code that decides how each rejection is answered, in Actix Web, Axum and Rocket alike: its status, the code and
//! the message in the body, and `Retry-After`. The table in `rejection.rs` repeats it for users. The modules of the
//! frameworks only copy these into their responses.

use std::borrow::Cow;

use super::Rejection;

impl Rejection {
    /// The status of the response.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Suspended { .. } | Self::DifferentTenants { .. } => 403,
            Self::Missing | Self::Unknown { .. } | Self::Query(diesel::result::Error::NotFound) => 404,
            Self::Unavailable { .. } => 503,
            Self::Custom {
                status: status @ 200..=599,
                ..
            } => *status,
            Self::Custom { .. }
            | Self::Checkout(_)
            | Self::Query(_)
            | Self::Commit(_)
            | Self::TransactionInUse
            | Self::NotInstalled
            | Self::OtherDatabase => 500,
        }
    }

    /// The code, for programs: `error` in the body.
    pub fn code(&self) -> &str {
        match self {
            Self::Malformed(_) => "malformed_tenant",
            Self::Suspended { .. } => "suspended_tenant",
            Self::DifferentTenants { .. } => "wrong_tenant",
            Self::Missing => "no_tenant",
            Self::Unknown { .. } => "unknown_tenant",
            Self::Query(diesel::result::Error::NotFound) => "not_found",
            Self::Unavailable { .. } => "unavailable",
            Self::Custom { code, .. } => code,
            Self::Checkout(_)
            | Self::Query(_)
            | Self::Commit(_)
            | Self::TransactionInUse
            | Self::NotInstalled
            | Self::OtherDatabase => "internal",
        }
    }

    /// The message, for people: `message` in the body.
    pub fn message(&self) -> Cow<'_, str> {
        match self {
            Self::Malformed(malformed) => malformed.to_string().into(),
            Self::Suspended { .. } => "this tenant is suspended".into(),
            Self::DifferentTenants { .. } => "this is not your tenant".into(),
            Self::Missing => "the request names no tenant".into(),
            Self::Unknown { .. } => "there is no such tenant".into(),
            Self::Query(diesel::result::Error::NotFound) => "there is nothing of that kind".into(),
            Self::Unavailable { .. } => "the service is busy; try again in a moment".into(),
            Self::Custom { message, .. } => message.as_ref().into(),
            Self::Checkout(_)
            | Self::Query(_)
            | Self::Commit(_)
            | Self::TransactionInUse
            | Self::NotInstalled
            | Self::OtherDatabase => "something went wrong on our side".into(),
        }
    }

    /// After how many seconds the client may try again: `Retry-After`.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after, .. } => Some(retry_after.as_secs().max(1)),
            _ => None,
        }
    }

    /// The body of the response, in JSON: `{"error":"unknown_tenant","message":"there is no such tenant"}`.
    pub fn body(&self) -> String {
        let mut body = String::from("{\"error\":\"");
        escape(self.code(), &mut body);
        body += "\",\"message\":\"";
        escape(&self.message(), &mut body);
        body += "\"}";
        body
    }
}

/// Appends a text as the inside of a JSON string.
fn escape(text: &str, json: &mut String) {
    for character in text.chars() {
        match character {
            '"' => *json += "\\\"",
            '\\' => *json += "\\\\",
            control if control < ' ' => *json += &format!("\\u{:04x}", u32::from(control)),
            other => json.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_whatever_is_in_it() {
        let rejection = Rejection::custom(418, "tea\"pot", "a\\b\nc \u{1f375}");
        let body: serde_json::Value = serde_json::from_str(&rejection.body()).unwrap();
        assert_eq!(body["error"], "tea\"pot");
        assert_eq!(body["message"], "a\\b\nc \u{1f375}");
    }

    #[test]
    fn a_status_that_no_response_can_have_is_500() {
        for (status, sent) in [
            (200, 200),
            (302, 302),
            (599, 599),
            (0, 500),
            (101, 500),
            (600, 500),
            (u16::MAX, 500),
        ] {
            assert_eq!(Rejection::custom(status, "code", "message").status(), sent);
        }
    }

    #[test]
    fn clients_learn_nothing_of_what_went_wrong_inside() {
        let rejection = Rejection::Query(diesel::result::Error::QueryBuilderError("SELECT secret".into()));
        assert_eq!(rejection.status(), 500);
        assert!(!rejection.body().contains("secret"));
    }
}
