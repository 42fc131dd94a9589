//! Text files with `<authy:NAME>` placeholders, filled in.

use std::path::Path;

use crate::access::{Need, Reach};
use crate::audit::Op;
use crate::fs;
use crate::name::{ScopeName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result, SecretError, Snapshot};
use crate::service::inject::{FileError, read_template};
use crate::service::secret::Wanted;
use crate::service::secret::read::read;

/// Fills in the placeholders of `file`; without `out` the result is for the reader.
///
/// With `out` it is written there, readable by its owner only, all or nothing.
///
/// # Errors
/// A malformed placeholder; every unknown name at once; denied; `out` is `file` itself. Nothing
/// is written then.
pub fn resolve(
    ctx: &Context,
    file: &Path,
    out: Option<&Path>,
    scope: Option<&ScopeName>,
) -> Result<Option<SecretBytes>> {
    if out.is_some_and(|out| fs::is_same(file, out)) {
        return Err(FileError::OwnTemplate(file.to_owned()).into());
    }
    let template = read_template(file)?;
    let names: Vec<SecretName> = template.names().into_iter().cloned().collect();
    let select = |reach: &Reach<'_>, opened: &Snapshot| existing(&names, reach, opened);
    let wanted = Wanted {
        op: Op::RESOLVE,
        scope,
        need: Need::Reveal,
        named: names.clone(),
        detail: None,
        path: None,
        seal: false,
        select: &select,
        load: None,
    };
    read(ctx, &wanted, |reading| {
        let values = reading.values;
        let find = |name: &SecretName| {
            values.binary_search_by(|(other, _)| other.cmp(name)).ok().map(|at| &values[at].1)
        };
        let resolved = template.render(&find)?;
        match out {
            Some(out) => {
                fs::replace(out, resolved.expose())?;
                Ok(None)
            }
            None => Ok(Some(resolved)),
        }
    })
}

/// All of `names`, sorted, if all are permitted and all exist.
fn existing(names: &[SecretName], reach: &Reach<'_>, opened: &Snapshot) -> Result<Vec<SecretName>> {
    names.iter().try_for_each(|name| reach.permits(name))?;
    let there = opened.vault.names()?;
    let missing: Vec<_> =
        names.iter().filter(|name| there.binary_search(name).is_err()).cloned().collect();
    if missing.is_empty() {
        return Ok(names.to_vec());
    }
    Err(SecretError::NoneOf { names: missing, scope: reach.scope().cloned() }.into())
}
