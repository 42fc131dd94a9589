//! What the lists are made of: what tells a row from the others, and what a filter looks at.

use authy::{AuditEntry, ListEntry, MemberView, PolicyView, SessionView};

use super::listing::Row;

impl Row for ListEntry {
    fn key(&self) -> String {
        self.name.to_string()
    }

    fn haystack(&self) -> String {
        let tags = self.details.as_ref().map(|details| details.tags.join(" ")).unwrap_or_default();
        format!("{} {tags}", self.name)
    }
}

impl Row for PolicyView {
    fn key(&self) -> String {
        self.name.to_string()
    }

    fn haystack(&self) -> String {
        self.name.to_string()
    }
}

impl Row for SessionView {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn haystack(&self) -> String {
        let scope = self.scope.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} {scope} {}", self.id, self.label)
    }
}

impl Row for MemberView {
    fn key(&self) -> String {
        self.name.to_string()
    }

    fn haystack(&self) -> String {
        self.name.to_string()
    }
}

impl Row for AuditEntry {
    fn key(&self) -> String {
        self.place()
    }

    fn haystack(&self) -> String {
        let secrets: Vec<&str> = self.secrets().collect();
        format!(
            "{}\nop:{}\nwho:{}\nscope:{}\nsecret:{}\noutcome:{}\nprogram:{}",
            self.time(),
            self.op(),
            self.actor(),
            self.scope().unwrap_or_default(),
            secrets.join(" "),
            self.outcome().as_str(),
            self.detail().unwrap_or_default(),
        )
    }
}
