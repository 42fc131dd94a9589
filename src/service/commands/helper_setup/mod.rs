//! Making other programs ask authy: links under the names that they look for, and lines in their
//! settings.

mod edit;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fs;
use crate::kind::{Failure, Kind};
use crate::name::{HelperTool, printable};
use crate::service::base::Result;
use crate::words::words;
use edit::Edit;

/// The largest file of settings in bytes.
const LARGEST: usize = 4 << 20;

/// Where things lie.
#[derive(Debug, Clone)]
pub struct SetupPlaces {
    /// The user's home folder.
    pub home: PathBuf,
    /// A folder of `PATH`, for links.
    pub folder: PathBuf,
    /// This program.
    pub program: PathBuf,
    /// Where a variable says that a program keeps its settings: its name and value.
    pub variables: Vec<(String, PathBuf)>,
}

/// What one program needs.
#[derive(Debug, Clone, Serialize)]
pub struct HelperSetup {
    /// Whose protocol.
    pub tool: HelperTool,
    /// The link that the program looks for.
    pub link: Option<PathBuf>,
    /// What is there of it.
    pub link_status: Option<SetupStatus>,
    /// The program's settings.
    pub settings: Vec<SettingsFile>,
    /// What else to set, in words.
    pub advice: Option<&'static str>,
}

/// Lines in a file of settings.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsFile {
    /// The file.
    pub path: PathBuf,
    /// What is to stand there.
    pub lines: &'static str,
    /// What is there of it.
    pub status: SetupStatus,
    /// What stands there of the same kind.
    pub found: Option<String>,
    #[serde(skip)]
    kind: Kinds,
}

words! {
    /// What is there of a link or of lines.
    pub enum SetupStatus {
        /// Nothing; it can be made.
        Missing = "missing",
        /// All of it.
        There = "there",
        /// Something else, which stays.
        Taken = "taken",
        /// It was made, or taken away, just now.
        Done = "done",
    }
}

/// How lines are added to a file.
#[derive(Debug, Clone, Copy)]
enum Kinds {
    /// At its end, where no line begins like one of these.
    End(&'static [&'static str]),
    /// At its beginning.
    Begin(&'static [&'static str]),
    /// As Docker's JSON.
    Docker,
}

/// Looks at what the programs need, and at what is there.
///
/// # Errors
/// A file of settings cannot be read, or is not text.
pub fn helper_setup(places: &SetupPlaces, tools: &[HelperTool]) -> Result<Vec<HelperSetup>> {
    tools.iter().map(|tool| setup(places, *tool)).collect()
}

/// Makes what is missing, and leaves alone what is taken. Lines only where `write` says so.
///
/// # Errors
/// As [`helper_setup`]; a link or a file cannot be written.
pub fn helper_install(
    places: &SetupPlaces,
    tools: &[HelperTool],
    write: bool,
) -> Result<Vec<HelperSetup>> {
    let mut all = helper_setup(places, tools)?;
    for one in &mut all {
        if let (Some(link), Some(SetupStatus::Missing)) = (&one.link, one.link_status) {
            fs::link_new(link, &places.program)?;
            one.link_status = Some(SetupStatus::Done);
        }
        let missing = |file: &&mut SettingsFile| file.status == SetupStatus::Missing;
        for file in one.settings.iter_mut().filter(missing).filter(|_| write) {
            if let Edit::Changed(text) = file.edit(&read(&file.path)?) {
                fs::rewrite(&file.path, text.as_bytes())?;
                file.status = SetupStatus::Done;
            }
        }
    }
    Ok(all)
}

/// Takes away what [`helper_install`] made, as far as it stands there as it was made.
///
/// # Errors
/// As [`helper_install`].
pub fn helper_uninstall(places: &SetupPlaces, tools: &[HelperTool]) -> Result<Vec<HelperSetup>> {
    let mut all = helper_setup(places, tools)?;
    for one in &mut all {
        if let (Some(link), Some(SetupStatus::There)) = (&one.link, one.link_status) {
            fs::remove_file(link)?;
            one.link_status = Some(SetupStatus::Done);
        }
        for file in one.settings.iter_mut().filter(|file| file.status == SetupStatus::There) {
            let text = read(&file.path)?;
            match file.without(&text) {
                Some(text) if text.is_empty() => fs::remove_file(&file.path)?,
                Some(text) => fs::rewrite(&file.path, text.as_bytes())?,
                None => continue,
            }
            file.status = SetupStatus::Done;
        }
    }
    Ok(all)
}

fn setup(places: &SetupPlaces, tool: HelperTool) -> Result<HelperSetup> {
    let link = link(places, tool);
    let link_status = link.as_deref().map(|link| link_status(link, &places.program));
    let settings = settings(places, tool)
        .into_iter()
        .map(|(path, lines, kind)| {
            let mut file =
                SettingsFile { path, lines, kind, status: SetupStatus::There, found: None };
            match file.edit(&read(&file.path)?) {
                Edit::Changed(_) => file.status = SetupStatus::Missing,
                Edit::There => {}
                Edit::Taken(found) => {
                    file.status = SetupStatus::Taken;
                    file.found = Some(printable(&found));
                }
            }
            Ok(file)
        })
        .collect::<Result<_>>()?;
    Ok(HelperSetup { tool, link, link_status, settings, advice: advice(tool) })
}

/// Where a program looks for its helper.
fn link(places: &SetupPlaces, tool: HelperTool) -> Option<PathBuf> {
    let name = tool.program()?;
    let folder = match tool {
        HelperTool::Terraform => places.home.join(".terraform.d/plugins"),
        _ => places.folder.clone(),
    };
    Some(folder.join(name))
}

fn link_status(link: &Path, program: &Path) -> SetupStatus {
    let is_ours =
        |path: PathBuf| path == program || path.canonicalize().ok() == program.canonicalize().ok();
    match (std::fs::read_link(link), link.symlink_metadata()) {
        (Ok(path), _) if is_ours(path.clone()) => SetupStatus::There,
        (_, Ok(_)) => SetupStatus::Taken,
        (_, Err(_)) => SetupStatus::Missing,
    }
}

type Wanted = (PathBuf, &'static str, Kinds);

fn settings(places: &SetupPlaces, tool: HelperTool) -> Vec<Wanted> {
    let at = |variable: &str, file: &str, usual: &str| {
        let set = places.variables.iter().find(|(name, _)| name == variable);
        match set {
            Some((_, path)) if file.is_empty() => path.clone(),
            Some((_, folder)) => folder.join(file),
            None => places.home.join(usual),
        }
    };
    match tool {
        HelperTool::Git => vec![(
            at("GIT_CONFIG_GLOBAL", "", ".gitconfig"),
            edit::GIT,
            Kinds::End(&["[credential"]),
        )],
        HelperTool::Docker => {
            let path = at("DOCKER_CONFIG", "config.json", ".docker/config.json");
            vec![(path, edit::DOCKER, Kinds::Docker)]
        }
        HelperTool::Cargo => vec![(
            at("CARGO_HOME", "config.toml", ".cargo/config.toml"),
            edit::CARGO,
            Kinds::End(&["[registry]", "registry", "global-credential-providers"]),
        )],
        HelperTool::Keyring => vec![
            (
                at("PIP_CONFIG_FILE", "", ".config/pip/pip.conf"),
                edit::PIP,
                Kinds::End(&["[global]", "keyring-provider", "keyring_provider"]),
            ),
            (
                at("UV_CONFIG_FILE", "", ".config/uv/uv.toml"),
                edit::UV,
                Kinds::Begin(&["keyring-provider"]),
            ),
        ],
        HelperTool::Terraform => vec![(
            at("TF_CLI_CONFIG_FILE", "", ".terraformrc"),
            edit::TERRAFORM,
            Kinds::End(&["credentials_helper"]),
        )],
        HelperTool::Kubectl
        | HelperTool::Aws
        | HelperTool::Ansible
        | HelperTool::Askpass
        | HelperTool::Npm
        | HelperTool::Openclaw => Vec::new(),
    }
}

fn advice(tool: HelperTool) -> Option<&'static str> {
    Some(match tool {
        HelperTool::Ansible => {
            "name it: ansible-playbook --vault-id ID@THAT-LINK; the secret is ansible/ID"
        }
        HelperTool::Askpass => {
            "set GIT_ASKPASS to that link, or SSH_ASKPASS and SSH_ASKPASS_REQUIRE=force"
        }
        HelperTool::Kubectl => {
            "in the kubeconfig, below users: exec, with command authy and args [helper, kubectl]"
        }
        HelperTool::Aws => {
            "in ~/.aws/config: credential_process = authy helper aws ID-SECRET KEY-SECRET"
        }
        HelperTool::Npm => {
            "'authy helper npm --uppercase >> .npmrc', and npm below 'authy run --uppercase'"
        }
        HelperTool::Openclaw => {
            "in openclaw.json, below secrets.providers: an exec provider, see 'authy helper openclaw --help'"
        }
        HelperTool::Git
        | HelperTool::Cargo
        | HelperTool::Docker
        | HelperTool::Keyring
        | HelperTool::Terraform => return None,
    })
}

impl SettingsFile {
    fn edit(&self, text: &str) -> Edit {
        match self.kind {
            Kinds::End(kinds) => edit::append(text, self.lines, kinds),
            Kinds::Begin(kinds) => edit::prepend(text, self.lines, kinds),
            Kinds::Docker => edit::docker(text),
        }
    }

    fn without(&self, text: &str) -> Option<String> {
        match self.kind {
            Kinds::End(_) | Kinds::Begin(_) => edit::without(text, self.lines),
            Kinds::Docker => edit::without_docker(text),
        }
    }
}

/// A file of settings; a missing one is empty.
fn read(path: &Path) -> Result<String> {
    let bytes = fs::read_named(path, LARGEST)?.unwrap_or_default();
    String::from_utf8(bytes).map_err(|_| SetupError::NotText(path.to_owned()).into())
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error("'{}' is not text", printable(&.0.to_string_lossy()))]
    NotText(PathBuf),
}

impl Failure for SetupError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotText(_) => Kind::Usage,
        }
    }
}
