//! Variables that no secret may set: they change how programs load or run, or authy itself.
//!
//! Whoever may write a secret of a scope would otherwise run code in every program
//! started with it. Plain credentials pass (`GIT_TOKEN`, `GITHUB_TOKEN`, `NPM_TOKEN`),
//! and so do names that authy only begins (`AUTHY_db_url`). The list follows what sudo
//! and git treat as dangerous; it is a fence against accidents and careless reviews,
//! not a proof: any program may give any variable a meaning.
//!
//! Names are compared as they are: systems with case-sensitive variables read `path` as
//! just another name. zsh is the exception, where `path`, `fpath` and `module_path` are
//! the arrays behind the capital ones, so those three are refused in small letters too.

/// Beginnings of refused names.
const PREFIXES: [&str; 7] =
    ["LD_", "DYLD_", "GLIBC_", "BASH_FUNC_", "GIT_SSH", "GIT_CONFIG", "XDG_"];

/// Refused names, by who reads them.
const NAMES: [&[&str]; 9] = [
    // Every program, and the C library.
    &["PATH", "HOME", "SHELL", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "TERMINFO"],
    // Shells.
    &[
        "BASH_ENV",
        "BASHOPTS",
        "BASH_LOADABLES_PATH",
        "CDPATH",
        "ENV",
        "FPATH",
        "GLOBIGNORE",
        "IFS",
        "MODULE_PATH",
        "NULLCMD",
        "PROMPT_COMMAND",
        "PS0",
        "PS1",
        "PS2",
        "PS4",
        "READNULLCMD",
        "SHELLOPTS",
        "TMPPREFIX",
        "ZDOTDIR",
        "fpath",
        "module_path",
        "path",
    ],
    // Programs that other programs start.
    &[
        "BROWSER",
        "EDITOR",
        "LESSCLOSE",
        "LESSOPEN",
        "MANPAGER",
        "PAGER",
        "SSH_ASKPASS",
        "SUDO_ASKPASS",
        "VISUAL",
    ],
    // git: programs to run, and where it finds configuration and hooks.
    &[
        "GIT_ALLOW_PROTOCOL",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_ASKPASS",
        "GIT_COMMON_DIR",
        "GIT_DIFFTOOL_EXTCMD",
        "GIT_DIR",
        "GIT_EDITOR",
        "GIT_EXEC_PATH",
        "GIT_EXTERNAL_DIFF",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PAGER",
        "GIT_PROXY_COMMAND",
        "GIT_SEQUENCE_EDITOR",
        "GIT_TEMPLATE_DIR",
        "GIT_WORK_TREE",
    ],
    // Node.
    &["NODE_OPTIONS", "NODE_PATH"],
    // Python.
    &[
        "PYTHONBREAKPOINT",
        "PYTHONEXECUTABLE",
        "PYTHONHOME",
        "PYTHONINSPECT",
        "PYTHONPATH",
        "PYTHONPLATLIBDIR",
        "PYTHONSTARTUP",
        "PYTHONUSERBASE",
        "PYTHONWARNINGS",
    ],
    // Perl and Ruby.
    &["PERL5DB", "PERL5LIB", "PERL5OPT", "PERLLIB", "GEM_HOME", "GEM_PATH", "RUBYLIB", "RUBYOPT"],
    // Java, .NET, Lua, PHP, Rust.
    &[
        "CLASSPATH",
        "JAVA_TOOL_OPTIONS",
        "JDK_JAVA_OPTIONS",
        "_JAVA_OPTIONS",
        "DOTNET_STARTUP_HOOKS",
        "LUA_CPATH",
        "LUA_INIT",
        "LUA_PATH",
        "PHPRC",
        "PHP_INI_SCAN_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
    ],
    // authy.
    &[
        "AUTHY_IDENTITY",
        "AUTHY_IDENTITY_COMMAND",
        "AUTHY_MCP_CLIENT",
        "AUTHY_PLACEHOLDERS",
        "AUTHY_RUN_KEYFILE",
        "AUTHY_TOKEN_FILE",
        "AUTHY_KEYFILE",
        "AUTHY_NON_INTERACTIVE",
        "AUTHY_PASSPHRASE",
        "AUTHY_SCOPE",
        "AUTHY_STATE_DIR",
        "AUTHY_TOKEN",
        "AUTHY_VAULT",
    ],
];

/// Tells whether no secret and no template may set `variable`.
pub(crate) fn is_refused(variable: &str) -> bool {
    PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
        || NAMES.iter().any(|names| names.contains(&variable))
}

#[cfg(test)]
mod tests {
    use super::is_refused;

    #[test]
    fn variables_that_load_or_run_code_are_refused() {
        for name in [
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "DYLD_INSERT_LIBRARIES",
            "PATH",
            "BASH_ENV",
            "ENV",
            "IFS",
            "PROMPT_COMMAND",
            "NODE_OPTIONS",
            "PYTHONPATH",
            "PYTHONHOME",
            "PYTHONSTARTUP",
            "PERL5LIB",
            "PERL5OPT",
            "RUBYLIB",
            "RUBYOPT",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_CONFIG",
            "GIT_CONFIG_COUNT",
            "GIT_CONFIG_KEY_0",
            "GIT_EXEC_PATH",
            "GIT_ASKPASS",
            "GIT_EDITOR",
            "GIT_PAGER",
            "GIT_EXTERNAL_DIFF",
            "GIT_PROXY_COMMAND",
            "HOME",
            "SHELL",
            "BASH_FUNC_ls",
            "path",
        ] {
            assert!(is_refused(name), "{name}");
        }
    }

    #[test]
    fn authys_own_variables_are_refused_by_their_exact_names() {
        for name in ["AUTHY_TOKEN", "AUTHY_KEYFILE", "AUTHY_IDENTITY", "AUTHY_SCOPE"] {
            assert!(is_refused(name), "{name}");
        }
        for name in ["AUTHY_db_url", "AUTHY_DB_URL", "AUTHY_TOKEN_2", "AUTHY_token"] {
            assert!(!is_refused(name), "{name}");
        }
    }

    #[test]
    fn plain_credentials_pass() {
        for name in [
            "GIT_TOKEN",
            "GIT_PASSWORD",
            "GITHUB_TOKEN",
            "DB_URL",
            "db_url",
            "NPM_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "NODE_AUTH_TOKEN",
            "PYTHON_TOKEN",
            "HTTPS_PROXY",
            "LDAP_URL",
            "API_PATH",
            "DATABASE_URL",
            "USER",
            "SSH_KEY",
            "home",
        ] {
            assert!(!is_refused(name), "{name}");
        }
    }
}
