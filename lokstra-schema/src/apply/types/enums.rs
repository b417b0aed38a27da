//! The labels of enums.

use lokstra_grammar::Node;

use crate::apply::{Followed, Found, Replay, Said};
use crate::catalog::{Class, Key, ObjectKind, TypeKind};
use crate::parse;

impl Replay<'_> {
    pub(crate) fn alter_enum(&mut self, node: Node<'_>) -> Followed {
        let target = node.child("any_name")?;
        let name = parse::name(target)?;
        let labels = parse::all(node, "Sconst");
        match self.find(Class::Type, &name) {
            Found::Known(key) => self.change_labels(node, &key, &labels),
            Found::Open => Some(()),
            Found::Missing(key, gone) => {
                let said = Said::new(
                    "undefined-object",
                    "42704",
                    format!("type \"{name}\" does not exist"),
                );
                let said = match gone {
                    Some(gone) => said.note(self.fate(&name.name, &gone)),
                    None => said,
                };
                self.say(target.range(), said);
                self.catalog.open(key);
                Some(())
            }
        }
    }

    fn change_labels(&mut self, node: Node<'_>, key: &Key, labels: &[Node<'_>]) -> Followed {
        let object = self.catalog.known(key)?;
        let (made, ObjectKind::Type(TypeKind::Enum(Some(known)))) = (object.made, &object.kind)
        else {
            return Some(());
        };
        let known = known.clone();
        let line = self.line(made);
        let is_rename = parse::has(node, &["rename", "value"]);
        let is_lenient = node.child("opt_if_not_exists").is_some();
        let texts: Vec<_> = labels.iter().map(|it| label(*it)).collect::<Option<_>>()?;
        let (new, near) = match (&texts[..], is_rename) {
            ([old, new], true) => (Some(new), Some(old)),
            ([new, near], false) => (Some(new), Some(near)),
            ([new], false) => (Some(new), None),
            _ => return None,
        };
        let (new_at, near_at) = if is_rename {
            (labels.get(1), labels.first())
        } else {
            (labels.first(), labels.get(1))
        };
        let shown = known.join(", ");
        if let (Some(near), Some(at)) = (near, near_at)
            && !known.contains(near)
        {
            let message = format!("\"{near}\" is not an existing enum label");
            let said = Said::new("undefined-label", "22023", message)
                .note(format!("{} was created in {line}, its labels: {shown}", key.shown()))
                .help(
                    crate::names::nearest(near, known.iter().map(String::as_str))
                        .map(|it| format!("did you mean `{it}`?")),
                );
            self.say(at.range(), said);
            self.set_labels(key, None);
            return Some(());
        }
        let (Some(new), Some(at)) = (new, new_at) else { return None };
        if known.contains(new) {
            if !is_lenient {
                let message = format!("enum label \"{new}\" already exists");
                let said = Said::new("duplicate-object", "42710", message)
                    .note(format!("{} was created in {line}, its labels: {shown}", key.shown()));
                self.say(at.range(), said);
            }
            return Some(());
        }
        let mut changed: Vec<_> =
            known.into_iter().filter(|it| !is_rename || Some(it) != near).collect();
        changed.push(new.clone());
        self.set_labels(key, Some(changed));
        Some(())
    }

    fn set_labels(&mut self, key: &Key, labels: Option<Vec<String>>) {
        self.catalog.change(key, |object| object.kind = ObjectKind::Type(TypeKind::Enum(labels)));
    }
}

/// The text of a label in plain quotes.
pub(super) fn label(node: Node<'_>) -> Option<String> {
    Some(node.text().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))
}
