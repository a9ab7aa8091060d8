//! Names and numbers in, one stable 64-bit number out.

/// FNV-1a with 64 bits: no state, no seed, the same in every build. Good against accidents, not
/// against somebody who wants two things to look alike.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// A fingerprint of nothing yet.
    #[expect(clippy::new_without_default, reason = "an empty fingerprint is only a beginning")]
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text; its length counts, so that `ab, c` differs from `a, bc`.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes())
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    /// The number that stands for all that was added, in its order.
    pub fn finish(self) -> u64 {
        self.0
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }
}
