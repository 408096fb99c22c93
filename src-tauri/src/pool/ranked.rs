//! A sorted set that also knows positions.
//!
//! Owns: [`Ranked`]: insert, remove, "the k-th" and "which position" in O(log n).
//! Must not know: what is sorted in it.

/// Members of one chunk. Small enough to shift cheaply, large enough to keep the chunks few.
const CHUNK: usize = 128;

/// Sorted chunks of members, none empty, and a Fenwick tree over their sizes.
///
/// `BTreeSet` cannot answer "the k-th member" or "how many are before this one" faster than by
/// walking, and both are what an even random choice and "the first that is not among those" need.
#[derive(Clone, Debug)]
pub(super) struct Ranked<K> {
    chunks: Vec<Vec<K>>,
    sums: Vec<usize>,
    len: usize,
}

// === impl Ranked ===

impl<K> Default for Ranked<K> {
    fn default() -> Self {
        Self { chunks: Vec::new(), sums: Vec::new(), len: 0 }
    }
}

impl<K: Ord> Ranked<K> {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// True when there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts one in; false if it was there.
    pub(super) fn insert(&mut self, key: K) -> bool {
        let at = self.chunk_of(&key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![key]);
            self.resum();
            self.len = 1;
            return true;
        };
        let Err(place) = chunk.binary_search(&key) else { return false };
        self.len += 1;
        if chunk.len() < CHUNK {
            chunk.insert(place, key);
            self.add(at, 1);
            return true;
        }
        // A full chunk is halved, except at the very end: what is used last is always appended,
        // and halving there would leave every chunk half empty.
        let mut upper = chunk.split_off(if place == CHUNK { CHUNK } else { CHUNK / 2 });
        if let Some(place) = place.checked_sub(chunk.len()) {
            upper.insert(place, key);
        } else {
            chunk.insert(place, key);
        }
        self.chunks.insert(at + 1, upper);
        self.resum();
        true
    }

    /// Takes one out; false if it was not there.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get_mut(at) else { return false };
        let Ok(place) = chunk.binary_search(key) else { return false };
        chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
            self.resum();
        } else {
            self.add(at, usize::MAX);
        }
        true
    }

    /// The member at a position, counted from 0.
    pub(super) fn get(&self, mut position: usize) -> Option<&K> {
        let mut chunk = 0;
        let mut step = self.sums.len().checked_ilog2().map_or(0, |it| 1_usize << it);
        while step > 0 {
            if let Some(sum) = self.sums.get(chunk + step - 1).filter(|sum| **sum <= position) {
                position -= sum;
                chunk += step;
            }
            step /= 2;
        }
        self.chunks.get(chunk)?.get(position)
    }

    /// Its position, or the one it would have.
    pub(super) fn rank(&self, key: &K) -> Result<usize, usize> {
        let at = self.chunk_of(key);
        let Some(chunk) = self.chunks.get(at) else { return Err(0) };
        let before = self.before(at);
        chunk.binary_search(key).map(|it| before + it).map_err(|it| before + it)
    }

    /// The chunk a key is or would be in.
    fn chunk_of(&self, key: &K) -> usize {
        let at = self.chunks.partition_point(|it| it.last().is_some_and(|last| last < key));
        at.min(self.chunks.len().saturating_sub(1))
    }

    /// Members in the chunks before this one.
    fn before(&self, chunk: usize) -> usize {
        let (mut at, mut total) = (chunk, 0);
        while let Some(sum) = at.checked_sub(1).and_then(|it| self.sums.get(it)) {
            total += sum;
            at &= at - 1;
        }
        total
    }

    /// Adds to a chunk's size; `usize::MAX` wraps to one less.
    fn add(&mut self, chunk: usize, amount: usize) {
        let mut at = chunk + 1;
        while let Some(sum) = self.sums.get_mut(at - 1) {
            *sum = sum.wrapping_add(amount);
            at += at & at.wrapping_neg();
        }
    }

    /// Makes the tree anew, once for many inserts: chunks come and go rarely.
    fn resum(&mut self) {
        self.sums.clear();
        self.sums.extend(self.chunks.iter().map(Vec::len));
        for at in 1..=self.sums.len() {
            let own = self.sums.get(at - 1).copied().unwrap_or(0);
            if let Some(parent) = self.sums.get_mut(at + (at & at.wrapping_neg()) - 1) {
                *parent += own;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn agrees(ranked: &Ranked<u32>, model: &BTreeSet<u32>) {
        assert_eq!(ranked.len(), model.len());
        for (position, key) in model.iter().enumerate() {
            assert_eq!(ranked.get(position), Some(key));
            assert_eq!(ranked.rank(key), Ok(position));
        }
        assert_eq!(ranked.get(model.len()), None);
        assert!(ranked.chunks.iter().all(|it| !it.is_empty() && it.len() <= CHUNK));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_a_btree_set(
            ops in prop::collection::vec((0..4_u8, 0..1500_u32), 0..1500),
            missing in 0..1500_u32,
        ) {
            let mut ranked = Ranked::default();
            let mut model = BTreeSet::new();
            for (op, key) in ops {
                if op == 0 {
                    prop_assert_eq!(ranked.remove(&key), model.remove(&key));
                } else {
                    prop_assert_eq!(ranked.insert(key), model.insert(key));
                }
            }
            agrees(&ranked, &model);
            model.remove(&missing);
            ranked.remove(&missing);
            prop_assert_eq!(ranked.rank(&missing), Err(model.range(..missing).count()));
        }
    }

    #[test]
    fn the_first_moving_to_the_end_keeps_chunks_full() {
        let mut ranked = Ranked::default();
        for key in 0..10_000_u32 {
            ranked.insert(key);
        }
        for key in 0..30_000 {
            assert!(ranked.remove(&key));
            assert!(ranked.insert(key + 10_000));
        }
        agrees(&ranked, &(30_000..40_000).collect());
        assert!(ranked.chunks.len() <= 10_000 / CHUNK + 2);
    }
}
