//! Frozen blocks that were sent in, their buffers for the next blocks out.

use bytes::Bytes;

use crate::Frozen;

/// Buffers to use again. Memory that is fresh from the system costs a page fault per 4 KiB, which
/// for small records is a third of the time that decoding takes.
#[derive(Debug, Default)]
pub struct Spare {
    /// By capacity, smallest first.
    buffers: Vec<Vec<u8>>,
    bytes: usize,
    bytes_max: usize,
}

/// A buffer below this is not worth keeping: it fits into memory that the allocator has.
const SMALL: usize = 1 << 10;

/// A buffer that is so many times larger than wanted is left for another.
const ROOMY: usize = 4;

impl Spare {
    /// No buffers yet; never more than `bytes_max` bytes of them.
    pub fn new(bytes_max: usize) -> Self {
        Self { buffers: Vec::new(), bytes: 0, bytes_max }
    }

    /// Bytes of the buffers it keeps.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps the buffers of a block that is not needed any more. Those that somebody else still
    /// holds, and those beyond the limit, are let go.
    pub fn keep(&mut self, frozen: Frozen) {
        for chunk in frozen.chunks {
            let Ok(mut buffer) = Bytes::try_into_mut(chunk) else { continue };
            buffer.clear();
            let buffer = Vec::from(buffer);
            if buffer.capacity() < SMALL || self.bytes + buffer.capacity() > self.bytes_max {
                continue;
            }
            self.bytes += buffer.capacity();
            let place = self.buffers.partition_point(|kept| kept.capacity() < buffer.capacity());
            self.buffers.insert(place, buffer);
        }
    }

    /// An empty buffer with room for so many bytes: the smallest of those kept, or a new one.
    pub(crate) fn take(&mut self, room: usize) -> Vec<u8> {
        let place = self.buffers.partition_point(|kept| kept.capacity() < room);
        let fits = |kept: &Vec<u8>| room > 0 && kept.capacity() / ROOMY <= room;
        if !self.buffers.get(place).is_some_and(fits) {
            return Vec::with_capacity(room);
        }
        let buffer = self.buffers.remove(place);
        self.bytes -= buffer.capacity();
        buffer
    }
}

#[cfg(test)]
mod tests;
