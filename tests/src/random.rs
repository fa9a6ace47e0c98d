//! Numbers that look random, the same ones each time.

/// A series of numbers (`SplitMix64`), which its seed decides.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number, which is less than `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % limit
    }
}
