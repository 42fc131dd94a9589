//! What two sides said of a secret beside its value.

use crate::store::Record;

/// Whether both said something else of the same thing: then a person decides. Tags and services are lists,
/// to which each can add and from which each can take.
pub(super) fn clashes(ours: &Record, theirs: &Record, shared: &Record) -> bool {
    fn differ<T: PartialEq>(of: impl Fn(&Record) -> T, sides: [&Record; 3]) -> bool {
        let [ours, theirs, shared] = sides.map(of);
        ours != theirs && ours != shared && theirs != shared
    }
    let sides = [ours, theirs, shared];
    differ(|record| record.description.clone(), sides)
        || differ(|record| record.rotate_every, sides)
        || differ(|record| (record.user.clone(), record.bearer), sides)
}

/// Takes over what `other` changed of a record's annotation since `shared`, and `record` did not.
pub(super) fn merge(record: &mut Record, other: &Record, shared: &Record) {
    fn pick<T: PartialEq + Clone>(of: &mut T, other: &T, shared: &T) {
        if of == shared {
            of.clone_from(other);
        }
    }
    fn join<T: PartialEq + Clone>(of: &mut Vec<T>, other: &[T], shared: &[T]) {
        of.retain(|one| other.contains(one) || !shared.contains(one));
        let added = other.iter().filter(|one| !shared.contains(one));
        let new: Vec<T> = added.filter(|one| !of.contains(one)).cloned().collect();
        of.extend(new);
    }
    pick(&mut record.description, &other.description, &shared.description);
    pick(&mut record.rotate_every, &other.rotate_every, &shared.rotate_every);
    pick(&mut record.not_secret, &other.not_secret, &shared.not_secret);
    join(&mut record.tags, &other.tags, &shared.tags);
    join(&mut record.services, &other.services, &shared.services);
    // Only one of the two can be there.
    if (&record.user, record.bearer) == (&shared.user, shared.bearer) {
        (record.user, record.bearer) = (other.user.clone(), other.bearer);
    }
}

#[cfg(test)]
mod tests {
    use super::{clashes, merge};
    use crate::crypto::digest::Digest;
    use crate::name::{MemberName, ServiceUser};
    use crate::store::{Record, Stamp};

    fn said(description: &str, tags: &[&str]) -> Record {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let at = Stamp::parse("2026-12-01T08:00:00Z").unwrap();
        Record {
            version: 2,
            created: at,
            changed: at,
            author: MemberName::parse("alice").unwrap(),
            description: description.to_owned(),
            tags,
            rotate_every: None,
            exposed_to: Vec::new(),
            leaked: None,
            readers: Vec::new(),
            digest: Digest::of(b""),
            services: Vec::new(),
            user: None,
            bearer: false,
            not_secret: false,
        }
    }

    #[test]
    fn only_the_same_thing_said_otherwise_is_a_clash() {
        let shared = said("a", &["x"]);
        assert!(clashes(&said("b", &[]), &said("c", &[]), &shared));
        assert!(!clashes(&said("b", &[]), &said("b", &["y"]), &shared));
        assert!(!clashes(&said("b", &[]), &said("a", &["y"]), &shared));
        let of_user = |user: &str, bearer| Record {
            user: Some(ServiceUser::parse(user).unwrap()),
            bearer,
            ..shared.clone()
        };
        assert!(clashes(&of_user("one", false), &of_user("two", false), &shared));
        assert!(!clashes(&of_user("one", false), &shared, &shared));
        let bearer = Record { bearer: true, ..shared.clone() };
        assert!(clashes(&of_user("one", false), &bearer, &shared));
    }

    #[test]
    fn what_one_side_alone_said_stays_said() {
        let mut ours = said("b", &["x", "mine"]);
        merge(&mut ours, &said("a", &["theirs"]), &said("a", &["x"]));
        assert_eq!(ours.description, "b");
        assert_eq!(ours.tags, ["mine", "theirs"]);
    }
}
