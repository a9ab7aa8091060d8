//! A seed in, the same numbers on every machine out.
//!
//! Written here instead of taken from `rand`, which promises neither for its small generators nor
//! for its distributions that another version or platform draws the same numbers.

/// `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): 64 bits
/// of state, one step per draw. Good enough for made-up sales, useless for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Any number.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `end`, which must not be zero. Biased by at most `end` / 2^32.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        let scaled = (self.bits() >> 32) * u64::from(end);
        // Below `end` after the shift, so it fits.
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<Item: Copy>(&mut self, items: &[Item]) -> Item {
        let end = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items[self.below(end) as usize]
    }
}

/// Scrambles a number so that neighbours have nothing in common.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Numbers from 0, of which the k-th is drawn in proportion to 1 / (k + `flat`): a few sell most.
#[derive(Clone, Debug)]
pub(crate) struct Skewed {
    /// Sum of the weights up to and including each number.
    sums: Vec<u64>,
}

impl Skewed {
    /// `count` numbers; the larger `flat` (at least 1), the less the first ones stand out.
    pub(crate) fn new(count: u32, flat: u32) -> Self {
        let mut sum = 0;
        let sums = (0..u64::from(count)).map(|k| {
            sum += (1 << 32) / (k + u64::from(flat));
            sum
        });
        Self { sums: sums.collect() }
    }

    pub(crate) fn draw(&self, draw: &mut Draw) -> u32 {
        let total = self.sums.last().copied().unwrap_or_default();
        // Widened: the product of a draw and the sum needs up to 128 bits.
        let point = (u128::from(draw.bits()) * u128::from(total)) >> 64;
        let number = self.sums.partition_point(|sum| u128::from(*sum) <= point);
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
