//! Names with slashes as a tree.

/// Renders sorted names, a line for each folder and each name.
pub(crate) fn render(names: &[&str]) -> String {
    let parts: Vec<Vec<&str>> = names.iter().map(|name| name.split('/').collect()).collect();
    let mut out = String::new();
    branch(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>(), "", &mut out);
    out
}

/// Writes what lies in one folder: names whose first part is the child, the rest below it.
fn branch(names: &[&[&str]], indent: &str, out: &mut String) {
    // A name may be a folder as well: 'a' and 'a/b' are one child with something below it.
    let mut children: Vec<(&str, Vec<&[&str]>)> = Vec::new();
    for name in names {
        let Some((first, rest)) = name.split_first() else { continue };
        match children.iter_mut().find(|(child, _)| child == first) {
            Some((_, below)) => below.push(rest),
            None => children.push((first, vec![rest])),
        }
    }
    let last = children.len().saturating_sub(1);
    for (at, (child, below)) in children.iter().enumerate() {
        let (mark, bar) =
            if at == last { ("└── ", "    ") } else { ("├── ", "│   ") };
        out.push_str(&format!("{indent}{mark}{child}\n"));
        branch(below, &format!("{indent}{bar}"), out);
    }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn names_become_folders_and_files() {
        let names = ["api-key", "prod", "prod/db/pass", "prod/db/user", "prod/web", "z"];
        let expected = "\
├── api-key
├── prod
│   ├── db
│   │   ├── pass
│   │   └── user
│   └── web
└── z
";
        assert_eq!(render(&names), expected);
        assert_eq!(render(&[]), "");
        // Sorted by bytes, 'a-b' stands between 'a' and 'a/b'.
        assert_eq!(render(&["a", "a-b", "a/b"]), "├── a\n│   └── b\n└── a-b\n");
    }
}
