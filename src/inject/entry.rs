//! Values of several lines as pass and gopass write them: the password first, then `key: value`.

use crate::secret::SecretBytes;

/// The line of this number, from 1, without its end.
pub(crate) fn line(value: &SecretBytes, number: usize) -> Option<SecretBytes> {
    let line = lines(value).nth(number.checked_sub(1)?)?;
    Some(SecretBytes::new(line.to_vec()))
}

/// What stands behind `key:` on a line after the first; the case of the key does not matter.
pub(crate) fn field(value: &SecretBytes, key: &str) -> Option<SecretBytes> {
    let found = lines(value).skip(1).filter_map(parts).find(|(name, _)| {
        std::str::from_utf8(name).is_ok_and(|name| name.trim().eq_ignore_ascii_case(key.trim()))
    });
    found.map(|(_, text)| SecretBytes::new(text.to_vec()))
}

/// The password of such an entry: its first line, where a later one is a field or an address of
/// one-time codes. `None` for every other value, such as a private key.
pub(crate) fn password(value: &SecretBytes) -> Option<SecretBytes> {
    let is_address = |line: &[u8]| line.to_ascii_lowercase().starts_with(b"otpauth://");
    let is_entry = lines(value).skip(1).any(|line| parts(line).is_some() || is_address(line));
    let first = line(value, 1)?;
    (is_entry && !first.is_empty() && !first.expose().starts_with(b"-----")).then_some(first)
}

/// The keys of such an entry, for whoever asked for another one.
pub(crate) fn keys(value: &SecretBytes) -> Vec<String> {
    let name = |(name, _): (&[u8], &[u8])| String::from_utf8_lossy(name).trim().to_owned();
    lines(value).skip(1).filter_map(parts).map(name).collect()
}

fn lines(value: &SecretBytes) -> impl Iterator<Item = &[u8]> {
    let text = value.expose();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The two sides of a line such as `user: ann`: a short name, a colon, a blank or nothing.
fn parts(line: &[u8]) -> Option<(&[u8], &[u8])> {
    /// No key is longer; a sentence with a colon in it is.
    const LONGEST: usize = 40;
    let at = line.iter().position(|byte| *byte == b':').filter(|at| (1..=LONGEST).contains(at))?;
    let (name, rest) = (&line[..at], &line[at + 1..]);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b" _.-".contains(byte);
    let is_field = name.iter().all(is_name) && name[0] != b'-' && !rest.starts_with(b"//");
    is_field.then(|| (name, rest.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::{field, keys, line, password};
    use crate::secret::SecretBytes;

    fn text(value: Option<SecretBytes>) -> Option<String> {
        value.map(|value| value.expose_str().unwrap().to_owned())
    }

    #[test]
    fn an_entry_of_pass_has_a_password_and_fields() {
        let entry = SecretBytes::from(
            "pw: x\nUser: ann \nurl: https://x/?a=b:c\nhttps://no.field\n\ntotp: ABC\n".to_owned(),
        );
        assert_eq!(text(password(&entry)).unwrap(), "pw: x");
        assert_eq!(text(field(&entry, "user")).unwrap(), "ann");
        assert_eq!(text(field(&entry, "URL")).unwrap(), "https://x/?a=b:c");
        assert_eq!(text(field(&entry, "https")), None);
        assert_eq!(text(field(&entry, "pw")), None);
        assert_eq!(text(line(&entry, 4)).unwrap(), "https://no.field");
        assert_eq!((text(line(&entry, 0)), text(line(&entry, 7))), (None, None));
        assert_eq!(keys(&entry), ["User", "url", "totp"]);
    }

    #[test]
    fn other_values_are_whole() {
        for value in [
            "one line",
            "a: b",
            "two\nlines",
            "{\n  \"a\": 1\n}",
            "a: 1\n- b",
            "-----BEGIN X-----\nProc-Type: 4\nAA==\n-----END X-----\n",
            "",
            "\nuser: ann",
        ] {
            assert_eq!(text(password(&SecretBytes::from(value.to_owned()))), None, "{value:?}");
        }
    }
}
