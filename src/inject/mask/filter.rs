//! What the runner knows of masking: bytes in, bytes out, and when to ask again.

/// One output stream on its way from the child to the user.
pub(crate) trait Filter {
    /// Takes `chunk`; appends what may be shown now to `out`.
    fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>);

    /// Nothing came for a moment: shows what may be shown of the held bytes, of what could become
    /// a value no more than `most` bytes.
    ///
    /// Asking again before more came shows nothing more.
    fn idle(&mut self, most: usize, out: &mut Vec<u8>);

    /// Nothing came for a moment, and may come yet: as `idle`, of what is whole.
    #[cfg(feature = "sealed")]
    fn pause(&mut self, out: &mut Vec<u8>) {
        self.idle(usize::MAX, out);
    }

    /// Tells whether bytes are held back; the runner then calls `idle` after a moment.
    fn holds(&self) -> bool;

    /// The stream ended: shows the rest.
    fn finish(&mut self, out: &mut Vec<u8>);
}
