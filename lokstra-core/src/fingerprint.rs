//! A history as one number.

use crate::{Checksum, MigrationSpec};

/// What a history is that has exactly these migrations, as one number that the server computes by
/// itself: the sum over the rows of
/// `hashtextextended(checksum, hashtextextended(down_checksum, hashtextextended(description,
/// version)))`, modulo 2⁶⁴. A row that lacks one of them has no hash, and must be made to count as
/// something.
///
/// Two histories that differ have the same one by a chance of 1 in 2⁶⁴. The hash is not
/// cryptographic, nor need it be: an attacker who can choose the rows, or the scripts, needs no
/// collision. PostgreSQL keeps it stable, since hash partitions depend on it. A big-endian server
/// computes another one, which costs it a full read and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) const WORDS: usize = 2;

    pub(crate) fn of(migrations: &[MigrationSpec<'_>]) -> Fingerprint {
        let rows = migrations.iter().map(|migration| row(migration).cast_unsigned());
        Fingerprint(rows.fold(0, u64::wrapping_add))
    }

    /// Returns whether this is the sum, written as the server writes a number of any size.
    pub fn is_sum(self, sum: &str) -> bool {
        let (is_negative, digits) = match sum.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, sum),
        };
        let mut value = 0_u64;
        if digits.is_empty() {
            return false;
        }
        for digit in digits.bytes() {
            if !digit.is_ascii_digit() {
                return false;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        }
        self.0 == if is_negative { value.wrapping_neg() } else { value }
    }

    pub(crate) fn to_words(self) -> [u32; Self::WORDS] {
        halves(self.0.cast_signed())
    }

    pub(crate) fn from_words(words: &[[u8; 4]]) -> Fingerprint {
        let [high, low] = [words[0], words[1]].map(u32::from_be_bytes);
        Fingerprint(u64::from(high) << 32 | u64::from(low))
    }
}

fn row(migration: &MigrationSpec<'_>) -> i64 {
    let text = |checksum: Checksum| checksum.to_string();
    let (down, up) = (text(migration.down.checksum), text(migration.up.checksum));
    let columns = [migration.description, &down, &up];
    columns.iter().fold(migration.version.get(), |seed, column| hash(column.as_bytes(), seed))
}

/// `hashtextextended` of PostgreSQL: Bob Jenkins' lookup3, which reads the bytes in threes of words.
fn hash(key: &[u8], seed: i64) -> i64 {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let start = 0x9e37_79b9_u32.wrapping_add(length).wrapping_add(3_923_095);
    let mut state = State(start, start, start);
    if seed != 0 {
        let [high, low] = halves(seed);
        state.add(high, low, 0);
        state.mix();
    }
    let (blocks, rest) = key.as_chunks::<12>();
    for block in blocks {
        state.add_block(*block);
        state.mix();
    }
    let mut last = [0; 12];
    // The lowest byte of the third word is kept for the length.
    let (words, third) = rest.split_at(rest.len().min(8));
    last[..words.len()].copy_from_slice(words);
    last[9..9 + third.len()].copy_from_slice(third);
    state.add_block(last);
    state.finish()
}

fn halves(seed: i64) -> [u32; 2] {
    let bytes = seed.to_be_bytes();
    let (words, _) = bytes.as_chunks::<4>();
    [u32::from_be_bytes(words[0]), u32::from_be_bytes(words[1])]
}

struct State(u32, u32, u32);

impl State {
    fn add(&mut self, a: u32, b: u32, c: u32) {
        self.0 = self.0.wrapping_add(a);
        self.1 = self.1.wrapping_add(b);
        self.2 = self.2.wrapping_add(c);
    }

    fn add_block(&mut self, block: [u8; 12]) {
        let (words, _) = block.as_chunks::<4>();
        let word = |nth: usize| u32::from_le_bytes(words[nth]);
        self.add(word(0), word(1), word(2));
    }

    fn mix(&mut self) {
        let State(a, b, c) = self;
        for [first, second, third] in [[4, 6, 8], [16, 19, 4]] {
            *a = a.wrapping_sub(*c) ^ c.rotate_left(first);
            *c = c.wrapping_add(*b);
            *b = b.wrapping_sub(*a) ^ a.rotate_left(second);
            *a = a.wrapping_add(*c);
            *c = c.wrapping_sub(*b) ^ b.rotate_left(third);
            *b = b.wrapping_add(*a);
        }
    }

    fn finish(self) -> i64 {
        let State(mut a, mut b, mut c) = self;
        let step =
            |to: &mut u32, from: u32, by| *to = (*to ^ from).wrapping_sub(from.rotate_left(by));
        step(&mut c, b, 14);
        step(&mut a, c, 11);
        step(&mut b, a, 25);
        step(&mut c, b, 16);
        step(&mut a, c, 4);
        step(&mut b, a, 14);
        step(&mut c, b, 24);
        (u64::from(b) << 32 | u64::from(c)).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_postgresql() {
        // SELECT hashtextextended(left('abcdefghijklm', length), seed)
        let lengths = [
            6_300_763_041_544_039_762,
            -2_705_217_393_820_600_024,
            1_334_488_260_459_330_835,
            -7_559_745_029_679_409_952,
            -4_405_184_851_908_782_506,
            -5_013_348_240_696_549_303,
            5_232_063_231_241_464_294,
            1_143_074_872_815_424_677,
            1_277_187_747_441_334_730,
            839_419_246_546_677_524,
            408_526_497_918_145_810,
            -3_333_369_279_426_326_937,
            -3_980_814_378_139_526_906,
            -6_522_201_293_740_994_681,
        ];
        for (length, hashed) in lengths.into_iter().enumerate() {
            assert_eq!(hash(&b"abcdefghijklm"[..length], 1_234_567_890_123), hashed, "{length}");
        }
        assert_eq!(hash(b"", 0), -6_939_563_903_564_495_251);
        assert_eq!(hash(b"abcdefghijklm", 0), 8_871_624_171_452_417_744);
        assert_eq!(hash(b"abcdefghijklm", -1), 6_205_390_682_044_465_928);
    }

    #[test]
    fn a_fingerprint_survives_its_words() {
        for sum in [0, 1, 1 << 32, u64::MAX] {
            let words = Fingerprint(sum).to_words().map(u32::to_be_bytes);
            assert_eq!(Fingerprint::from_words(&words), Fingerprint(sum));
        }
    }

    #[test]
    fn a_sum_of_any_size_is_known_by_its_lowest_64_bits() {
        for sum in [0, 7, -7, i128::from(u64::MAX) + 8, i128::MIN + 7, i128::MAX - 6] {
            let fingerprint = Fingerprint(sum.rem_euclid(1 << 64).try_into().unwrap());
            assert!(fingerprint.is_sum(&sum.to_string()), "{sum}");
            assert!(!fingerprint.is_sum(&(sum / 2 + 1).to_string()), "{sum}");
        }
        assert!(!Fingerprint(0).is_sum("NaN") && !Fingerprint(0).is_sum("-"));
        assert!(!Fingerprint(0).is_sum("") && !Fingerprint(12).is_sum("1.2"));
    }
}
