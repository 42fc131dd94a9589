//! `authy backup`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use authy::{BackupText, printable};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Copy your identity, under a passphrase, to a file or a page
///
/// Without your identity nothing can be decrypted: keep the copy somewhere else, such as on a USB
/// stick or in a password manager. An identity that has a passphrase keeps it; for another one a new
/// passphrase is asked for. The copy is an age file ('age -d' prints the identity), and works with
/// --keyfile as it is.
///
/// Without a file a page to print goes to standard output: the same as text, and as a QR code of that
/// text. 'authy recover' reads either.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy backup /media/stick/authy.key
  authy backup | lp                                    a page on paper
  authy --keyfile /media/stick/authy.key status        with the copy alone")]
pub(crate) struct Args {
    /// Write the copy to this file, which must not exist; a page is printed without one
    file: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let shown = |path: &PathBuf| printable(&path.to_string_lossy());
        let Some(file) = self.file else {
            let copy = authy::backup_text(&ctx)?;
            if env.ui().wants_json() {
                env.ui().json(&serde_json::json!({
                    "identity": copy.identity.to_string_lossy(),
                    "text": copy.text,
                }))?;
            } else {
                env.ui().data(page(&ctx, &copy).as_bytes())?;
            }
            return Ok(ExitCode::SUCCESS);
        };
        let identity = authy::backup(&ctx, &file)?;
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({
                "identity": identity.to_string_lossy(),
                "backup": file.to_string_lossy(),
            }))?;
        }
        let (from, to) = (shown(&identity), shown(&file));
        env.ui()
            .note(format_args!("copied '{from}' to '{to}', under a passphrase: keep it elsewhere"));
        Ok(ExitCode::SUCCESS)
    }
}

/// The page, at most 80 columns wide as long as a code of the text is.
fn page(ctx: &authy::Context, copy: &BackupText) -> String {
    let whose = copy.member.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let file = printable(&copy.identity.to_string_lossy());
    let code = code(&copy.text, std::io::stdout().is_terminal());
    format!(
        "authy: a copy of the identity{whose}, {}\n\nOf {file}\nIt is under a passphrase, which is not \
         on this page. To put it back, scan the\ncode, or type the text, into a file, and run\n\n    \
         authy recover FILE\n\n{}\n{code}\n",
        ctx.now.date(),
        copy.text,
    )
}

/// The QR code of a text. On paper dark is dark; most terminals write light on dark.
fn code(text: &str, on_terminal: bool) -> String {
    let (dark, light) = match on_terminal {
        true => (Dense1x2::Light, Dense1x2::Dark),
        false => (Dense1x2::Dark, Dense1x2::Light),
    };
    match QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L) {
        Ok(code) => code.render().dark_color(dark).light_color(light).build(),
        Err(_) => "(too long for a QR code)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn the_code_of_a_usual_copy_fits_a_terminal() {
        // One key under a passphrase, armored: 418 characters.
        for on_terminal in [false, true] {
            let code = code(&"x".repeat(418), on_terminal);
            let widest = code.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= 80, "{widest}");
        }
        assert_ne!(code("x", false), code("x", true));
        assert!(code(&"x".repeat(4000), false).contains("too long"));
    }
}
