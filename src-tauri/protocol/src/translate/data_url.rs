//! Data URLs (RFC 2397) in base64.
//!
//! Owns: `data:image/png;base64,...` taken apart.
//! Must not know: requests.

/// The media type and the base64 of a data URL; none where it is no such URL.
pub(super) fn parse(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, data) = rest.split_once(',')?;
    let (kind, encoding) = head.rsplit_once(';')?;
    let media_type = kind.split(';').next().unwrap_or_default();
    encoding.eq_ignore_ascii_case("base64").then_some((media_type, data))
}
