//! Which file is whose: the table of what is adopted.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Candidate, EditText};
use super::{aws, docker, dotenv, json, lines, terraform, toml, yaml};

/// Files of one program.
#[derive(Debug)]
pub(crate) struct AdoptKind {
    /// Whose they are.
    pub(crate) name: &'static str,
    /// What the end of their path is; `*` stands for anything in a file's name.
    files: &'static [&'static str],
    /// Where they lie, below the home folder and below a project.
    home: &'static [&'static str],
    project: &'static [&'static str],
    pub(crate) edit: EditText,
    /// Adds what the files around one say of its values: where they belong, and why one has to stay.
    pub(crate) look_around: fn(&Path, &mut [Candidate]),
    /// How its program gets the values then.
    pub(crate) then: AdoptThen,
}

/// How a program gets values that no longer stand in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdoptThen {
    /// As variables, below `authy run`.
    Run,
    /// By the helper of this tool, which has to be installed.
    Helper(&'static str),
    /// By itself: the file says what is to be called.
    Itself,
    /// The file is a template now, for `authy resolve`.
    Resolve,
    /// By the forge, which this program gives them to.
    Forge(&'static str),
}

const GITHUB: &str = "gh secret set";
const GITLAB: &str = "glab variable set --masked";

impl AdoptThen {
    /// What else is to be known.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::Forge(GITLAB) => Some(
                "every job gets variables of the project; GitLab masks only values of at least 8 \
                 characters without spaces",
            ),
            _ => None,
        }
    }
}

const fn kind(
    name: &'static str,
    files: &'static [&'static str],
    home: &'static [&'static str],
    project: &'static [&'static str],
    edit: EditText,
    then: AdoptThen,
) -> AdoptKind {
    AdoptKind { name, files, home, project, edit, look_around: |_, _| {}, then }
}

impl AdoptKind {
    const fn looking(self, look_around: fn(&Path, &mut [Candidate])) -> Self {
        Self { look_around, ..self }
    }
}

/// The first that fits counts.
const KINDS: [AdoptKind; 28] = [
    kind(
        "Claude Code",
        &[".claude/settings.json", ".claude/settings.local.json"],
        &[".claude/settings.json"],
        &[".claude/settings.json", ".claude/settings.local.json"],
        json::claude_settings,
        AdoptThen::Run,
    ),
    kind(
        "Claude Code",
        &[".claude.json", ".mcp.json"],
        &[".claude.json"],
        &[".mcp.json"],
        json::mcp,
        AdoptThen::Run,
    ),
    kind(
        "Claude Desktop",
        &["claude_desktop_config.json"],
        &[
            ".config/Claude/claude_desktop_config.json",
            "Library/Application Support/Claude/claude_desktop_config.json",
        ],
        &[],
        json::claude_desktop,
        AdoptThen::Itself,
    ),
    kind(
        "Gemini CLI",
        &[".gemini/settings.json"],
        &[".gemini/settings.json"],
        &[".gemini/settings.json"],
        json::gemini,
        AdoptThen::Run,
    ),
    kind(
        "Copilot CLI",
        &[".copilot/mcp-config.json"],
        &[".copilot/mcp-config.json"],
        &[],
        json::mcp,
        AdoptThen::Run,
    ),
    kind(
        "Cursor",
        &[".cursor/mcp.json"],
        &[".cursor/mcp.json"],
        &[".cursor/mcp.json"],
        json::cursor,
        AdoptThen::Run,
    ),
    kind(
        "VS Code",
        &[".vscode/mcp.json"],
        &[],
        &[".vscode/mcp.json"],
        json::vscode,
        AdoptThen::Run,
    ),
    kind(
        "opencode",
        &["opencode.json", "opencode.jsonc"],
        &[".config/opencode/opencode.json", ".config/opencode/opencode.jsonc"],
        &["opencode.json", "opencode.jsonc"],
        json::opencode,
        AdoptThen::Run,
    ),
    kind(
        "OpenClaw",
        &["openclaw.json"],
        &[".openclaw/openclaw.json"],
        &[],
        json::openclaw,
        AdoptThen::Run,
    ),
    kind(
        "Codex",
        &[".codex/config.toml"],
        &[".codex/config.toml"],
        &[".codex/config.toml"],
        toml::codex,
        AdoptThen::Run,
    ),
    kind("npm", &[".npmrc"], &[".npmrc"], &[".npmrc"], lines::npmrc, AdoptThen::Run),
    kind(
        "git",
        &[".git-credentials", "git/credentials"],
        &[".git-credentials", ".config/git/credentials"],
        &[],
        lines::git_credentials,
        AdoptThen::Helper("git"),
    ),
    kind(
        "Docker",
        &[".docker/config.json"],
        &[".docker/config.json"],
        &[],
        docker::docker,
        AdoptThen::Helper("docker"),
    ),
    kind(
        "cargo",
        &[".cargo/credentials.toml", ".cargo/credentials"],
        &[".cargo/credentials.toml"],
        &[],
        toml::cargo,
        AdoptThen::Helper("cargo"),
    )
    .looking(toml::look_around),
    kind(
        "Python's twine",
        &[".pypirc"],
        &[".pypirc"],
        &[],
        lines::pypirc,
        AdoptThen::Helper("keyring"),
    ),
    kind(
        "AWS",
        &[".aws/credentials"],
        &[".aws/credentials"],
        &[],
        aws::credentials,
        AdoptThen::Itself,
    ),
    kind("gh", &["gh/hosts.yml"], &[".config/gh/hosts.yml"], &[], yaml::gh, AdoptThen::Run),
    kind("netrc", &[".netrc", "_netrc"], &[".netrc"], &[], lines::netrc, AdoptThen::Helper("git")),
    kind(
        "compose",
        &[
            "compose.yaml",
            "compose.yml",
            "compose.*.yaml",
            "compose.*.yml",
            "docker-compose*.yml",
            "docker-compose*.yaml",
        ],
        &[],
        &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"],
        yaml::compose,
        AdoptThen::Run,
    ),
    kind(
        "kubectl",
        &[".kube/config", "kubeconfig", "*.kubeconfig", "kubeconfig.*"],
        &[".kube/config"],
        &["kubeconfig"],
        yaml::kubeconfig,
        AdoptThen::Itself,
    ),
    kind(
        "Terraform",
        &["*.tfvars"],
        &[],
        &["terraform.tfvars", "*.auto.tfvars"],
        terraform::tfvars,
        AdoptThen::Run,
    )
    .looking(terraform::look_around),
    kind(
        "Terraform",
        &["*.tfvars.json"],
        &[],
        &["terraform.tfvars.json", "*.auto.tfvars.json"],
        terraform::tfvars_json,
        AdoptThen::Run,
    )
    .looking(terraform::look_around),
    kind(
        "Terraform",
        &[".terraformrc"],
        &[".terraformrc"],
        &[],
        terraform::settings,
        AdoptThen::Helper("terraform"),
    ),
    kind(
        "Terraform",
        &[".terraform.d/credentials.tfrc.json"],
        &[".terraform.d/credentials.tfrc.json"],
        &[],
        terraform::credentials,
        AdoptThen::Helper("terraform"),
    ),
    kind(
        "GitHub Actions",
        &[".github/workflows/*.yml", ".github/workflows/*.yaml"],
        &[],
        &[".github/workflows/*.yml", ".github/workflows/*.yaml"],
        yaml::github,
        AdoptThen::Forge(GITHUB),
    ),
    kind(
        "GitLab CI",
        &["*.gitlab-ci.yml"],
        &[],
        &[".gitlab-ci.yml"],
        yaml::gitlab,
        AdoptThen::Forge(GITLAB),
    ),
    kind("direnv", &[".envrc"], &[], &[".envrc"], dotenv::envrc, AdoptThen::Itself),
    kind(
        ".env",
        &[".env", ".env.*", "*.env"],
        &[".openclaw/.env", ".gemini/.env"],
        &[
            ".env",
            ".env.local",
            ".env.development",
            ".env.development.local",
            ".env.production",
            ".env.production.local",
            ".env.test",
            ".gemini/.env",
        ],
        dotenv::dotenv,
        AdoptThen::Run,
    ),
];

/// Manifests and kubeconfigs are known by what stands in them.
static KUBECONFIG: AdoptKind = kind("kubectl", &[], &[], &[], yaml::kubeconfig, AdoptThen::Itself);
static MANIFEST: AdoptKind = kind("Kubernetes", &[], &[], &[], yaml::manifest, AdoptThen::Resolve);
/// Every editor, for those who look for a text that makes one fail.
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) fn editors() -> impl Iterator<Item = EditText> {
    KINDS.iter().map(|kind| kind.edit).chain([MANIFEST.edit])
}

/// Files that are made to be read by everybody.
const EXAMPLES: [&str; 4] = [".example", ".sample", ".template", ".dist"];

/// Whose file this is; `None` where that is not known.
pub(crate) fn kind_of(path: &Path, text: &str) -> Option<&'static AdoptKind> {
    static ALL: &[AdoptKind] = &KINDS;
    let whole = path.to_string_lossy().replace('\\', "/");
    if EXAMPLES.iter().any(|end| whole.ends_with(end)) {
        return None;
    }
    let known = ALL.iter().find(|kind| kind.files.iter().any(|end| is_end(&whole, end)));
    let is_yaml = whole.ends_with(".yaml") || whole.ends_with(".yml");
    let has = |wanted: &str| text.lines().any(|line| line.trim_end() == wanted);
    known.or_else(|| match is_yaml {
        true if has("kind: Secret") => Some(&MANIFEST),
        true if has("kind: Config") && has("users:") => Some(&KUBECONFIG),
        _ => None,
    })
}

/// Whether a path ends in `end`, whole segments of it.
fn is_end(path: &str, end: &str) -> bool {
    let count = end.split('/').count();
    let last: Vec<&str> = path.rsplit('/').take(count).collect();
    last.len() == count && last.iter().zip(end.rsplit('/')).all(|(name, end)| fits(name, end))
}

fn fits(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// Where such files usually lie: in this project, and in the home folder.
pub(crate) fn usual_places(home: Option<&Path>, project: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for kind in &KINDS {
        places.extend(kind.project.iter().flat_map(|file| spread(&project.join(file))));
        places.extend(home.iter().flat_map(|home| kind.home.iter().map(|file| home.join(file))));
    }
    places
}

/// The files that a path with a `*` in its last segment stands for.
fn spread(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (Some(folder), true) = (path.parent(), name.contains('*')) else {
        return vec![path.to_owned()];
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| fits(&entry.file_name().to_string_lossy(), &name))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::kind_of;

    #[test]
    fn files_are_known_by_the_end_of_their_path() {
        for (path, name) in [
            ("/home/a/.claude.json", Some("Claude Code")),
            (".mcp.json", Some("Claude Code")),
            ("x/.codex/config.toml", Some("Codex")),
            (".env.production", Some(".env")),
            ("prod.env", Some(".env")),
            (".env.example", None),
            ("docker-compose.prod.yml", Some("compose")),
            (".cargo/config.toml", None),
            ("mcp.json", None),
            ("a/.cursor/mcp.json", Some("Cursor")),
            ("/home/a/.kube/config", Some("kubectl")),
            ("prod.auto.tfvars", Some("Terraform")),
            ("a/.github/workflows/ci.yml", Some("GitHub Actions")),
            (".gitlab-ci.yml", Some("GitLab CI")),
            ("workflows/ci.yml", None),
        ] {
            assert_eq!(kind_of(Path::new(path), "").map(|kind| kind.name), name, "{path}");
        }
        let text = "apiVersion: v1\nkind: Secret\n";
        assert_eq!(kind_of(Path::new("k.yaml"), text).map(|kind| kind.name), Some("Kubernetes"));
        let text = "kind: Config\nusers:\n";
        assert_eq!(kind_of(Path::new("k.yaml"), text).map(|kind| kind.name), Some("kubectl"));
    }
}
