//! Hosts as they stand in requests: domains and addresses, with or without a port.

use std::{fmt, net::IpAddr};

use crate::web::Malformed;

/// The longest domain, without the dot at its end. RFC 1035 allows 255 bytes, which include the length of each label
/// and the root.
const MAX_LENGTH: usize = 253;

/// The host that a request is for, without its port.
///
/// Case doesn't matter, nor does a dot at the end. `0x7f.1` is an IP address, and `bücher.example` is
/// `xn--bcher-kva.example`. Labels may contain only letters, digits, `-` and `_`; others are refused.
///
/// Browsers read more spellings as the same host ([WHATWG URL](https://url.spec.whatwg.org/#host-parsing)):
/// `client1%2eexample.com`, full-width letters, invisible characters. They never send these spellings. A proxy in front
/// of the service may read such a spelling as another host than a browser does, so these spellings are refused.
///
/// ```
/// use diesel_tenants::web::Host;
///
/// assert_eq!(Host::parse("Client1.Example.COM.:8080")?, Host::parse("client1.example.com")?);
/// assert_eq!(Host::parse("bücher.example")?.domain(), Some("xn--bcher-kva.example"));
/// assert_eq!(Host::parse("[::1]:80")?.domain(), None);
/// assert!(Host::parse("client1.example.com@evil.example").is_err());
/// assert!(Host::parse("client1%2eexample.com").is_err());
/// # Ok::<(), diesel_tenants::web::Malformed>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// In ASCII and lower case, without a dot at the end.
    Domain(String),
    Address(IpAddr),
}

impl Host {
    /// Reads a host with or without a port, as in a header `Host`.
    ///
    /// # Errors
    /// [`Malformed::Host`].
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::read(text).ok_or(Malformed::Host)
    }

    fn read(text: &str) -> Option<Self> {
        let host = without_port(text)?;
        if is_plain_domain(host) {
            return Some(Self(Kind::Domain(host.to_owned())));
        }
        // The parser would decode percent-encoding.
        if host.contains('%') {
            return None;
        }
        Some(Self(match url::Host::parse(host).ok()? {
            url::Host::Ipv4(address) => Kind::Address(address.into()),
            url::Host::Ipv6(address) => Kind::Address(address.into()),
            url::Host::Domain(domain) => {
                let domain = match domain.strip_suffix('.') {
                    Some(domain) => domain.to_owned(),
                    None => domain,
                };
                Kind::Domain(Some(domain).filter(|domain| is_domain(domain) && differs_by_case_only(host, domain))?)
            }
        }))
    }

    /// The domain, in ASCII and lower case, without a dot at its end; `None` for an IP address.
    pub fn domain(&self) -> Option<&str> {
        match &self.0 {
            Kind::Domain(domain) => Some(domain),
            Kind::Address(_) => None,
        }
    }

    /// The label before the base domain, in Unicode; `None` unless there is exactly one.
    pub(crate) fn label_before(&self, base: &Host) -> Option<String> {
        let label = self.domain()?.strip_suffix(base.domain()?)?.strip_suffix('.')?;
        (!label.contains('.')).then(|| unicode(label))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Domain(domain) => f.write_str(domain),
            Kind::Address(IpAddr::V4(address)) => address.fmt(f),
            Kind::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A domain in Unicode: `bücher.example`.
pub(crate) fn unicode(domain: &str) -> String {
    if !has_punycode(domain) {
        return domain.to_owned();
    }
    // A domain that was parsed as a host converts without errors.
    idna::domain_to_unicode(domain).0
}

fn without_port(text: &str) -> Option<&str> {
    // An IPv6 address in brackets contains colons.
    match text.bytes().rposition(|byte| matches!(byte, b':' | b']')) {
        Some(colon) if text.as_bytes()[colon] == b':' => {
            let (host, digits) = (&text[..colon], &text[colon + 1..]);
            let is_port =
                digits.is_empty() || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
            is_port.then_some(host)
        }
        _ => Some(text),
    }
}

/// Whether a host is a domain that needs no parsing, as nearly all are: it is in ASCII, and has no number at its end,
/// which would make it an IP address.
fn is_plain_domain(host: &str) -> bool {
    let mut last = None;
    let are_plain = labels(host).all(|label| {
        last = label.first();
        is_label(label) && !is_punycode(label)
    });
    are_plain && host.len() <= MAX_LENGTH && !last.is_some_and(u8::is_ascii_digit)
}

/// Whether a label is Punycode, which stands for Unicode.
fn has_punycode(domain: &str) -> bool {
    labels(domain).any(is_punycode)
}

fn is_punycode(label: &[u8]) -> bool {
    label.starts_with(b"xn--")
}

/// Whether only the case of letters was changed to turn the text, which may be Unicode, into the domain.
///
/// A letter that is mapped to ASCII counts as a change: the Kelvin sign is not the `k` of a tenant's name.
fn differs_by_case_only(text: &str, domain: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let lower = text.to_lowercase();
    let ascii = |text: &str| text.bytes().filter(u8::is_ascii).count();
    ascii(text) == ascii(&lower) && (lower == domain || lower == unicode(domain))
}

fn is_domain(text: &str) -> bool {
    text.len() <= MAX_LENGTH && labels(text).all(is_label)
}

/// Splits bytes, which is faster than splitting characters.
fn labels(domain: &str) -> impl Iterator<Item = &[u8]> {
    domain.as_bytes().split(|&byte| byte == b'.')
}

/// No host has other characters. This is not about SQL: names are quoted there.
fn is_label(label: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.iter().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Host::parse(text).map_or_else(|_| "malformed".to_owned(), |host| host.to_string())
    }

    #[test]
    fn a_plain_domain_is_what_the_standard_makes_of_it() {
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            let longer = texts
                .iter()
                .flat_map(|text| "a0x-_.A:".chars().map(move |next| format!("{text}{next}")));
            texts = longer.collect();
            for text in texts.iter().filter(|text| is_plain_domain(text)) {
                assert_eq!(url::Host::parse(text), Ok(url::Host::Domain(text.clone())));
            }
        }
        assert!(is_plain_domain("client1.example.com") && is_plain_domain("0x7f.1.a"));
    }

    #[test]
    fn hosts_are_read_as_browsers_do() {
        for (text, expected) in [
            ("example.com", "example.com"),
            ("EXAMPLE.com:80", "example.com"),
            ("example.com:", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:8080", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("client_1.example.com", "client_1.example.com"),
            ("localhost", "localhost"),
            ("127.0.0.1:8000", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:8000", "[::1]"),
            ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_host_is_malformed() {
        let long_label = "a".repeat(64) + ".example.com";
        let long = ["a"; 128].join(".");
        for text in [
            "",
            ".",
            ":80",
            "example.com:http",
            "example.com:65536",
            "example.com:80:80",
            "example.com..",
            ".example.com",
            "a..example.com",
            "user@example.com",
            "example.com/path",
            "example.com?query",
            "example.com#fragment",
            "a b.example.com",
            "a,b.example.com",
            "a\0.example.com",
            "a\n.example.com",
            "a'; DROP SCHEMA client1; --.example.com",
            "a';drop--.example.com",
            "a\".example.com",
            "*.example.com",
            "%00.example.com",
            "%2e%2e%2f.example.com",
            "xn--a.example.com",
            // Each of these is `client1.example.com`, or `kicks.example.com`, to a browser.
            "client1%2eexample.com",
            "client1%2Eexample.com",
            "%63lient1.example.com",
            "client1.example%2ecom",
            "client1%E3%80%82example.com",
            "ｃｌｉｅｎｔ１.example.com",
            "ｃlient1.example.com",
            "CＬIENT1.example.com",
            "client1。example.com",
            "client1．example.com",
            "client1｡example.com",
            "client1\u{ad}.example.com",
            "cli\u{200b}ent1.example.com",
            "client\u{2460}.example.com",
            "client\u{b9}.example.com",
            "\u{212a}icks.example.com",
            "kick\u{17f}.example.com",
            "xn--client1-.example.com",
            "XN--CLIENT1-.example.com",
            // A letter of two characters, and a capital without a lower case of its own.
            "bu\u{308}cher.example",
            "\u{130}.example.com",
            "::1",
            "[::1",
            "[::1]x",
            "[::1%25eth0]",
            "1.2.3.4.5",
            "256.0.0.1",
            &long_label,
            &long,
        ] {
            assert_eq!(shown(text), "malformed", "{text:?}");
        }
    }

    #[test]
    fn only_one_label_in_front_of_the_base_is_a_tenants() {
        let base = Host::parse("Example.com").unwrap();
        let label = |host| Host::parse(host).unwrap().label_before(&base);
        assert_eq!(label("client1.example.com:80").as_deref(), Some("client1"));
        assert_eq!(label("xn--mller-kva.example.com").as_deref(), Some("müller"));
        for none in [
            "example.com",
            "a.b.example.com",
            "client1.example.org",
            "badexample.com",
            "127.0.0.1",
            "[::1]",
        ] {
            assert_eq!(label(none), None, "{none}");
        }
    }
}
