//! A growing buffer for text that contains secrets: outgrown memory is wiped, not just freed.
//!
//! A plain `Vec` leaves a copy behind each time it moves; this one never does.

use zeroize::Zeroizing;

use crate::secret::SecretBytes;

/// Bytes being put together, wiped on growth and on drop.
#[derive(Default)]
pub(crate) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    /// Appends `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut grown = Vec::with_capacity(needed.max(self.0.capacity() * 2));
            grown.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(grown);
        }
        self.0.extend_from_slice(bytes);
    }

    /// Hands the bytes over without copying them.
    pub(crate) fn into_secret(mut self) -> SecretBytes {
        SecretBytes::new(std::mem::take(&mut *self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn what_is_pushed_comes_out_in_order() {
        let mut buffer = Buffer::default();
        for part in [&b"one"[..], b"", b" two", &[b'x'; 100]] {
            buffer.push(part);
        }
        let expected = format!("one two{}", "x".repeat(100));
        assert_eq!(buffer.into_secret().expose(), expected.as_bytes());
    }
}
