//! What a finished command printed and how it ended, with assertions that show all of it.

use serde_json::Value;

/// A finished command.
pub(crate) struct Done {
    pub(crate) words: String,
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Done {
    pub(crate) fn code_is(self, code: i32) -> Self {
        let got = self.code;
        self.check(got == code, &format!("exit code {code} expected, got {got}"))
    }

    pub(crate) fn stdout_is(self, expected: impl AsRef<[u8]>) -> Self {
        let expected = expected.as_ref();
        let same = self.stdout == expected;
        self.check(same, &format!("stdout should be {:?}", String::from_utf8_lossy(expected)))
    }

    pub(crate) fn stdout_has(self, part: &str) -> Self {
        let has = self.text().contains(part);
        self.check(has, &format!("stdout should have '{part}'"))
    }

    pub(crate) fn stdout_lacks(self, part: &str) -> Self {
        let has = self.text().contains(part);
        self.check(!has, &format!("stdout should not have '{part}'"))
    }

    pub(crate) fn stderr_has(self, part: &str) -> Self {
        let has = self.messages().contains(part);
        self.check(has, &format!("stderr should have '{part}'"))
    }

    pub(crate) fn stderr_lacks(self, part: &str) -> Self {
        let has = self.messages().contains(part);
        self.check(!has, &format!("stderr should not have '{part}'"))
    }

    pub(crate) fn stderr_is_empty(self) -> Self {
        let empty = self.stderr.is_empty();
        self.check(empty, "stderr should be empty")
    }

    /// Stdout or stderr has this part: for reports whose place is not the point.
    pub(crate) fn says(self, part: &str) -> Self {
        let has = self.text().contains(part) || self.messages().contains(part);
        self.check(has, &format!("the output should have '{part}'"))
    }

    /// No control character but newline and tab reached the terminal.
    pub(crate) fn only_printable(self) -> Self {
        let tame = |text: &str| text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t');
        let fine = tame(&self.text()) && tame(&self.messages());
        self.check(fine, "control characters reached the output")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn messages(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// Parses stdout as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not JSON: {e}\n{self}"))
    }

    /// Compares stdout with a JSON text, whatever their spaces.
    pub(crate) fn stdout_is_json(self, expected: &str) -> Self {
        let expected: Value = serde_json::from_str(expected).unwrap();
        let same = self.json() == expected;
        self.check(same, &format!("stdout should be {expected}"))
    }

    /// Parses stderr as the JSON error of `--json`.
    pub(crate) fn json_error(&self) -> Value {
        let parsed: Value = serde_json::from_slice(&self.stderr)
            .unwrap_or_else(|e| panic!("stderr is not JSON: {e}\n{self}"));
        parsed["error"].clone()
    }

    /// Panics with the whole story when there is a complaint.
    pub(crate) fn assert(&self, complaint: Option<String>) {
        if let Some(complaint) = complaint {
            panic!("{complaint}\n{self}");
        }
    }

    fn check(self, fine: bool, otherwise: &str) -> Self {
        self.assert((!fine).then(|| otherwise.to_owned()));
        self
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (out, err) = (self.text(), self.messages());
        writeln!(f, "command: {}\nexit code: {}", self.words, self.code)?;
        writeln!(f, "--- stdout\n{}", out.chars().take(4000).collect::<String>())?;
        writeln!(f, "--- stderr\n{}", err.chars().take(4000).collect::<String>())
    }
}
