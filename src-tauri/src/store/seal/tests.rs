//! Sealed texts: what opens, and that nothing else does.

use proptest::prelude::*;

use super::*;
use crate::clock::Rand;

const PLACE: Place<'static> = Place { record: "account", id: "a-1", field: "refresh token" };

fn keys(byte: u8) -> SealKeys {
    SealKeys::new(&Zeroizing::new([byte; 32])).unwrap()
}

fn open(keys: &SealKeys, place: Place<'_>, sealed: &str) -> Result<Secret> {
    keys.open(place, sealed, || Ok(None))
}

/// As an attacker with the file but no key would see it tried: also as the old format, with a key.
fn opens_to_nothing(place: Place<'_>, sealed: &str) -> bool {
    let old = Zeroizing::new([9; 32]);
    matches!(keys(1).open(place, sealed, || Ok(Some(old))), Err(Error::Damaged { .. }))
}

#[test]
fn what_was_sealed_opens_in_its_place() {
    let secret = Secret::new("wrkos_rt_密钥");
    let sealed = keys(1).seal(PLACE, &secret, &Rand::seeded(1)).unwrap();
    assert!(sealed.starts_with("v2:") && sealed.split(':').count() == 4, "{sealed}");
    assert_eq!(open(&keys(1), PLACE, &sealed).unwrap(), secret);
}

#[test]
fn empty_stays_empty() {
    let sealed = keys(1).seal(PLACE, &Secret::new(""), &Rand::seeded(1)).unwrap();
    assert_eq!(sealed, "");
    assert!(open(&keys(1), PLACE, "").unwrap().is_empty());
}

#[test]
fn the_same_text_is_never_sealed_twice_alike() {
    let entropy = Rand::seeded(1);
    let seal = || keys(1).seal(PLACE, &Secret::new("same"), &entropy).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn every_bit_flip_is_refused() {
    let sealed = keys(1).seal(PLACE, &Secret::new("wrkos_rt_0123"), &Rand::seeded(1)).unwrap();
    for index in 0..sealed.len() {
        for bit in 0..8 {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            assert!(opens_to_nothing(PLACE, &altered), "bit {bit} of byte {index}: {altered}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let sealed = keys(1).seal(PLACE, &Secret::new("wrkos_rt_0123"), &Rand::seeded(1)).unwrap();
    for length in 1..sealed.len() {
        assert!(opens_to_nothing(PLACE, &sealed[..length]), "cut to {length}");
        assert!(opens_to_nothing(PLACE, &sealed[length..]), "cut from {length}");
    }
}

#[test]
fn a_text_stripped_to_the_old_format_is_refused() {
    let sealed = keys(1).seal(PLACE, &Secret::new("wrkos_rt_0123"), &Rand::seeded(1)).unwrap();
    let parts: Vec<&str> = sealed.split(':').collect();
    assert!(opens_to_nothing(PLACE, &format!("{}:{}", parts[1], parts[2])));
}

#[test]
fn another_row_field_or_key_is_refused() {
    let sealed = keys(1).seal(PLACE, &Secret::new("wrkos_rt_0123"), &Rand::seeded(1)).unwrap();
    for place in [
        Place { id: "a-2", ..PLACE },
        Place { field: "access token", ..PLACE },
        Place { record: "key", ..PLACE },
        // The same letters, framed differently.
        Place { record: "accounta", id: "-1", ..PLACE },
    ] {
        assert!(opens_to_nothing(place, &sealed), "{place:?}");
    }
    assert!(open(&keys(2), PLACE, &sealed).is_err());
}

/// The vector is from another implementation:
/// `k = hashlib.scrypt(b"correct horse battery staple", salt=b"droid-account-salt", n=2**15, r=8,
/// p=1, maxmem=2**26, dklen=32)`, then `printf wrkos_rt_0123456789abcdef | openssl enc -aes-256-cbc
/// -K <k in hex> -iv 000102030405060708090a0b0c0d0e0f | xxd -p`.
const OLD: &str = "000102030405060708090a0b0c0d0e0f:e3491ecd74d903fcb181dda54bee60cbe4b42faa93b3fbce9cbcc8539b0975a5";

#[test]
fn the_old_format_of_another_implementation_opens() {
    let passphrase = Secret::new("correct horse battery staple");
    assert_eq!(open_old(&passphrase, "import", OLD).unwrap().expose(), "wrkos_rt_0123456789abcdef");
    let key = old_key(&passphrase).unwrap();
    let opened = keys(1).open(PLACE, OLD, || Ok(Some(key))).unwrap();
    assert_eq!(opened.expose(), "wrkos_rt_0123456789abcdef");
}

#[test]
fn the_old_format_with_another_passphrase_is_damaged() {
    let error = open_old(&Secret::new("wrong"), "account `a`", OLD).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
    assert_eq!(error.to_string(), "the stored secret of account `a` is damaged and was not used");
}

#[test]
fn the_old_format_without_a_passphrase_is_damaged() {
    assert!(matches!(open(&keys(1), PLACE, OLD), Err(Error::Damaged { .. })));
}

proptest! {
    #[test]
    fn any_text_survives(text in ".{0,200}", id in "[a-z0-9-]{1,40}", seed: u64) {
        let place = Place { id: &id, ..PLACE };
        let secret = Secret::new(text);
        let sealed = keys(1).seal(place, &secret, &Rand::seeded(seed)).unwrap();
        prop_assert!(secret.is_empty() || !sealed.contains(secret.expose()) || secret.expose().len() < 4);
        prop_assert_eq!(open(&keys(1), place, &sealed).unwrap(), secret);
    }

    #[test]
    fn no_other_text_opens(text in "(v2:)?[0-9a-f:]{0,200}|.{1,80}") {
        prop_assume!(!text.is_empty());
        prop_assert!(opens_to_nothing(PLACE, &text));
    }

    #[test]
    fn pieces_of_two_sealed_texts_do_not_mix(left in "[a-z]{1,60}", right in "[a-z]{1,60}", which in 1_usize..4) {
        prop_assume!(left != right);
        let entropy = Rand::seeded(3);
        let seal = |text: &str| keys(1).seal(PLACE, &Secret::new(text), &entropy).unwrap();
        let (left, right) = (seal(&left), seal(&right));
        let mut parts: Vec<&str> = left.split(':').collect();
        parts[which] = right.split(':').nth(which).unwrap();
        prop_assert!(opens_to_nothing(PLACE, &parts.join(":")));
    }
}
