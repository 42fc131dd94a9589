//! What a forge does to the branches of the bare repository that a team pushes to: it merges requests
//! there, without a work tree, and so without reading `.gitattributes`.

use crate::outcome::Done;
use crate::team::Team;

/// The button that is pressed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Button {
    Merge,
    Squash,
    Rebase,
}

impl Team {
    /// What a command of git prints in the repository that everybody pushes to.
    pub(crate) fn hub(&self, words: &[&str]) -> String {
        self.try_hub(words).code_is(0).text().trim().to_owned()
    }

    fn try_hub(&self, words: &[&str]) -> Done {
        let origin = self.t.path("origin.git");
        let person = ["-c", "user.name=Forge", "-c", "user.email=forge@localhost"];
        let words = person.iter().copied().chain(words.iter().copied());
        self.t.program("git", words).dir(&origin).ends()
    }

    /// Takes a request into main there; fails where git finds a conflict.
    pub(crate) fn press(&self, button: Button, request: &str) {
        match button {
            Button::Merge => {
                let parents = [["-p", "main"], ["-p", request]].concat();
                let tree = self.merged(&["main", request]);
                self.commit_on_main(&tree, &parents, &format!("Merge {request}"));
            }
            Button::Squash => {
                let tree = self.merged(&["main", request]);
                self.commit_on_main(&tree, &["-p", "main"], &format!("{request} (#1)"));
            }
            Button::Rebase => {
                let range = format!("main..{request}");
                let commits = self.hub(&["rev-list", "--reverse", "--no-merges", &range]);
                for commit in commits.lines() {
                    let base = format!("--merge-base={commit}^");
                    let tree = self.merged(&[&base, "main", commit]);
                    self.commit_on_main(&tree, &["-p", "main"], "rebased");
                }
            }
        }
    }

    /// Takes a commit of main back there, as the button below it does.
    pub(crate) fn revert(&self, commit: &str) {
        let (base, parent) = (format!("--merge-base={commit}"), format!("{commit}^"));
        let tree = self.merged(&[&base, "main", &parent]);
        self.commit_on_main(&tree, &["-p", "main"], "Revert");
    }

    fn merged(&self, words: &[&str]) -> String {
        let all = [&["merge-tree", "--write-tree"], words].concat();
        let done = self.try_hub(&all);
        assert_eq!(done.code, 0, "the forge finds a conflict: {}", done.text());
        done.text().trim().to_owned()
    }

    fn commit_on_main(&self, tree: &str, parents: &[&str], message: &str) {
        let words = [&["commit-tree", tree, "-m", message], parents].concat();
        let commit = self.hub(&words);
        self.hub(&["update-ref", "refs/heads/main", &commit]);
    }
}
