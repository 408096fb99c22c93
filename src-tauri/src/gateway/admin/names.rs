//! Under which names this gateway may be addressed, so that a page of somebody else cannot reach it
//! through a name of its own that leads here (DNS rebinding).
//!
//! Owns: the rules for `Host` and `Origin`.
//! Must not know: credentials, routes.

use std::net::{IpAddr, SocketAddr};

/// The host without its port, in lower case; none if there is none.
pub(super) fn host_of(authority: &str) -> Option<String> {
    let authority = authority.trim();
    let host = if authority.starts_with('[') {
        authority.split_inclusive(']').next()?
    } else {
        authority.split(':').next()?
    };
    Some(host.to_ascii_lowercase()).filter(|it| !it.is_empty())
}

/// Whether a request may name this host. A gateway that this machine alone can reach is named as
/// this machine; any other may have any name, since no credential goes with a name that is new.
pub(super) fn may_be_named(host: &str, listens: SocketAddr, allowed: &[String]) -> bool {
    if allowed.iter().any(|it| it.eq_ignore_ascii_case(host)) {
        return true;
    }
    if !listens.ip().to_canonical().is_loopback() {
        return true;
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    address.is_some_and(|it| it.to_canonical().is_loopback())
}

/// Whether a page of that origin is one of ours: the one at the address that was asked.
pub(super) fn is_own(origin: &str, authority: &str) -> bool {
    let of_origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    of_origin.is_some_and(|it| it.eq_ignore_ascii_case(authority.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_this_machine_only_names_of_this_machine_are_taken() {
        let here = "127.0.0.1:8787".parse().unwrap();
        for (authority, fits) in [
            ("127.0.0.1:8787", true),
            ("localhost:8787", true),
            ("LOCALHOST", true),
            ("[::1]:8787", true),
            ("127.9.9.9", true),
            ("app.localhost:1", true),
            ("rebound.example:8787", false),
            ("127.0.0.1.rebound.example", false),
            ("localhost.rebound.example", false),
            ("192.168.0.7:8787", false),
        ] {
            let host = host_of(authority).unwrap();
            assert_eq!(may_be_named(&host, here, &[]), fits, "{authority}");
        }
        let allowed = ["gateway.example".to_owned()];
        assert!(may_be_named("gateway.example", here, &allowed));
        assert!(may_be_named("any.example", "0.0.0.0:1".parse().unwrap(), &[]));
        assert_eq!(host_of(""), None);
    }

    #[test]
    fn only_the_page_that_was_served_here_is_own() {
        assert!(is_own("http://localhost:8787", "localhost:8787"));
        assert!(is_own("https://gateway.example", "gateway.example"));
        for origin in ["null", "http://localhost:9999", "http://evil.example", "tauri://localhost"]
        {
            assert!(!is_own(origin, "localhost:8787"), "{origin}");
        }
    }
}
