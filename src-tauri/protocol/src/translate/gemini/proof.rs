//! Proofs of thoughts in a Gemini client's `thoughtSignature`.
//!
//! Owns: how another provider's proof travels there: its clients decode the member as base64 and
//! refuse an answer where it is none, so what is marked is encoded once more.
//! Must not know: any dialect's answers.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::STANDARD};

use crate::dialect::Dialect;
use crate::request::Signature;
use crate::translate::ClientWish;

/// A proof for this client: its own provider's as it is, another's marked, in base64.
pub(super) fn to_client(wish: &ClientWish, data: &str) -> String {
    let origin = wish.upstream.unwrap_or(Dialect::Gemini);
    let marked = Signature { origin, data: data.to_owned() }.to_client(Dialect::Gemini);
    if origin == Dialect::Gemini { marked } else { STANDARD.encode(marked) }
}

/// What the client sends back, in the alphabet and with the padding it likes.
pub(super) fn from_client(text: &str) -> Signature {
    let marked = LENIENT.decode(text.replace('-', "+").replace('_', "/")).ok();
    let foreign = marked
        .and_then(|it| String::from_utf8(it).ok())
        .map(|it| Signature::from_client(Dialect::Gemini, &it))
        .filter(|it| it.origin != Dialect::Gemini);
    foreign.unwrap_or_else(|| Signature { origin: Dialect::Gemini, data: text.to_owned() })
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(upstream: Dialect) -> ClientWish {
        ClientWish { upstream: Some(upstream), ..ClientWish::default() }
    }

    #[test]
    fn an_own_proof_stays_as_it_is() {
        for data in ["CiQBVKhc7k==", "not base64", ""] {
            assert_eq!(to_client(&wish(Dialect::Gemini), data), data);
            assert_eq!(from_client(data).for_target(Dialect::Gemini), Some(data));
        }
    }

    proptest! {
        #[test]
        fn another_providers_proof_is_base64_and_comes_home(data in "\\PC*", turn in 0..3_usize) {
            let origin = [Dialect::Anthropic, Dialect::Responses, Dialect::Chat][turn];
            let shown = to_client(&wish(origin), &data);
            prop_assert!(STANDARD.decode(&shown).is_ok());
            let url_safe = shown.replace('+', "-").replace('/', "_");
            for sent in [shown.as_str(), &url_safe, url_safe.trim_end_matches('=')] {
                prop_assert_eq!(from_client(sent), Signature { origin, data: data.clone() });
            }
        }
    }
}
