//! Where the bytes of a view stand in the text that it is a view of.

/// Pieces of a view in order.
#[derive(Default)]
pub(super) struct Map(Vec<Piece>);

#[derive(Clone, Copy)]
struct Piece {
    /// Its first place in the view.
    at: usize,
    /// Where that stands in the text.
    from: usize,
    /// How many bytes of the text all of the piece stands for; `None` where each stands for one.
    width: Option<usize>,
}

impl Map {
    /// From `at` on the view has the bytes of the text from `from` on.
    pub(super) fn plain(&mut self, at: usize, from: usize) {
        let goes_on = |last: &Piece| last.width.is_none() && from - last.from == at - last.at;
        if !self.0.last().is_some_and(goes_on) {
            self.0.push(Piece { at, from, width: None });
        }
    }

    /// What stands at `at` in the view stands for `width` bytes of the text.
    pub(super) fn written(&mut self, at: usize, from: usize, width: usize) {
        // Of what says nothing there may be any number in a row.
        if let Some(Piece { at: last, from: begun, width: Some(so_far) }) = self.0.last_mut()
            && *last == at
            && *begun + *so_far == from
        {
            *so_far += width;
            return;
        }
        self.0.push(Piece { at, from, width: Some(width) });
    }

    /// How many bytes of the text stand for nothing where the view ends, at `at`.
    pub(super) fn silent(&self, at: usize) -> usize {
        let last = self.0.last().filter(|piece| piece.at == at);
        last.and_then(|piece| piece.width).unwrap_or(0)
    }

    /// Where the byte at `place` begins.
    pub(super) fn start(&self, place: usize) -> usize {
        match self.piece(place) {
            Some(Piece { from, width: Some(_), .. }) => *from,
            Some(Piece { at, from, width: None }) => from + place - at,
            None => 0,
        }
    }

    /// Where the byte before `place` ends.
    pub(super) fn end(&self, place: usize) -> usize {
        let last = place.saturating_sub(1);
        match self.piece(last) {
            Some(Piece { from, width: Some(width), .. }) => from + width,
            Some(Piece { at, from, width: None }) => from + last - at + 1,
            None => 0,
        }
    }

    fn piece(&self, place: usize) -> Option<&Piece> {
        self.0[..self.0.partition_point(|piece| piece.at <= place)].last()
    }

    /// Forgets what is before `place`, once that is the greater part.
    pub(super) fn forget(&mut self, place: usize) {
        let before = self.0.partition_point(|piece| piece.at <= place).saturating_sub(1);
        if before * 2 > self.0.len() {
            self.0.drain(..before);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
