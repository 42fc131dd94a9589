//! Paths as servers read them, so that a pattern sees what will be served.

use percent_encoding::percent_decode_str;

/// The path decoded, without dot segments (RFC 3986, 5.2.4); `None` where servers may read it
/// in different ways: then it matches no pattern.
pub(super) fn normal(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut kept: Vec<String> = Vec::new();
    let mut is_folder = false;
    for segment in path[1..].split('/') {
        let segment = decoded(segment)?;
        is_folder = matches!(segment.as_str(), "." | ".." | "");
        match segment.as_str() {
            "." => {}
            ".." => _ = kept.pop(),
            _ => kept.push(segment),
        }
    }
    // '/a/.' is the folder, as '/a/' is.
    if is_folder && kept.last().is_none_or(|last| !last.is_empty()) {
        kept.push(String::new());
    }
    Some(format!("/{}", kept.join("/")))
}

/// One segment; `None` for what is no text, hides a separator, or is encoded twice.
fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    let is_plain = |c: char| !c.is_control() && c != '/' && c != '\\';
    // `..;x` is `..` to some servers.
    let hides_dots = text.starts_with('.') && text.contains(';');
    let is_encoded_again = text.as_bytes().windows(3).any(|bytes| {
        bytes[0] == b'%' && bytes[1].is_ascii_hexdigit() && bytes[2].is_ascii_hexdigit()
    });
    (text.chars().all(is_plain) && !hides_dots && !is_encoded_again).then(|| text.into_owned())
}
