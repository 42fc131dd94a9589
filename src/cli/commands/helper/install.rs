//! `authy helper install`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::{HelperSetup, HelperTool, SettingsFile, SetupPlaces, SetupStatus};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Variables that say where programs keep their settings.
const VARIABLES: [&str; 6] = [
    "GIT_CONFIG_GLOBAL",
    "DOCKER_CONFIG",
    "CARGO_HOME",
    "PIP_CONFIG_FILE",
    "UV_CONFIG_FILE",
    "TF_CLI_CONFIG_FILE",
];

/// Make programs ask authy: links in PATH, and lines in their settings
///
/// Links are made under the names that programs look for; lines are shown, and written with --write.
/// What stands there already stays. --remove takes away what was made, and nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy helper install git cargo           links, and the lines to add
  authy helper install git --write         adds the lines too
  authy helper install git --remove")]
pub(crate) struct Args {
    /// For these programs: git, cargo, docker, keyring (pip and uv), terraform, ansible, askpass,
    /// kubectl, aws, npm, openclaw
    #[arg(value_name = "PROGRAM", required = true, value_parser = tool)]
    tools: Vec<HelperTool>,
    /// Make links in this folder, which is to be in PATH; otherwise in ~/.local/bin
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Add the lines to the settings
    #[arg(long)]
    write: bool,
    /// Take links and lines away
    #[arg(long, conflicts_with = "write")]
    remove: bool,
}

fn tool(text: &str) -> Result<HelperTool, String> {
    HelperTool::parse(text).ok_or_else(|| format!("it is one of: {}", HelperTool::WORDS.join(", ")))
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let home = env.home().ok_or(Failure::NoHome)?;
        let folder = self.dir.unwrap_or_else(|| home.join(".local/bin"));
        let variable = |name: &str| {
            let set = env.variable(name).filter(|value| !value.is_empty())?;
            Some((name.to_owned(), PathBuf::from(set)))
        };
        let places = SetupPlaces {
            home,
            folder: std::path::absolute(&folder).unwrap_or(folder),
            program: std::env::current_exe().map_err(Failure::Input)?,
            variables: VARIABLES.into_iter().filter_map(variable).collect(),
        };
        let all = match self.remove {
            true => authy::helper_uninstall(&places, &self.tools)?,
            false => authy::helper_install(&places, &self.tools, self.write)?,
        };
        if env.ui().wants_json() {
            env.ui().json(&all)?;
        } else {
            let text: String = all.iter().map(|one| describe(one, self.remove)).collect();
            env.ui().data(text.as_bytes())?;
        }
        let links = all.iter().filter(|one| one.tool != HelperTool::Terraform);
        let has_links = links.filter_map(|one| one.link.as_ref()).count() > 0;
        if has_links && !self.remove && !is_in_path(env, &places.folder) {
            let folder = authy::printable(&places.folder.to_string_lossy());
            env.ui()
                .note(format_args!("'{folder}' is not in PATH, so the links there are not found"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn is_in_path(env: &CliEnv, folder: &Path) -> bool {
    let path = env.variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|one| one == folder)
}

fn shown(path: &Path) -> String {
    authy::printable(&path.to_string_lossy())
}

fn describe(setup: &HelperSetup, removes: bool) -> String {
    let mut text = format!("{}\n", setup.tool);
    if let (Some(link), Some(status)) = (&setup.link, setup.link_status) {
        let what = match (status, removes) {
            (SetupStatus::Done, false) => "made",
            (SetupStatus::Done, true) => "removed",
            (SetupStatus::There, _) => "is there",
            (SetupStatus::Missing, _) => "is not there",
            (SetupStatus::Taken, _) => "is something else, and stays",
        };
        text.push_str(&format!("  link {} {what}\n", shown(link)));
    }
    for file in &setup.settings {
        text.push_str(&lines(file, removes));
    }
    if let Some(advice) = setup.advice.filter(|_| !removes) {
        text.push_str(&format!("  {advice}\n"));
    }
    text
}

fn lines(file: &SettingsFile, removes: bool) -> String {
    let path = shown(&file.path);
    let indented = || file.lines.lines().map(|line| format!("      {line}\n")).collect::<String>();
    match (file.status, removes) {
        (SetupStatus::Done, false) => format!("  {path} has it now:\n{}", indented()),
        (SetupStatus::Done, true) => format!("  {path} has it no more\n"),
        (SetupStatus::There, false) => format!("  {path} has it\n"),
        (SetupStatus::There, true) => format!("  {path}: take this away by hand:\n{}", indented()),
        (SetupStatus::Missing, false) => format!("  add to {path} (--write does):\n{}", indented()),
        (SetupStatus::Missing, true) => format!("  {path} does not have it\n"),
        (SetupStatus::Taken, false) => format!(
            "  {path} has '{}', which stays; add beside it:\n{}",
            file.found.as_deref().unwrap_or_default(),
            indented()
        ),
        (SetupStatus::Taken, true) => format!("  {path} does not have it\n"),
    }
}
