//! A seed in, every decision of a world out.

use rand::{Rng, RngCore, SeedableRng, rngs::SmallRng};

/// All that is random in a world.
#[derive(Debug)]
pub(super) struct Dice(SmallRng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    /// A number below `n`, which is not 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.between(0, n as u64 - 1)).unwrap()
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.random_range(least..=most)
    }

    /// True once in `n` times; never for 0.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        n > 0 && self.0.random_range(0..n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(super) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }
}
