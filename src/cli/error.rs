//! What can end a command early: its kind, its exit code, and what to do about it.

use std::io;
use std::path::PathBuf;

use authy::{Kind, NameError, ScopeName, SecretName, ServiceUrl, ServiceUser, printable};

/// What ended a command early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library refused.
    #[error(transparent)]
    Core(#[from] authy::Error),
    /// A variable that should hold a scope does not.
    #[error("AUTHY_SCOPE: {0}")]
    Confined(NameError),
    /// The variable says another scope than that of a process above.
    #[error("AUTHY_SCOPE says '{own}', but a process above confines this one to '{above}'")]
    ScopeChanged { own: ScopeName, above: ScopeName },
    /// Nothing says where the vault is.
    #[error("HOME is not set")]
    NoHome,
    /// The command is about a project file and there is none.
    #[error("there is no .authy.toml here or in a folder above")]
    NoProject,
    /// Nothing says which member is meant.
    #[error("no member named")]
    NoMember,
    /// Nothing says which scope is meant.
    #[error("no scope given")]
    NoScope,
    /// A project file wants what only an allowed one gets.
    #[error("'{}' {what}, and it is not allowed to", shown(.path))]
    NotAllowed { path: PathBuf, what: &'static str },
    /// A project file without aliases was asked for them.
    #[error("'{}' names no aliases", shown(.0))]
    NoAliases(PathBuf),
    /// A path that a line for the shell hook cannot hold.
    #[error("'{}' names a keyfile whose path has other than plain characters", shown(.0))]
    OddPath(PathBuf),
    /// The user said no.
    #[error("'{}' is not allowed: the answer was no", shown(.0))]
    Declined(PathBuf),
    /// The user looked at what waits for approval and said no.
    #[error("cancelled: nothing was approved")]
    NotApproved,
    /// What is to be looked at is neither a file nor a folder.
    #[error("'{}' is neither a file nor a folder", printable(&.0.to_string_lossy()))]
    NoFile(PathBuf),
    /// What is to be looked at cannot be.
    #[error("cannot read '{}': {source}", printable(&path.to_string_lossy()))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody is there to say yes to what is shown.
    #[error("cannot ask whether to go on: no terminal, or --no-input")]
    Unconfirmed,
    /// The person at the terminal said no.
    #[error("nothing was moved")]
    NotAdopted,
    /// The policy that is to allow what is moved denies it.
    #[error("policy '{policy}' denies '{name}' by '{pattern}': nothing was moved")]
    PolicyDenies { policy: ScopeName, name: SecretName, pattern: String },
    /// The policy that is to allow what is moved gives programs no values.
    #[error("policy '{0}' is seal-only, and gives programs no values: nothing was moved")]
    PolicySeals(ScopeName),
    /// Something else waits for approval than what was looked at.
    #[error("this is not what was looked at: it has the digest {0}")]
    OtherApproval(String),
    /// A word that is no kind of what is approved.
    #[error("'{}' is neither 'member' nor 'policy'", printable(.0))]
    NoKind(String),
    /// A question could not be asked.
    #[error("cannot prompt for {0}: no terminal, or --no-input")]
    NobodyToAsk(String),
    /// A folder stands where a secret is meant.
    #[error("'{name}' is a folder with {count} secret{}", if *count == 1 { "" } else { "s" })]
    IsFolder { name: SecretName, count: usize },
    /// Two names stand where one is asked about.
    #[error("one name is asked about, and '{0}' is another one")]
    OneName(SecretName),
    /// One word stands where a scope and a name are wanted.
    #[error("a scope and a secret are needed, and only '{0}' is given")]
    ScopeOrName(SecretName),
    /// Nothing says what to change.
    #[error("nothing says what to change")]
    NothingToSay,
    /// Nothing has a name that begins like this.
    #[error("nothing is in the folder '{0}/'")]
    EmptyFolder(SecretName),
    /// The person at the terminal did not want something removed.
    #[error("cancelled: nothing was removed")]
    NotRemoved,
    /// Nor taken back.
    #[error("cancelled: nothing was taken back")]
    NotUndone,
    /// A value stood among the words. It is not repeated here.
    #[error("a value cannot be given as an argument: process lists and shell histories show it")]
    ValueInWords,
    /// A value that was not generated is to go to the clipboard.
    #[error("--clip is about what is generated, and nothing is")]
    ClipOfWhat,
    /// The new value has no bytes.
    #[error("the value is empty")]
    EmptyValue,
    /// Words about `.env` files beside another format.
    #[error("--for and --multiline are about .env files, and another format was asked for")]
    OnlyForDotenv,
    /// Enter was pressed, and nothing else.
    #[error("nothing was typed")]
    NothingTyped,
    /// Ctrl-D came before a value did.
    #[error("the input ended (Ctrl-D) before a value was typed")]
    InputEnded,
    /// Somebody mistyped too often.
    #[error("the two values did not match, three times")]
    NotTwice,
    /// The file of a new value cannot be read.
    #[error("cannot read '{}': {source}", shown(.path))]
    ValueFile { path: PathBuf, source: io::Error },
    /// A value could not be put on the clipboard.
    #[error("cannot reach a clipboard: {0}")]
    Clipboard(#[source] io::Error),
    /// There is no manual page of this name.
    #[error("there is no command '{}'", printable(.0))]
    NoCommand(String),
    /// The manual pages cannot be written.
    #[error("cannot write manual pages to '{}': {source}", shown(.path))]
    Pages { path: PathBuf, source: io::Error },
    /// The interface has no terminal to stand on.
    #[error("this needs a terminal")]
    NoScreen,
    /// The terminal failed.
    #[error("the terminal fails: {0}")]
    Screen(#[source] io::Error),
    /// A program that is watched cannot be started, waited for, or ended.
    #[error("cannot start the program, or follow it: {0}")]
    Watch(#[source] io::Error),
    /// A program that authy was to become cannot be started.
    #[error("cannot start '{program}': {source}")]
    Start { program: String, source: io::Error },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A program's question is not as its protocol has it.
    #[error("the question is not understood: {}", printable(.0))]
    OddQuestion(String),
    /// A value with several lines, or of bytes, where a password is wanted.
    #[error("'{0}' is not a single line of text, as a password is")]
    NoLine(SecretName),
    /// A certificate without its key, or a key without its certificate.
    #[error("'{0}' is not a certificate and its private key without a passphrase, in PEM")]
    NoPair(SecretName),
    /// A value of bytes where text is wanted.
    #[error("'{0}' is not text")]
    NoText(SecretName),
    /// A bearer token for a git that sends none.
    #[error("'{0}' is a bearer token, and this git sends none")]
    NoBearer(SecretName),
    /// A program wants something forgotten that others use.
    #[error("'{0}' stays in the vault, where others may use it")]
    Kept(SecretName),
    /// Several secrets are meant as well by what a program wants to keep.
    #[error("several secrets are for {url}: '{}', '{}'", names[0], names[1])]
    Several { url: Box<ServiceUrl>, names: Box<[SecretName; 2]> },
    /// What a program wants to keep has a name that is another user's.
    #[error("'{name}' is there already, for {}", whose(users[0].as_ref()))]
    OtherUser { name: SecretName, users: Box<[Option<ServiceUser>; 2]> },
    /// An operation of a protocol that is not answered.
    #[error("'{}' is not answered here: only 'get' and 'set' are", printable(.0))]
    NoOperation(String),
    /// kubectl named no cluster.
    #[error("kubectl named no cluster, so nothing says which token is meant")]
    NoCluster,
    /// A secret that is named, for an address that its record does not name.
    #[error("'{name}' is not for {asked}")]
    Elsewhere { name: SecretName, asked: Box<ServiceUrl> },
    /// A value that is not the JSON that AWS wants.
    #[error("'{0}' is not the JSON of an AWS credential_process")]
    NoAwsJson(SecretName),
    /// The MCP server cannot go on.
    #[cfg(feature = "mcp")]
    #[error("the MCP server stops: {0}")]
    Served(#[source] io::Error),
    /// Something that this program was built without.
    #[cfg(not(feature = "mcp"))]
    #[error("this authy was built without '{0}'")]
    NotBuilt(&'static str),
    /// The data has no JSON form.
    #[error("cannot write JSON: {0}")]
    Json(#[source] serde_json::Error),
}

impl Failure {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Core(error) => error.kind(),
            Self::Confined(error) => error.kind(),
            Self::Unreadable { .. } => Kind::NotFound,
            Self::NoHome
            | Self::NoFile(_)
            | Self::NobodyToAsk(_)
            | Self::Unconfirmed
            | Self::NoCommand(_)
            | Self::NoScreen => Kind::Usage,
            Self::NoAliases(_) | Self::OddPath(_) | Self::NoScope => Kind::Usage,
            Self::NoProject | Self::NoMember | Self::ValueInWords | Self::EmptyValue => Kind::Usage,
            Self::IsFolder { .. }
            | Self::OneName(_)
            | Self::ClipOfWhat
            | Self::NothingToSay
            | Self::ScopeOrName(_) => Kind::Usage,
            Self::EmptyFolder(_) => Kind::NotFound,
            Self::NotRemoved | Self::NotUndone | Self::NotAdopted => Kind::Failure,
            Self::NotAllowed { .. } | Self::ScopeChanged { .. } => Kind::Denied,
            Self::OtherApproval(_)
            | Self::PolicySeals(_)
            | Self::PolicyDenies { .. }
            | Self::Several { .. }
            | Self::OtherUser { .. } => Kind::Conflict,
            Self::OddQuestion(_)
            | Self::NoLine(_)
            | Self::NoPair(_)
            | Self::NoText(_)
            | Self::NoBearer(_)
            | Self::NoOperation(_)
            | Self::NoCluster
            | Self::NoAwsJson(_) => Kind::Usage,
            Self::Kept(_) | Self::Elsewhere { .. } => Kind::Denied,
            Self::NoKind(_) | Self::OnlyForDotenv => Kind::Usage,
            Self::NothingTyped | Self::InputEnded | Self::NotTwice => Kind::Usage,
            Self::Declined(_) | Self::NotApproved | Self::ValueFile { .. } | Self::Clipboard(_) => {
                Kind::Failure
            }
            Self::Pages { .. }
            | Self::Screen(_)
            | Self::Watch(_)
            | Self::Start { .. }
            | Self::Input(_)
            | Self::Output(_)
            | Self::Json(_) => Kind::Failure,
            #[cfg(feature = "mcp")]
            Self::Served(_) => Kind::Failure,
            #[cfg(not(feature = "mcp"))]
            Self::NotBuilt(_) => Kind::Failure,
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Core(error) => error.exit_code(),
            // As a shell has it.
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Start { .. } => 126,
            other => other.kind().exit_code(),
        }
    }

    /// What a person can do besides, who has an identity and is no agent.
    pub(crate) fn hint_to_person(&self) -> Option<&'static str> {
        match self {
            Self::Core(error) => error.hint_to_person(),
            _ => None,
        }
    }

    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Core(error) => return error.hint(),
            Self::NoHome => "name the vault with --vault",
            Self::ScopeChanged { above, .. } => {
                return Some(format!(
                    "use scope '{above}', or a shell that was not started by 'authy run'"
                ));
            }
            Self::OddQuestion(_) => "'authy help helper' says what each program is set up with",
            Self::NoLine(name) => {
                return Some(format!("'authy rotate {name}' gives it a value of one line"));
            }
            Self::PolicyDenies { .. } | Self::PolicySeals(_) => {
                "name another policy, or give the secrets other names with --prefix"
            }
            Self::NoPair(name) => {
                return Some(format!(
                    "put both into one value: cat FILE.crt FILE.key | authy rotate {name}"
                ));
            }
            Self::NoBearer(name) => {
                return Some(format!(
                    "git 2.46 and later do; or: authy annotate {name} --bearer=false"
                ));
            }
            Self::Kept(name) => return Some(format!("'authy remove {name}' removes it")),
            Self::Several { .. } => "'authy rotate NAME' gives one of them a new value",
            Self::OtherUser { name, users } => {
                let user = users[1].as_ref().map(|user| format!("--user {user}"));
                let user = user.unwrap_or_else(|| "--no-user".to_owned());
                return Some(format!(
                    "'authy annotate {name} {user}' makes it that user's; or store this one under a name of its own"
                ));
            }
            Self::NoOperation(_) => "'authy store NAME --for URL' keeps a new one",
            Self::NoCluster => {
                "set provideClusterInfo: true in the kubeconfig, or name the secret: authy helper kubectl NAME"
            }
            Self::Elsewhere { name, asked } => {
                return Some(format!("'authy annotate {name} --for {asked}' says that it is"));
            }
            Self::NoAwsJson(_) => {
                "it has AccessKeyId and SecretAccessKey; or name two secrets: authy helper aws ID KEY"
            }
            Self::OtherApproval(_) => "look at it again: authy approve --dry-run",
            Self::NoKind(_) => "as in: authy approve member NAME",
            Self::NoScope => "name one with --scope; 'authy policy list' shows them",
            Self::IsFolder { name, .. } => {
                return Some(format!("-r takes all that is in it; 'authy list {name}/' shows it"));
            }
            Self::NotApproved => "'authy member remove NAME' turns a request down",
            Self::NothingToSay => "give --description, --tag, --for or another flag; see --help",
            Self::ClipOfWhat => "add --generate or --words; 'authy get -c NAME' copies a value",
            Self::OneName(_) | Self::ScopeOrName(_) => "as in: authy policy test SCOPE NAME",
            Self::EmptyFolder(_) => "'authy list --tree' shows the folders",
            Self::NoMember => "'authy member list' shows them",
            Self::NoProject => "make one with 'authy init --project'",
            Self::NoCommand(_) => "run 'authy help' for all of them",
            Self::NoAliases(_) => "add a line such as 'aliases = [\"claude\"]' below [authy]",
            Self::NotAllowed { .. } => {
                "'authy project-info' shows what it does; 'authy allow' allows it"
            }
            Self::Unconfirmed => "look at what would change, then add --yes",
            Self::NobodyToAsk(_) => "run it on a terminal without --no-input, or see --help",
            Self::ValueInWords => "pipe it in, give --file FILE, or leave it out to be asked",
            Self::Clipboard(_) => {
                "install wl-clipboard, xclip or xsel, or run it on a terminal that takes OSC 52"
            }
            Self::NoScreen => "in scripts use the other commands; see 'authy help'",
            Self::OnlyForDotenv => "leave --format out",
            Self::NothingTyped => "nothing is changed; --raw takes an empty value",
            Self::InputEnded => "nothing is changed; end a value with Enter",
            Self::NotTwice => "nothing is changed; paste it, or type it once with --once",
            Self::EmptyValue => "check what was piped in; --raw stores an empty value",
            Self::NoText(_)
            | Self::Confined(_)
            | Self::OddPath(_)
            | Self::Declined(_)
            | Self::NotRemoved
            | Self::NotUndone
            | Self::NotAdopted
            | Self::NoFile(_)
            | Self::Unreadable { .. }
            | Self::ValueFile { .. }
            | Self::Pages { .. }
            | Self::Screen(_)
            | Self::Watch(_)
            | Self::Start { .. }
            | Self::Input(_)
            | Self::Output(_)
            | Self::Json(_) => return None,
            #[cfg(feature = "mcp")]
            Self::Served(_) => return None,
            #[cfg(not(feature = "mcp"))]
            Self::NotBuilt(_) => return None,
        };
        Some(hint.to_owned())
    }
}

/// Whose a secret is, in words.
fn whose(user: Option<&ServiceUser>) -> String {
    user.map_or_else(|| "no user in particular".to_owned(), |user| format!("the user '{user}'"))
}

fn shown(path: &std::path::Path) -> String {
    printable(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn refused_values_are_not_repeated() {
        assert!(!Failure::ValueInWords.to_string().contains("hunter2"));
        assert_eq!(Failure::ValueInWords.exit_code(), 2);
        assert_eq!(Failure::NoProject.exit_code(), 2);
    }
}
