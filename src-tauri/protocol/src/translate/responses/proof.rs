//! Where a Responses client keeps another provider's proof of a tool call.
//!
//! Owns: the text that stands in the `encrypted_content` of a reasoning item behind the call, and
//! the reading of it.
//! Must not know: whose proofs these are.
//!
//! A call's item has no member that clients send back beside the ones every item has; a reasoning
//! item's `encrypted_content` comes back byte for byte.

use crate::dialect::Dialect;
use crate::request::Signature;

/// Marks a proof that belongs to a call: then the length of the call's id, the id, the proof.
const OF_CALL: &str = "dpcall1.";

/// What the reasoning item behind a call carries.
pub(super) fn for_call(call_id: &str, signature: &Signature) -> String {
    let proof = signature.to_client(Dialect::Responses);
    [OF_CALL, &call_id.len().to_string(), ".", call_id, &proof].concat()
}

/// The call's id and its proof, if that is what a reasoning item carries.
pub(super) fn of_call(encrypted: &str) -> Option<(&str, Signature)> {
    let (length, rest) = encrypted.strip_prefix(OF_CALL)?.split_once('.')?;
    let (call_id, proof) = rest.split_at_checked(length.parse().ok()?)?;
    Some((call_id, Signature::from_client(Dialect::Responses, proof)))
}
