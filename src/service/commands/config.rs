//! The vault's settings: shown to anybody, changed by an admin.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::audit::{Action, Op};
use crate::crypto::Recipient;
use crate::fs::VaultPath;
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, PluginName, printable};
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::service::change::LockedVault;
use crate::store::{Agents, AuditMode, CommitMode, Config, SubjectTemplate, SyncMode, Version};

/// The settings of a vault.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The vault's id: 32 hex digits.
    pub vault: String,
    /// When the vault was made (RFC 3339).
    pub created: String,
    /// Whether a change becomes a commit by itself.
    pub commit: CommitMode,
    /// Where audit chains live.
    pub audit: AuditMode,
    /// What agents without a token may do.
    pub agents: Agents,
    /// Whether changes are sent as they are made.
    pub sync: SyncMode,
    /// The age plugins that members' recipients may need.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginName>,
    /// How the first line of a commit's message reads, where that is not authy's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A setting that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// What agents without a token may do.
    Agents,
    /// Whether a change becomes a commit by itself.
    Commit,
    /// The age plugins that members' recipients may need.
    Plugins,
    /// How the first line of a commit's message reads.
    Subject,
    /// Whether changes are sent as they are made.
    Sync,
}

impl Setting {
    /// The setting's name in `authy.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Commit => "commit",
            Self::Plugins => "plugins",
            Self::Subject => "subject",
            Self::Sync => "sync",
        }
    }

    const fn values(self) -> &'static [&'static str] {
        match self {
            Self::Agents => Agents::WORDS,
            Self::Commit => CommitMode::WORDS,
            Self::Sync => SyncMode::WORDS,
            Self::Plugins => &["names of age plugins with commas between them, or none"],
            Self::Subject => {
                &["a text of at most 100 characters with {} once for authy's line, or {lower}"]
            }
        }
    }
}

/// Shows the settings.
///
/// # Errors
/// No vault, or a damaged one.
pub fn config_show(ctx: &Context) -> Result<Settings> {
    let opened = OpenVault::open(ctx)?;
    let config = opened.vault.config();
    let settings = Settings {
        vault: config.vault.clone(),
        created: config.created.to_string(),
        commit: config.commit,
        audit: config.audit,
        agents: config.agents,
        sync: config.sync,
        plugins: config.plugins.iter().cloned().collect(),
        subject: config.subject.as_ref().map(ToString::to_string),
    };
    Ok(settings)
}

/// Changes a setting and signs the whole.
///
/// # Errors
/// The value is none of the setting's; the caller is no admin, confined, or an agent.
pub fn config_set(ctx: &Context, setting: Setting, value: &str) -> Result<()> {
    // What cannot be meant is said before any key is asked for.
    changed(OpenVault::open(ctx)?.vault.config(), setting, value)?;
    let locked = LockedVault::lock(ctx, &Op::CONFIG_SET)?;
    let action = Action::new(Op::CONFIG_SET).saying(setting.name().to_owned());
    locked.transact(&action, |tx| {
        locked.require_admin()?;
        let mut new = changed(locked.opened.vault.config(), setting, value)?;
        refuse_needed(&locked.opened, &new)?;
        new.version = tx.above_seen(&VaultPath::config(), new.version);
        tx.put_signed(VaultPath::config(), &new, Version::of_document(new.version))?;
        Ok((format!("Set {} to {value}", setting.name()), ()))
    })
}

fn changed(config: &Config, setting: Setting, value: &str) -> Result<Config> {
    let mut new = config.clone();
    new.version += 1;
    let bad = || SettingError::Value {
        setting: setting.name(),
        given: printable(value),
        values: setting.values(),
    };
    match setting {
        Setting::Agents => new.agents = Agents::parse(value).ok_or_else(bad)?,
        Setting::Commit => new.commit = CommitMode::parse(value).ok_or_else(bad)?,
        Setting::Sync => new.sync = SyncMode::parse(value).ok_or_else(bad)?,
        Setting::Plugins => new.plugins = plugins(value)?,
        Setting::Subject => {
            let template = SubjectTemplate::parse(value).ok_or_else(bad)?;
            new.subject = (!template.is_plain()).then_some(template);
        }
    }
    Ok(new)
}

fn plugins(value: &str) -> Result<BTreeSet<PluginName>> {
    if value.trim() == "none" {
        return Ok(BTreeSet::new());
    }
    Ok(value
        .split(',')
        .map(|name| PluginName::parse(name.trim()))
        .collect::<std::result::Result<_, _>>()?)
}

/// Without its plugin nothing more could be encrypted to a member.
fn refuse_needed(opened: &Snapshot, new: &Config) -> Result<()> {
    for (member, document) in opened.rules.members() {
        let recipients = document.recipients.iter().filter_map(|text| Recipient::parse(text).ok());
        for plugin in recipients.filter_map(|one| one.plugin().cloned()) {
            let was = opened.vault.config().plugins.contains(&plugin);
            if was && !new.plugins.contains(&plugin) {
                return Err(SettingError::PluginNeeded { plugin, member: member.clone() }.into());
            }
        }
    }
    Ok(())
}

/// A value that a setting does not take.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("the age plugin '{plugin}' is needed: what {member} reads is encrypted by it")]
    PluginNeeded { plugin: PluginName, member: MemberName },
    #[error("setting '{setting}' cannot be '{given}'")]
    Value { setting: &'static str, given: String, values: &'static [&'static str] },
}

impl Failure for SettingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Value { .. } => Kind::Usage,
            Self::PluginNeeded { .. } => Kind::Conflict,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Value { values, .. } => format!("one of: {}", values.join(", ")),
            Self::PluginNeeded { member, .. } => {
                format!(
                    "{member} needs another recipient first: 'authy member update {member}', run by {member} unless they only read"
                )
            }
        })
    }
}
