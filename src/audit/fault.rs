//! What can be wrong with a chain: one sentence each, to be read after "line N".

use super::limits::MAX_LINE;
use super::name::{ChainName, Head};
use crate::name::MemberName;

/// What is wrong with one line of a chain, or with the chain from that line on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Longer than any line authy writes.
    #[error("it is longer than {} MiB", MAX_LINE >> 20)]
    TooLong,
    /// Not JSON, an unknown field, a missing one, an invalid name.
    #[error("it is not an audit line")]
    NotALine,
    /// The right content in other bytes: order, spaces, escapes.
    #[error("it is not written the way authy writes lines")]
    NotCanonical,
    /// Another number than its place.
    #[error("it says it is line {found}: lines were removed, repeated or reordered")]
    Sequence {
        /// The number it carries.
        found: u64,
    },
    /// `prev` is not the hash of the line before.
    #[error("it does not follow from the line before it: one of the two was altered")]
    Prev,
    /// Not written with the chain's key.
    #[error("its mac is wrong: it was altered or not written with this chain's key")]
    Mac,
    /// Another actor than the one that opened the chain.
    #[error("it names another actor than the one that opened the chain")]
    Actor,
    /// An opening in the wrong place, or none in the right one.
    #[error("only line 1 opens a chain, and it must")]
    Opening,
    /// Published lines are not there, and later ones are.
    #[error("it is missing: the next file begins with line {next}")]
    FileMissing {
        /// The number in that file's name.
        next: u64,
    },
    /// Two files tell one line, and not alike.
    #[error("the file that begins with line {first} has it otherwise: one of the two was altered")]
    ToldTwice {
        /// The number in that file's name.
        first: u64,
    },
    /// What is published is not what the writer wrote.
    #[error("'{file}' has it otherwise than this clone wrote it: that file was altered")]
    PublishedOtherwise {
        /// The file, in the vault.
        file: String,
    },
    /// More is published than the writer has.
    #[error(
        "'{file}' has it, and this clone's own lines end before: was '.local' put back from a copy?"
    )]
    PublishedBeyond {
        /// The file, in the vault.
        file: String,
    },
    /// A segment that ought to follow is not there.
    #[error("the segment that begins with it is missing")]
    SegmentMissing,
    /// The segment before has lost its end.
    #[error("it is gone: segment '{first:08}' was cut")]
    SegmentCut {
        /// With which line the segment begins.
        first: u64,
    },
    /// A segment with lines that are there already.
    #[error("segment '{first:08}' repeats lines that stand before it: it was put there")]
    SegmentRepeated {
        /// The number in its name.
        first: u64,
    },
    /// A segment whose name and content do not fit.
    #[error(
        "segment '{first:08}' begins with line {found}: it was swapped with another, or copied"
    )]
    SegmentMisplaced {
        /// The number in its name.
        first: u64,
        /// The number of the line it begins with.
        found: u64,
    },
    /// A first line of a segment that does not say so, or one that says so and is none.
    #[error("it does not begin the segment it stands in the way a segment begins")]
    SegmentBegin,
    /// Opened under another name.
    #[error("it opens the chain '{found}'")]
    WrongChain {
        /// The name in the opening.
        found: ChainName,
    },
    /// Opened for another vault.
    #[error("it opens a chain of another vault")]
    WrongVault,
    /// Opened by somebody whose name the chain does not bear.
    #[error("it was opened by somebody else than the chain's name says")]
    WrongOwner,
    /// The file with the chain's key does not give its writer the key.
    #[error("its key cannot be had from '{file}', which its writer could open: it was changed")]
    KeyFile {
        /// The file's name.
        file: String,
    },
    /// The opening names another chain key.
    #[error("it names another key than this chain's: the chain was replaced")]
    Key,
    /// The opening names a member nobody knows.
    #[error("it was opened by '{by}', who is not a member")]
    UnknownSigner {
        /// The name in the opening.
        by: MemberName,
    },
    /// The opening's signature is not that member's.
    #[error("its signature is not by '{by}'")]
    Signature {
        /// The name in the opening.
        by: MemberName,
    },
    /// The chain ends before the last line verified here.
    #[error("it is gone: line {} was verified here before", pinned.seq)]
    Cut {
        /// The pinned head.
        pinned: Head,
    },
    /// The line at the pinned number is another.
    #[error("it is not the line that was verified here before: it or an earlier one was altered")]
    Pin,
    /// The file is not there.
    #[error("the chain is gone: line {} was verified here before", pinned.seq)]
    Missing {
        /// The pinned head.
        pinned: Head,
    },
    /// The chain ends before a line that another chain saw.
    #[error("it is gone: line {line} of chain '{by}' saw line {seen} of this one")]
    CutSeen {
        /// The chain that saw it.
        by: ChainName,
        /// In which of its lines.
        line: u64,
        /// Which line of this chain it saw.
        seen: u64,
    },
    /// Another chain saw another line there.
    #[error("it is not the line that line {line} of chain '{by}' saw")]
    DiffersSeen {
        /// The chain that saw it.
        by: ChainName,
        /// In which of its lines.
        line: u64,
    },
}
