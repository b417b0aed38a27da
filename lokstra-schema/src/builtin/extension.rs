//! What the extensions of PostgreSQL's source bring.

use super::{Function, lines::after};

const EXTENSIONS: &str = include_str!("../../data/extensions.txt");

/// An extension whose contents are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    name: &'a str,
}

impl<'a> Extension<'a> {
    /// Returns an extension whose contents are known; `None` for one that may bring any name.
    pub fn known(name: &'a str) -> Option<Self> {
        after(EXTENSIONS, &format!("{name} ")).next()?;
        Some(Self { name })
    }

    /// Returns the functions of this name.
    pub fn function(self, name: &str) -> Option<Function> {
        self.lines("f", name).next().and_then(Function::new)
    }

    /// Returns the kind of the type, as [`Type::kind`](super::Type::kind).
    pub fn data_type(self, name: &str) -> Option<u8> {
        self.lines("t", name).next().map(|kind| kind.as_bytes()[0])
    }

    /// Returns the kind of the relation, as in `pg_class.relkind`.
    pub fn relation(self, name: &str) -> Option<u8> {
        self.lines("r", name).next().map(|kind| kind.as_bytes()[0])
    }

    /// Reports whether it brings an operator of this name.
    pub fn has_operator(self, name: &str) -> bool {
        after(EXTENSIONS, &format!("{} x {name}", self.name)).next().is_some()
    }

    /// Lists the access method, name and type of each operator class, and whether it is its type's
    /// default.
    pub fn classes(
        self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str, bool)> + use<'a> {
        after(EXTENSIONS, &format!("{} o ", self.name)).filter_map(|rest| {
            let mut words = rest.split(' ');
            Some((words.next()?, words.next()?, words.next()?, rest.ends_with(" d")))
        })
    }

    /// Lists the schemas that it creates.
    pub fn schemas(self) -> impl Iterator<Item = &'static str> + use<'a> {
        after(EXTENSIONS, &format!("{} s ", self.name))
    }

    /// Lists the access methods.
    pub fn access_methods(self) -> impl Iterator<Item = &'static str> + use<'a> {
        after(EXTENSIONS, &format!("{} m ", self.name))
    }

    /// Lists the extensions that `CASCADE` creates with it.
    pub fn requires(self) -> impl Iterator<Item = &'static str> + use<'a> {
        after(EXTENSIONS, &format!("{} e ", self.name))
    }

    fn lines(self, kind: &str, name: &str) -> impl Iterator<Item = &'static str> + use<'a> {
        after(EXTENSIONS, &format!("{} {kind} {name} ", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contents_of_an_extension_are_found() {
        let citext = Extension::known("citext").unwrap();
        assert_eq!(citext.data_type("citext"), Some(b'b'));
        assert!(citext.function("strpos").unwrap().accepts(2));
        assert!(citext.classes().any(|it| it == ("btree", "citext_ops", "citext", true)));
        assert!(citext.has_operator("~~*") && !citext.has_operator("->"));
        let trigrams = Extension::known("pg_trgm").unwrap();
        assert!(trigrams.classes().any(|it| it == ("gin", "gin_trgm_ops", "text", false)));
        assert!(Extension::known("uuid-ossp").unwrap().function("uuid_generate_v4").is_some());
        let distance = Extension::known("earthdistance").unwrap();
        assert_eq!(distance.requires().collect::<Vec<_>>(), ["cube"]);
        assert_eq!(Extension::known("bloom").unwrap().access_methods().next(), Some("bloom"));
    }

    #[test]
    fn another_extension_may_bring_anything() {
        assert_eq!(Extension::known("postgis"), None);
        assert_eq!(Extension::known("cit"), None);
    }
}
