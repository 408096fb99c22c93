//! A body in pieces.
//!
//! Owns: [`Pieces`].
//! Must not know: what is in them.

use bytes::Bytes;
use droid_protocol::edit::{Edited, Piece};

/// A body as it is sent, one piece behind the other: what stays of the client's is not copied.
/// Debug shows its length alone.
#[derive(Clone, Default)]
pub struct Pieces(Vec<Bytes>);

// === impl Pieces ===

impl Pieces {
    /// `body` as `edited`, which was made of it.
    pub(super) fn of(body: &Bytes, edited: &Edited<'_>) -> Self {
        let pieces = edited.pieces().map(|it| match it {
            Piece::Kept(span) => body.slice(span),
            Piece::New(text) => Bytes::copy_from_slice(text.as_bytes()),
        });
        Self(pieces.collect())
    }

    /// In one piece; not copied where it is one.
    #[must_use]
    pub fn whole(&self) -> Bytes {
        match self.0.as_slice() {
            [one] => one.clone(),
            pieces => pieces.concat().into(),
        }
    }

    /// In bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// Whether it has no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }
}

impl From<Bytes> for Pieces {
    fn from(body: Bytes) -> Self {
        Self(vec![body])
    }
}

impl AsRef<[Bytes]> for Pieces {
    fn as_ref(&self) -> &[Bytes] {
        &self.0
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
