//! The text form of age files, for embedding them in TOML and for protected identities.

use std::io::{Read as _, Write as _};

use age::armor::{ArmoredReader, ArmoredWriter, Format};

use super::error::{CryptoError, Damage};

/// Largest armored text in bytes: no more than the TOML files that it stands in.
pub(super) const MAX_ARMORED: usize = 64 * 1024;
/// The first line of an armored file.
pub(super) const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

/// Writes `file` as text.
///
/// # Errors
/// [`CryptoError::TooLargeToSeal`] where the text would be too large to be read again.
pub(super) fn armor(file: &[u8]) -> Result<String, CryptoError> {
    let mut writer = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)
        .map_err(|_| CryptoError::EncryptionFailed)?;
    let text = writer
        .write_all(file)
        .and_then(|()| writer.finish())
        .map_err(|_| CryptoError::EncryptionFailed)?;
    if text.len() > MAX_ARMORED {
        return Err(CryptoError::TooLargeToSeal { limit: MAX_ARMORED });
    }
    String::from_utf8(text).map_err(|_| CryptoError::EncryptionFailed)
}

/// Reads the file that `text` stands for; white space around it is fine.
///
/// # Errors
/// [`Damage`] where it is too large or not canonical armor.
pub(super) fn dearmor(text: &[u8]) -> Result<Vec<u8>, Damage> {
    let text = text.trim_ascii();
    if text.len() > MAX_ARMORED {
        return Err(Damage::TooLarge);
    }
    // The reader passes through whatever does not begin so.
    if !text.starts_with(BEGIN.as_bytes()) {
        return Err(Damage::MalformedArmor);
    }
    let mut file = Vec::with_capacity(text.len());
    ArmoredReader::new(text).read_to_end(&mut file).map_err(|_| Damage::MalformedArmor)?;
    Ok(file)
}

/// The armored file in a text such as a printed page or a mail, without what stands around its lines.
pub(crate) fn armored_in(page: &str) -> Option<String> {
    let (_, rest) = page.split_once(BEGIN)?;
    let (body, _) = rest.split_once(END)?;
    let body: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Some(format!("{BEGIN}\n{}\n{END}\n", body.join("\n")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BEGIN, MAX_ARMORED, armor, dearmor};
    use crate::crypto::error::Damage;

    #[test]
    fn what_is_not_armor_is_refused() {
        let armored = armor(&[7; 100]).unwrap();
        let cut = &armored[..armored.len() - 10];
        for text in ["", "x", BEGIN, cut, &armored.repeat(2), &armored.replace('B', "b")] {
            assert_eq!(dearmor(text.as_bytes()), Err(Damage::MalformedArmor), "{text:?}");
        }
        let large = BEGIN.repeat(MAX_ARMORED);
        assert_eq!(dearmor(large.as_bytes()), Err(Damage::TooLarge));
        assert!(armor(&[7; MAX_ARMORED]).is_err());
    }

    proptest! {
        #[test]
        fn armor_reads_back_with_either_line_ending(file in prop::collection::vec(any::<u8>(), 1..300)) {
            let text = armor(&file).unwrap();
            prop_assert_eq!(&dearmor(text.as_bytes()).unwrap(), &file);
            prop_assert_eq!(&dearmor(text.replace('\n', "\r\n").as_bytes()).unwrap(), &file);
            prop_assert_eq!(&dearmor(format!("\n {text} \n").as_bytes()).unwrap(), &file);
        }

        #[test]
        fn no_text_makes_it_panic(tail in any::<Vec<u8>>()) {
            let _ = dearmor(&[BEGIN.as_bytes(), b"\n", &tail].concat());
        }
    }

    #[test]
    fn a_file_is_found_in_a_page() {
        let page = "A page\n\n   -----BEGIN AGE ENCRYPTED FILE-----\n   YWdl\r\n\n   LWVu\n   \
                    -----END AGE ENCRYPTED FILE-----\n\nmore\n";
        let expected =
            "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\nLWVu\n-----END AGE ENCRYPTED FILE-----\n";
        assert_eq!(super::armored_in(page).as_deref(), Some(expected));
        for none in ["", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n"] {
            assert_eq!(super::armored_in(none), None);
        }
    }
}
