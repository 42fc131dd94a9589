//! The words about scope and naming that `run`, `env` and `export` share, resolved against
//! the environment and the project file.

use authy::{InjectRequest, Naming, ProjectFile, ScopeName};

use super::context::CliEnv;
use super::error::Failure;

/// What was typed about how names of secrets become variables.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct NamingFlags {
    /// Write variables in upper case: db-url becomes DB_URL; =false where .authy.toml says otherwise
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    pub(crate) uppercase: Option<bool>,
    /// Write this character for '-', '.' and '/' instead of '_'
    #[arg(long, value_name = "C")]
    pub(crate) replace_dash: Option<char>,
    /// Put this before every variable: AUTHY_ makes AUTHY_db_url
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
}

impl NamingFlags {
    /// The naming, where `project` says what was not typed.
    pub(crate) fn naming(self, project: Option<&ProjectFile>) -> Naming {
        let uppercase = self.uppercase.or(project.and_then(|file| file.uppercase));
        Naming {
            uppercase: uppercase.unwrap_or(false),
            replace_dash: self.replace_dash.or(project.and_then(|file| file.replace_dash)),
            prefix: self
                .prefix
                .or_else(|| project.and_then(|file| file.prefix.clone()))
                .unwrap_or_default(),
        }
    }
}

/// What was typed about scope and naming.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct InjectFlags {
    /// Scope to use
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    #[command(flatten)]
    naming: NamingFlags,
    /// Take only secrets whose name matches; may be repeated
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Leave secrets out whose name matches; may be repeated
    #[arg(long, value_name = "PATTERN")]
    except: Vec<String>,
}

impl InjectFlags {
    /// Resolves the words: flags first, then the environment, then the project file.
    ///
    /// # Errors
    /// The project file cannot be understood, or sets variables and is not allowed.
    pub(crate) fn request(self, env: &CliEnv) -> Result<InjectRequest, Failure> {
        let scope = env.scope(self.scope)?;
        let project = env.project()?;
        let naming = self.naming.naming(project);
        let templates = match project.filter(|file| !file.env.is_empty()) {
            Some(file) => {
                env.must_be_allowed(file, "sets variables of its own")?;
                file.env.clone().into_iter().collect()
            }
            None => Vec::new(),
        };
        let (only, except) = (self.only, self.except);
        Ok(InjectRequest { scope, naming, only, except, templates, ..InjectRequest::default() })
    }
}
