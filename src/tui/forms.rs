//! The forms of the interface, and what each asks for when it is handed in.
//!
//! Names and times are parsed by the library's types; whether something may be done the library
//! says when it is called.

use std::path::PathBuf;

use authy::{
    Annotation, GroupName, ListDetails, MemberChange, MemberName, NewMember, PolicyChange,
    PolicyView, ScopeName, SecretBytes, SecretName, ServiceUrl, ServiceUser, SessionOptions, Ttl,
};

use super::effect::{ErrorText, Work};
use super::form::{Field, Form, Purpose};

pub(crate) fn unlock(keyfile: &str) -> Form {
    let fields = vec![
        Field::text("Keyfile", "the only one in ~/.authy/keys", keyfile),
        Field::secret("Passphrase", "where the identity has one", false),
    ];
    Form::new("Unlock", Purpose::Unlock, fields)
}

pub(crate) fn store() -> Form {
    let fields = vec![
        Field::text("Name", "such as db-url or team/api-key", ""),
        Field::secret("Value", "typed, pasted, or generated with ^G", true),
        Field::text("Description", "anybody with the vault can read this", ""),
        Field::text("Tags", "separated by spaces", ""),
        Field::text("Rotate every", "such as 90d", ""),
        Field::text("For", "such as https://github.com", ""),
        Field::text("User", "the user name there", ""),
        Field::toggle("Bearer", "sent there as a bearer token", false),
        Field::toggle("No secret", "not masked where a program prints it", false),
    ];
    Form::new("New secret", Purpose::Store, fields)
}

pub(crate) fn rotate(name: &SecretName, seen: u64) -> Form {
    let fields = vec![Field::secret("New value", "typed, pasted, or generated with ^G", true)];
    Form::new(format!("Rotate {name}"), Purpose::Rotate { name: name.clone(), seen }, fields)
}

pub(crate) fn annotate(name: &SecretName, details: &ListDetails) -> Form {
    let every = details.rotate_every.map(|every| every.to_string()).unwrap_or_default();
    let services: Vec<_> = details.services.iter().map(ToString::to_string).collect();
    let user = details.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = vec![
        Field::text("Description", "anybody with the vault can read this", &details.description),
        Field::text("Tags", "separated by spaces", &details.tags.join(" ")),
        Field::text("Rotate every", "such as 90d", &every),
        Field::text("For", "such as https://github.com", &services.join(" ")),
        Field::text("User", "the user name there", &user),
        Field::toggle("Bearer", "sent there as a bearer token", details.bearer),
        Field::toggle("No secret", "not masked where a program prints it", details.not_secret),
    ];
    let purpose = Purpose::Annotate { name: name.clone(), seen: details.version };
    Form::new(format!("Edit {name}"), purpose, fields)
}

pub(crate) fn rename(name: &SecretName) -> Form {
    let fields = vec![Field::text("New name", "", name.as_str())];
    Form::new(format!("Rename {name}"), Purpose::Rename { name: name.clone() }, fields)
}

/// Where the fields of a policy stand.
pub(crate) const ALLOW: usize = 1;
pub(crate) const DENY: usize = 2;
const MEMBERS: usize = 3;
const RUN_ONLY: usize = 4;
const SEAL_ONLY: usize = 5;
const SEAL: usize = 6;
const PROGRAMS: usize = 7;
const MAX_TTL: usize = 8;
const DESCRIPTION: usize = 9;

pub(crate) fn policy(old: Option<&PolicyView>) -> Form {
    let list =
        |of: fn(&PolicyView) -> &Vec<String>| old.map(|old| of(old).join(" ")).unwrap_or_default();
    let text = |of: fn(&PolicyView) -> Option<&str>| old.and_then(of).unwrap_or_default();
    let max_ttl = old.and_then(|old| old.max_ttl).map(|ttl| ttl.to_string());
    let fields = vec![
        Field::text("Name", "such as backend", text(|old| Some(old.name.as_str()))),
        Field::lines("Allow", "such as api-* db-dev-*", &list(|old| &old.allow)),
        Field::lines("Deny", "patterns; they win", &list(|old| &old.deny)),
        Field::text("Members", "names, @groups", &list(|old| &old.members)),
        Field::toggle("Run-only", "for programs only", old.is_some_and(|old| old.run_only)),
        Field::toggle("Seal-only", "on the wire only", old.is_some_and(|old| old.seal_only)),
        Field::lines("Seal", "such as token=api.example.com", &seals(old)),
        Field::text("Programs", "any", &programs(old)),
        Field::text("Sessions last", "no limit", &max_ttl.unwrap_or_default()),
        Field::text("Description", "", text(|old| Some(old.description.as_str()))),
    ];
    let title = old.map_or("New policy".to_owned(), |old| format!("Edit policy {}", old.name));
    let mut form = Form::new(title, Purpose::Policy { old: old.cloned().map(Box::new) }, fields);
    if old.is_some() {
        form.focus = ALLOW;
    }
    form
}

/// The sealed rules of a policy, a line each.
fn seals(old: Option<&PolicyView>) -> String {
    let rules = old.map(|old| old.sealed.iter().map(ToString::to_string).collect::<Vec<_>>());
    rules.unwrap_or_default().join("\n")
}

fn programs(old: Option<&PolicyView>) -> String {
    old.and_then(|old| old.commands.as_ref()).map(|all| all.join(" ")).unwrap_or_default()
}

pub(crate) fn member() -> Form {
    let fields = vec![
        Field::text("Name", "such as bob", ""),
        Field::lines("Recipients", "age1… or an ssh public key, one a line", ""),
        Field::text("Groups", "separated by spaces", ""),
        Field::toggle("Admin", "says who may read what, and reads everything", false),
    ];
    Form::new("New member", Purpose::Member, fields)
}

pub(crate) fn groups(name: &MemberName, old: &[GroupName]) -> Form {
    let text: Vec<&str> = old.iter().map(GroupName::as_str).collect();
    let fields = vec![Field::text("Groups", "separated by spaces", &text.join(" "))];
    let purpose = Purpose::Groups { name: name.clone(), old: old.to_vec() };
    Form::new(format!("Groups of {name}"), purpose, fields)
}

pub(crate) fn test(scope: &ScopeName) -> Form {
    let fields = vec![Field::text("Secret", "a name, which need not exist", "")];
    Form::new(format!("Test policy {scope}"), Purpose::Test { scope: scope.clone() }, fields)
}

pub(crate) fn session(scopes: Vec<String>, at: usize) -> Form {
    let fields = vec![
        Field::choice("Scope", scopes, at),
        Field::text("Lasts", "8h", "8h"),
        Field::toggle("Run-only", "values go into programs and are not shown", true),
        Field::toggle("Shared", "works in every clone of the vault, such as a pipeline's", false),
        Field::text("Label", "what it is for", ""),
    ];
    Form::new("New session", Purpose::Session, fields)
}

/// What a form asks for, or the field that cannot be used and why.
pub(crate) fn submit(form: &Form) -> Result<Work, (usize, ErrorText)> {
    Ok(match &form.purpose {
        Purpose::Unlock => Work::Unlock {
            keyfile: Some(form.value(0).trim()).filter(|f| !f.is_empty()).map(PathBuf::from),
            passphrase: Some(form.value(1)).filter(|p| !p.is_empty()).map(secret),
        },
        // Answered, and not handed in.
        Purpose::Plugin => return Err((0, ErrorText::new("nobody asks"))),
        Purpose::Store => Work::Store {
            name: secret_name(form, 0)?,
            value: value(form, 1)?,
            annotation: annotation(form, 2)?,
        },
        Purpose::Rotate { name, seen } => {
            Work::Replace { name: name.clone(), value: value(form, 0)?, seen: *seen }
        }
        Purpose::Annotate { name, seen } => {
            Work::Annotate { name: name.clone(), annotation: annotation(form, 0)?, seen: *seen }
        }
        Purpose::Rename { name } => Work::Rename { name: name.clone(), to: secret_name(form, 0)? },
        Purpose::Policy { old } => match old {
            None => Work::PolicyCreate(Box::new(change(form, None)?)),
            Some(old) => Work::PolicyUpdate(Box::new(change(form, Some(old))?)),
        },
        Purpose::Test { scope } => Work::Test { scope: scope.clone(), name: secret_name(form, 0)? },
        Purpose::Member => Work::MemberAdd(NewMember {
            name: MemberName::parse(form.value(0).trim()).map_err(at(0))?,
            recipients: form
                .value(1)
                .lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect(),
            groups: group_names(form, 2)?,
            admin: form.is_on(3),
        }),
        Purpose::Groups { name, old } => {
            let new = group_names(form, 0)?;
            Work::MemberUpdate(MemberChange {
                machine: None,
                remove_machines: Vec::new(),
                name: name.clone(),
                remove_groups: old.iter().filter(|one| !new.contains(one)).cloned().collect(),
                groups: new.into_iter().filter(|one| !old.contains(one)).collect(),
                recipients: Vec::new(),
                remove_recipients: Vec::new(),
            })
        }
        Purpose::Session => Work::SessionCreate(SessionOptions {
            scope: ScopeName::parse(form.value(0)).map_err(at(0))?,
            ttl: ttl(form, 1)?,
            run_only: form.is_on(2),
            shared: form.is_on(3),
            label: form.value(4).trim().to_owned(),
        }),
    })
}

/// Names between spaces or commas.
fn names(form: &Form, field: usize) -> Vec<String> {
    let words = form.value(field).split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn group_names(form: &Form, field: usize) -> Result<Vec<GroupName>, (usize, ErrorText)> {
    let words = names(form, field);
    let name = |word: &String| GroupName::parse(word.trim_start_matches('@')).map_err(at(field));
    words.iter().map(name).collect()
}

fn at<E: std::fmt::Display>(field: usize) -> impl Fn(E) -> (usize, ErrorText) {
    move |error| (field, ErrorText::new(error.to_string()))
}

fn secret(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn secret_name(form: &Form, field: usize) -> Result<SecretName, (usize, ErrorText)> {
    SecretName::parse(form.value(field).trim()).map_err(at(field))
}

fn value(form: &Form, field: usize) -> Result<SecretBytes, (usize, ErrorText)> {
    match form.value(field) {
        "" => Err((field, ErrorText::new("the value is empty"))),
        text => Ok(secret(text)),
    }
}

fn ttl(form: &Form, field: usize) -> Result<Option<Ttl>, (usize, ErrorText)> {
    match form.value(field).trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(at(field)),
    }
}

/// Description, tags, interval and where it belongs, from `first` on.
fn annotation(form: &Form, first: usize) -> Result<Annotation, (usize, ErrorText)> {
    Ok(Annotation {
        description: form.value(first).trim().to_owned(),
        tags: form.words(first + 1),
        rotate_every: ttl(form, first + 2)?,
        services: form
            .words(first + 3)
            .iter()
            .map(|text| ServiceUrl::parse(text).map_err(at(first + 3)))
            .collect::<Result<_, _>>()?,
        user: match form.value(first + 4).trim() {
            "" => None,
            text => Some(ServiceUser::parse(text).map_err(at(first + 4))?),
        },
        bearer: form.is_on(first + 5),
        not_secret: form.is_on(first + 6),
    })
}

fn change(form: &Form, old: Option<&PolicyView>) -> Result<PolicyChange, (usize, ErrorText)> {
    let name = ScopeName::parse(form.value(0).trim()).map_err(at(0))?;
    if let Some(old) = old.filter(|old| old.name != name) {
        return Err((0, ErrorText::new(format!("a policy keeps its name: {}", old.name))));
    }
    let members = names(form, MEMBERS);
    for member in members.iter().filter(|name| !name.starts_with('@')) {
        MemberName::parse(member).map_err(at(MEMBERS))?;
    }
    let none = Vec::new();
    let lists = |of: fn(&PolicyView) -> &Vec<String>, new: Vec<String>| {
        let before = old.map_or(&none, of);
        let gone: Vec<String> = before.iter().filter(|one| !new.contains(one)).cloned().collect();
        let added: Vec<String> = new.into_iter().filter(|one| !before.contains(one)).collect();
        (added, gone)
    };
    let max_ttl = ttl(form, MAX_TTL)?;
    let programs = form.words(PROGRAMS);
    let old_programs = old.and_then(|old| old.commands.clone());
    let (commands, remove_commands) = match &old_programs {
        Some(before) => (
            programs.iter().filter(|one| !before.contains(one)).cloned().collect(),
            before.iter().filter(|one| !programs.contains(one)).cloned().collect(),
        ),
        None => (programs.clone(), Vec::new()),
    };
    let rules: Vec<String> = form
        .value(SEAL)
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let old_rules = old.map(|old| old.sealed.as_slice()).unwrap_or_default();
    let gone = old_rules.iter().filter(|rule| !rules.contains(&rule.to_string()));
    let remove_seal = gone.map(|rule| rule.secrets.join(",")).collect();
    let seal = rules
        .into_iter()
        .filter(|text| old_rules.iter().all(|rule| rule.to_string() != *text))
        .collect();
    let (allow, remove_allow) = lists(|old| &old.allow, form.words(ALLOW));
    let (deny, remove_deny) = lists(|old| &old.deny, form.words(DENY));
    let (members, remove_members) = lists(|old| &old.members, members);
    Ok(PolicyChange {
        allow,
        deny,
        members,
        remove_allow,
        remove_deny,
        remove_members,
        run_only: Some(form.is_on(RUN_ONLY)),
        seal_only: Some(form.is_on(SEAL_ONLY)),
        seal,
        remove_seal,
        any_command: programs.is_empty() && old_programs.is_some(),
        commands,
        remove_commands: if programs.is_empty() { Vec::new() } else { remove_commands },
        no_max_ttl: max_ttl.is_none(),
        max_ttl,
        description: Some(form.value(DESCRIPTION).trim().to_owned()),
        seen: old.map(|old| old.version),
        ..PolicyChange::new(name)
    })
}
