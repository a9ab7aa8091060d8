//! Bytes of a datum in, Avro's basic values out, each checked before anything is stored.

use crate::Reason;

/// Items of all arrays and maps of one record: items may take no bytes at all, so the length of a
/// record does not bound them.
pub(crate) const ITEMS_MAX: u32 = 1_000_000;

/// The unread rest of a datum.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
    /// Items that may still come.
    items: u32,
}

impl<'a> Input<'a> {
    pub(crate) fn new(datum: &'a [u8]) -> Self {
        Self { rest: datum, items: ITEMS_MAX }
    }

    /// Bytes not read yet.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    pub(crate) fn long(&mut self) -> Result<i64, Reason> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    #[inline(always)]
    pub(crate) fn int(&mut self) -> Result<i32, Reason> {
        let before = self.rest.len();
        let value = self.long()?;
        if before - self.rest.len() > 5 {
            return Err(Reason::BadVarint);
        }
        i32::try_from(value).map_err(|_| Reason::BadVarint)
    }

    #[inline(always)]
    pub(crate) fn boolean(&mut self) -> Result<u8, Reason> {
        let [value] = self.array()?;
        if value > 1 { Err(Reason::BadBoolean) } else { Ok(value) }
    }

    /// So many bytes, as they are.
    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (found, rest) = self.rest.split_first_chunk::<N>().ok_or(Reason::Truncated)?;
        self.rest = rest;
        Ok(*found)
    }

    #[inline(always)]
    pub(crate) fn take(&mut self, size: usize) -> Result<&'a [u8], Reason> {
        let (found, rest) = self.rest.split_at_checked(size).ok_or(Reason::Truncated)?;
        self.rest = rest;
        Ok(found)
    }

    /// Bytes with their length before them.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Reason> {
        let size = usize::try_from(self.long()?).map_err(|_| Reason::BadLength)?;
        self.take(size)
    }

    /// Bytes with their length before them that are UTF-8.
    #[inline(always)]
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Reason> {
        let found = self.bytes()?;
        if is_utf8(found) { Ok(found) } else { Err(Reason::BadUtf8) }
    }

    /// The same with all that follows, and how many bytes are the text's.
    #[inline(always)]
    pub(crate) fn text_and_rest(&mut self) -> Result<(&'a [u8], usize), Reason> {
        let size = usize::try_from(self.long()?).map_err(|_| Reason::BadLength)?;
        let all = self.rest;
        if is_utf8(self.take(size)?) { Ok((all, size)) } else { Err(Reason::BadUtf8) }
    }

    /// A number below `end`.
    #[inline(always)]
    pub(crate) fn index(&mut self, end: usize, otherwise: Reason) -> Result<usize, Reason> {
        let found = usize::try_from(self.long()?).map_err(|_| otherwise)?;
        if found < end { Ok(found) } else { Err(otherwise) }
    }

    /// How many items the next block of an array or map has; 0 ends it.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> Result<u32, Reason> {
        let mut count = self.long()?;
        if count < 0 {
            // The size in bytes that follows would allow to jump; the items are checked instead.
            let size = usize::try_from(self.long()?).map_err(|_| Reason::BadLength)?;
            if size > self.rest.len() {
                return Err(Reason::Truncated);
            }
            count = count.checked_neg().ok_or(Reason::TooManyItems)?;
        }
        let count = u32::try_from(count).map_err(|_| Reason::TooManyItems)?;
        self.items = self.items.checked_sub(count).ok_or(Reason::TooManyItems)?;
        Ok(count)
    }

    #[inline(always)]
    fn varint(&mut self) -> Result<u64, Reason> {
        if let Some((&first, rest)) = self.rest.split_first()
            && first < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(first));
        }
        self.long_varint()
    }

    /// Two bytes and more; up to eight at once where there are eight left to load.
    #[inline]
    fn long_varint(&mut self) -> Result<u64, Reason> {
        if let Some(chunk) = self.rest.first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let ends = !word & 0x8080_8080_8080_8080;
            if ends != 0 {
                let bits = ends.trailing_zeros() + 1;
                self.rest = self.rest.split_at(bits as usize / 8).1;
                return Ok(seven_bits(word & (u64::MAX >> (64 - bits))));
            }
        }
        self.any_varint()
    }

    #[cold]
    fn any_varint(&mut self) -> Result<u64, Reason> {
        let mut value = 0_u64;
        for (index, &byte) in self.rest.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && byte > 1 {
                return Err(Reason::BadVarint);
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                self.rest = self.rest.split_at(index + 1).1;
                return Ok(value);
            }
        }
        Err(if self.rest.len() < 10 { Reason::Truncated } else { Reason::BadVarint })
    }
}

/// Joins the lower seven bits of each byte; the upper bit of each is ignored.
#[inline(always)]
fn seven_bits(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
    let fours = (pairs & 0x0000_3fff_0000_3fff) | ((pairs & 0x3fff_0000_3fff_0000) >> 2);
    (fours & 0x0fff_ffff) | ((fours & 0x0fff_ffff_0000_0000) >> 4)
}

/// Most texts are short and ASCII: those are told without a call.
#[inline(always)]
fn is_utf8(text: &[u8]) -> bool {
    is_short_ascii(text) || std::str::from_utf8(text).is_ok()
}

#[inline(always)]
fn is_short_ascii(text: &[u8]) -> bool {
    const UPPER_BITS: u64 = 0x8080_8080_8080_8080;
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let both = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        return text.len() <= 16 && both & UPPER_BITS == 0;
    }
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let both = u32::from_le_bytes(*first) | u32::from_le_bytes(*last);
        return u64::from(both) & UPPER_BITS == 0;
    }
    let mut all = 0;
    for byte in text {
        all |= byte;
    }
    all < 0x80
}

#[cfg(test)]
mod tests;
