//! The programs whose credential protocols are spoken.

use crate::words::{words, words_read};

words! {
    /// Whose protocol a question is asked in.
    pub enum HelperTool {
        /// git's credential helpers (gitcredentials(7)).
        Git = "git",
        /// cargo's credential providers.
        Cargo = "cargo",
        /// Docker's credential helpers.
        Docker = "docker",
        /// The program `keyring`, as pip and uv start it.
        Keyring = "keyring",
        /// kubectl's exec plugins (`ExecCredential`).
        Kubectl = "kubectl",
        /// terraform's credentials helpers.
        Terraform = "terraform",
        /// The AWS tools' `credential_process`.
        Aws = "aws",
        /// ansible's vault password clients.
        Ansible = "ansible",
        /// `GIT_ASKPASS` and `SSH_ASKPASS`.
        Askpass = "askpass",
        /// Lines of an `.npmrc`, which hold no value.
        Npm = "npm",
        /// OpenClaw's exec providers.
        Openclaw = "openclaw",
    }
}

words_read!(HelperTool {
    Git,
    Cargo,
    Docker,
    Keyring,
    Kubectl,
    Terraform,
    Aws,
    Ansible,
    Askpass,
    Npm,
    Openclaw,
});

impl HelperTool {
    /// The name by which the program looks for a helper, where it does.
    pub const fn program(self) -> Option<&'static str> {
        Some(match self {
            Self::Git => "git-credential-authy",
            Self::Cargo => "cargo-credential-authy",
            Self::Docker => "docker-credential-authy",
            Self::Keyring => "keyring",
            Self::Terraform => "terraform-credentials-authy",
            Self::Ansible => "authy-vault-client",
            Self::Askpass => "authy-askpass",
            Self::Kubectl | Self::Aws | Self::Npm | Self::Openclaw => return None,
        })
    }

    /// The helper of this name.
    pub fn of_program(name: &str) -> Option<Self> {
        let mut all = Self::WORDS.iter().filter_map(|word| Self::parse(word));
        all.find(|tool| tool.program() == Some(name))
    }
}
